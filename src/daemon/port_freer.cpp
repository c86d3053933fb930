#include "devstack/daemon/port_freer.hpp"

#include "devstack/platform/kill.hpp"
#include "devstack/platform/process_handle.hpp"

#include <algorithm>
#include <csignal>
#include <map>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

namespace {

namespace asio = boost::asio;
using core::PortHolder;
using std::chrono::seconds;

/// The kernel needs a moment to take a killed process apart, longer if it has much memory.
constexpr seconds kill_patience{5};

std::string name_of(const PortHolder& holder) {
    return holder.command + " (pid " + std::to_string(holder.pid) + ")";
}

std::string cannot_free(const PortHolder& holder) {
    return "cannot free port " + to_string(holder.port) + ": ";
}

Error refusal(const PortHolder& holder, const std::string& reason) {
    return {Error::Kind::not_permitted, cannot_free(holder) + reason};
}

bool still_listens(const platform::Procfs& procfs, const PortHolder& holder) {
    std::vector<std::uint64_t> inodes;
    for (const auto& socket : platform::collect_listening_sockets(procfs)) {
        if (socket.port == holder.port) inodes.push_back(socket.inode);
    }
    return !platform::find_socket_owners(procfs, inodes, {holder.pid}).empty();
}

/// One process on its way out.
struct Ending {
    Ending(asio::io_context& loop, PortHolder who, std::uint64_t started)
        : holder{std::move(who)}, start_ticks{started}, handle{loop}, timer{loop} {}

    void close() {
        boost::system::error_code ignored;
        handle.close(ignored);
        timer.cancel();
    }

    /// Nobody is told any more.
    void abandon() {
        waiting.clear();
        close();
    }

    PortHolder holder;
    std::uint64_t start_ticks;
    bool is_killed = false;
    asio::posix::stream_descriptor handle;
    asio::steady_timer timer;
    std::vector<PortFreer::Done> waiting;
};

}  // namespace

Status check_may_free(const PortHolder& holder, const ProjectMark& project) {
    if (holder.is_teardown) {
        return refusal(holder,
                       "nobody holds it any more, the kernel is closing it; it frees itself");
    }
    if (holder.pid == 0) {
        return refusal(holder,
                       "a process of " + holder.user +
                           " holds it, which we may not see; find and stop it with `sudo ss -ltnp "
                           "'sport = :" +
                           to_string(holder.port) + "'`");
    }
    if (holder.pid == 1) {
        return refusal(holder,
                       "process 1 (" + holder.command +
                           ") holds it, perhaps for a socket unit; see `systemctl list-sockets`");
    }
    if (holder.pid == project.daemon_pid || holder.pid == project.keeper_pid) {
        return refusal(holder, "devstack itself holds it");
    }
    if (!holder.service.empty()) {
        return refusal(holder,
                       holder.service + " of this project holds it; stop it with `devstack stop " +
                           holder.service + "`");
    }
    if (holder.command == "docker-proxy") {
        return refusal(holder,
                       "a container publishes it; stop the one that `docker ps --filter publish=" +
                           to_string(holder.port) + "` shows");
    }
    return ok();
}

class PortFreer::Implementation : public std::enable_shared_from_this<Implementation> {
public:
    Implementation(asio::io_context& loop,
                   platform::Procfs procfs,
                   ProjectMark project,
                   Duration grace)
        : loop_{loop}, procfs_{std::move(procfs)}, project_{std::move(project)}, grace_{grace} {}

    void free(const PortHolder& holder, Done done) {
        const auto known = endings_.find(holder.pid);
        if (known != endings_.end()) {
            known->second->waiting.push_back(std::move(done));
            return;
        }
        Status begun = check_may_free(holder, project_);
        std::shared_ptr<Ending> ending;
        if (begun) begun = begin(holder, ending);
        if (!ending) {
            asio::post(loop_, [self = weak_from_this(), done = std::move(done), begun] {
                if (self.lock()) done(begun);
            });
            return;
        }
        ending->waiting.push_back(std::move(done));
        watch(ending);
    }

    void stop() {
        for (const auto& [pid, ending] : std::exchange(endings_, {}))
            ending->abandon();
    }

private:
    /// `ending` stays empty when there is nothing (more) to wait for.
    Status begin(const PortHolder& holder, std::shared_ptr<Ending>& ending) {
        const auto process = platform::find_process(procfs_, holder.pid);
        if (!process || !still_listens(procfs_, holder)) return ok();
        auto handle = platform::open_process(procfs_, holder.pid, process->start_ticks);
        if (!handle) return explain(holder, std::move(handle).error());
        const Status asked =
            platform::signal_process(procfs_, holder.pid, process->start_ticks, SIGTERM);
        if (!asked) return explain(holder, asked.error());
        // A stopped process would never hear it.
        static_cast<void>(
            platform::signal_process(procfs_, holder.pid, process->start_ticks, SIGCONT));
        const auto begun = std::make_shared<Ending>(loop_, holder, process->start_ticks);
        boost::system::error_code error;
        begun->handle.assign(handle->get(), error);
        if (error) return Error{Error::Kind::system, cannot_free(holder) + error.message()};
        static_cast<void>(handle->release());
        endings_[holder.pid] = begun;
        ending = begun;
        return ok();
    }

    static Status explain(const PortHolder& holder, Error error) {
        if (error.kind == Error::Kind::not_found) return ok();
        if (error.kind == Error::Kind::not_permitted) {
            return refusal(holder,
                           name_of(holder) + " belongs to " + holder.user +
                               "; stop it with `sudo kill " + std::to_string(holder.pid) + "`");
        }
        error.message = cannot_free(holder) + error.message;
        return error;
    }

    void watch(const std::shared_ptr<Ending>& ending) {
        ending->handle.async_wait(
            asio::posix::stream_descriptor::wait_read,
            [self = weak_from_this(), ending](const boost::system::error_code& error) {
                const auto owner = self.lock();
                if (owner && !error) owner->finish(ending, ok());
            });
        wait(ending, grace_);
    }

    void wait(const std::shared_ptr<Ending>& ending, Duration duration) {
        ending->timer.expires_after(duration);
        ending->timer.async_wait(
            [self = weak_from_this(), ending](const boost::system::error_code& error) {
                const auto owner = self.lock();
                if (owner && !error) owner->lose_patience(ending);
            });
    }

    void lose_patience(const std::shared_ptr<Ending>& ending) {
        const PortHolder& holder = ending->holder;
        if (ending->is_killed) {
            finish(ending,
                   Error{Error::Kind::timed_out,
                         cannot_free(holder) + name_of(holder) + " does not end, not by SIGKILL"});
            return;
        }
        ending->is_killed = true;
        const Status killed =
            platform::signal_process(procfs_, holder.pid, ending->start_ticks, SIGKILL);
        const bool is_gone = !killed && killed.error().kind == Error::Kind::not_found;
        if (!killed && !is_gone) {
            finish(ending, explain(holder, killed.error()));
            return;
        }
        wait(ending, kill_patience);
    }

    /// The second of two handlers that were ready together finds nothing to finish.
    void finish(const std::shared_ptr<Ending>& ending, const Status& status) {
        const auto found = endings_.find(ending->holder.pid);
        if (found == endings_.end() || found->second != ending) return;
        endings_.erase(found);
        ending->close();
        for (Done& done : std::exchange(ending->waiting, {}))
            done(status);
    }

    asio::io_context& loop_;
    platform::Procfs procfs_;
    ProjectMark project_;
    Duration grace_;
    std::map<int, std::shared_ptr<Ending>> endings_;
};

PortFreer::PortFreer(asio::io_context& loop,
                     platform::Procfs procfs,
                     ProjectMark project,
                     Duration grace)
    : implementation_{
          std::make_shared<Implementation>(loop, std::move(procfs), std::move(project), grace)} {}

PortFreer::~PortFreer() {
    implementation_->stop();
}

void PortFreer::free(const PortHolder& holder, Done done) {
    implementation_->free(holder, std::move(done));
}

}  // namespace devstack::daemon
