#pragma once

#include "devstack/base/time.hpp"
#include "devstack/core/plan/plan.hpp"
#include "devstack/core/watch/watch_globs.hpp"
#include "devstack/platform/directory_watch.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

/// Tells when files change that services watch: once for all that changes together (see
/// limits::watch_debounce). Directories that appear later are watched too. The kernel tells it;
/// with nothing to watch there is nothing open.
class FileWatcher {
public:
    struct Wish {
        core::ServiceId service;
        std::string name;
        std::vector<std::string> globs;

        bool operator==(const Wish&) const = default;
    };
    struct Sink {
        /// `path`: of the first file that has changed.
        std::function<void(core::ServiceId service, const std::string& path)> changed;
        /// Some of its files can not be watched, and why; told once.
        std::function<void(const std::string& service, const std::string& what)> failed;
    };

    /// What is in the `own` directories is never a change: devstack writes there itself.
    FileWatcher(boost::asio::io_context& loop, std::vector<std::string> own, Sink sink);

    ~FileWatcher();
    FileWatcher(const FileWatcher&) = delete;
    FileWatcher& operator=(const FileWatcher&) = delete;

    /// What is to be watched from now on, and nothing else.
    void watch(std::vector<Wish> wishes);
    /// Why files of this service can not be watched; empty when they are.
    std::string problem_of(const std::string& service) const;

private:
    struct Watched {
        Wish wish;
        core::WatchGlobs globs;
        std::string problem;
        std::string changed;  ///< Not told yet.
        TimePoint first_change{};
        TimePoint last_change{};
    };

    bool open();
    void close();
    void wait();
    void read();
    void take(const platform::DirectoryEvent& event);
    void cover(Watched& service);
    /// `is_new`: what is in it has just come, and is a change.
    void look_through(const std::string& directory, bool is_new, Watched& service);
    bool add(const std::string& directory, Watched& service);
    void forget(const std::string& directory);
    void drop_what_nobody_wants();
    void change(Watched& service, const std::string& path);
    bool is_own(const std::string& path) const;
    void arm();
    void tell();

    boost::asio::io_context& loop_;
    std::vector<std::string> own_;
    Sink sink_;
    std::optional<platform::DirectoryWatch> kernel_;
    boost::asio::posix::stream_descriptor events_;
    boost::asio::steady_timer timer_;
    std::vector<Watched> services_;
    std::map<int, std::string> directories_;
    std::map<std::string, int> watches_;  ///< The same, turned round.
};

}  // namespace devstack::daemon
