#include "daemon/file_watcher.hpp"

#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

// The kernel watches single directories. So all that a glob may reach is looked through, and what
// appears later too. A directory is watched before it is listed: what comes in between is seen
// twice, never missed. When the directory of a glob is not there, the deepest one above it that is
// tells when it comes.

namespace devstack::daemon {

namespace fs = std::filesystem;
namespace limits = core::limits;

namespace {

bool is_below(const std::string& path, const std::string& directory) {
    return path == directory || path.starts_with(directory == "/" ? "/" : directory + "/");
}

std::string join_path(const std::string& directory, const std::string& name) {
    return directory == "/" ? directory + name : directory + "/" + name;
}

/// The directory itself, or the deepest one above it that is there.
std::string deepest_directory(const std::string& path) {
    fs::path directory{path};
    std::error_code ignored;
    while (directory.has_relative_path() && !fs::is_directory(directory, ignored))
        directory = directory.parent_path();
    return directory.string();
}

}  // namespace

FileWatcher::FileWatcher(boost::asio::io_context& loop, std::vector<std::string> own, Sink sink)
    : loop_{loop}, own_{std::move(own)}, sink_{std::move(sink)}, events_{loop}, timer_{loop} {}

FileWatcher::~FileWatcher() {
    close();
}

void FileWatcher::watch(std::vector<Wish> wishes) {
    std::vector<Watched> before = std::exchange(services_, {});
    for (Wish& wish : wishes) {
        const auto same =
            std::ranges::find_if(before, [&](const Watched& it) { return it.wish == wish; });
        if (same != before.end()) {
            services_.push_back(std::move(*same));
            continue;
        }
        core::WatchGlobs globs{wish.globs};
        services_.push_back({std::move(wish), std::move(globs), "", "", {}, {}});
    }
    if (!services_.empty() && !open()) return;
    for (Watched& service : services_)
        cover(service);
    drop_what_nobody_wants();
    if (services_.empty()) close();
    arm();
}

/// The descriptor is the kernel watch's to close.
void FileWatcher::close() {
    if (!kernel_) return;
    boost::system::error_code ignored;
    events_.cancel(ignored);
    events_.release();
    kernel_.reset();
    directories_.clear();
    watches_.clear();
}

std::string FileWatcher::problem_of(const std::string& service) const {
    const auto found = std::ranges::find(
        services_, service, [](const Watched& it) -> const std::string& { return it.wish.name; });
    return found == services_.end() ? "" : found->problem;
}

bool FileWatcher::open() {
    if (kernel_) return true;
    auto opened = platform::DirectoryWatch::open();
    if (!opened) {
        for (Watched& service : services_) {
            if (std::exchange(service.problem, opened.error().message).empty()) {
                sink_.failed(service.wish.name, service.problem);
            }
        }
        return false;
    }
    kernel_.emplace(std::move(*opened));
    boost::system::error_code ignored;
    events_.assign(kernel_->fd(), ignored);
    wait();
    return true;
}

void FileWatcher::wait() {
    events_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this](boost::system::error_code error) {
                           if (error) return;
                           read();
                           wait();
                       });
}

void FileWatcher::read() {
    for (const platform::DirectoryEvent& event : kernel_->read())
        take(event);
    arm();
}

void FileWatcher::take(const platform::DirectoryEvent& event) {
    using Kind = platform::DirectoryEvent::Kind;
    if (event.kind == Kind::too_many) {
        for (Watched& service : services_) {
            cover(service);
            change(service, "more files than can be told");
        }
        return;
    }
    const auto found = directories_.find(event.watch);
    if (found == directories_.end()) return;
    const std::string directory = found->second;
    if (event.kind == Kind::moved || event.kind == Kind::gone) {
        // The directory above, if it is watched, has told where it went.
        const std::string above = fs::path{directory}.parent_path().string();
        if (event.kind == Kind::moved && watches_.contains(above)) return;
        forget(directory);
        for (Watched& service : services_) {
            if (service.globs.may_hold(directory)) cover(service);
        }
        return;
    }
    const std::string path = join_path(directory, event.name);
    if (is_own(path)) return;
    if (event.kind == Kind::directory_left) forget(path);
    for (Watched& service : services_) {
        if (event.kind == Kind::directory_came) {
            look_through(path, true, service);
        } else if (service.globs.matches(path)) {
            change(service, path);
        }
    }
}

/// All that can match is watched, as far as it is there.
void FileWatcher::cover(Watched& service) {
    for (const std::string& root : service.globs.roots())
        look_through(deepest_directory(root), false, service);
}

void FileWatcher::look_through(const std::string& directory, bool is_new, Watched& service) {
    std::vector<std::string> left{directory};
    while (!left.empty()) {
        const std::string next = std::move(left.back());
        left.pop_back();
        if (is_own(next) || !service.globs.may_hold(next) || !add(next, service)) continue;
        std::error_code error;
        for (fs::directory_iterator it{next, error}, end; !error && it != end;
             it.increment(error)) {
            std::error_code ignored;
            // Links to directories are not followed: they may lead round in circles.
            const bool is_directory = it->is_directory(ignored) && !it->is_symlink(ignored);
            if (is_directory) {
                left.push_back(it->path().string());
            } else if (is_new && service.globs.matches(it->path().string())) {
                change(service, it->path().string());
            }
        }
    }
}

/// False when there is nothing to look through.
bool FileWatcher::add(const std::string& directory, Watched& service) {
    if (watches_.contains(directory)) return true;
    const auto fail = [&](std::string what) {
        if (!service.problem.empty()) return false;
        service.problem = std::move(what);
        sink_.failed(service.wish.name, service.problem);
        return false;
    };
    if (directories_.size() >= limits::watched_directories_max) {
        return fail("cannot watch " + directory + ": it is more than " +
                    std::to_string(limits::watched_directories_max) +
                    " directories; narrow `watch` down");
    }
    auto watch = kernel_->add(directory);
    if (!watch) return fail(watch.error().message);
    if (!*watch) return false;
    directories_[**watch] = directory;
    watches_[directory] = **watch;
    return true;
}

/// What was watched by this name is another directory now, or none.
void FileWatcher::forget(const std::string& directory) {
    for (auto it = watches_.begin(); it != watches_.end();) {
        if (!is_below(it->first, directory)) {
            ++it;
            continue;
        }
        kernel_->remove(it->second);
        directories_.erase(it->second);
        it = watches_.erase(it);
    }
}

void FileWatcher::drop_what_nobody_wants() {
    for (auto it = watches_.begin(); it != watches_.end();) {
        const bool is_wanted = std::ranges::any_of(
            services_, [&](const Watched& service) { return service.globs.may_hold(it->first); });
        if (is_wanted) {
            ++it;
            continue;
        }
        kernel_->remove(it->second);
        directories_.erase(it->second);
        it = watches_.erase(it);
    }
}

bool FileWatcher::is_own(const std::string& path) const {
    return std::ranges::any_of(own_, [&](const std::string& it) { return is_below(path, it); });
}

// ---- Telling -----------------------------------------------------------------------------------

void FileWatcher::change(Watched& service, const std::string& path) {
    service.last_change = platform::now();
    if (!service.changed.empty()) return;
    service.changed = path;
    service.first_change = service.last_change;
}

static TimePoint due(TimePoint first_change, TimePoint last_change) {
    return std::min(last_change + limits::watch_debounce,
                    first_change + limits::watch_debounce_max);
}

void FileWatcher::arm() {
    std::optional<TimePoint> earliest;
    for (const Watched& it : services_) {
        if (it.changed.empty()) continue;
        const TimePoint at = due(it.first_change, it.last_change);
        earliest = earliest ? std::min(*earliest, at) : at;
    }
    timer_.cancel();
    if (!earliest) return;
    timer_.expires_at(*earliest);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) tell();
    });
}

void FileWatcher::tell() {
    std::vector<std::pair<core::ServiceId, std::string>> news;
    const TimePoint now = platform::now();
    for (Watched& it : services_) {
        if (it.changed.empty() || due(it.first_change, it.last_change) > now) continue;
        news.emplace_back(it.wish.service, std::exchange(it.changed, ""));
    }
    arm();
    // What it leads to may change what is watched.
    for (const auto& [service, path] : news)
        sink_.changed(service, path);
}

}  // namespace devstack::daemon
