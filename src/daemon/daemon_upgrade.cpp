#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/keeper_protocol.hpp"

#include "daemon/daemon_process.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <unistd.h>

// To become another program on purpose (decisions/0020): the keeper executes it in its own process,
// and when that has gone well the daemon ends as if it had died, so that the new keeper starts the
// new daemon, which goes on from the ledger as always.

namespace devstack::daemon {

namespace api = core::api;
namespace protocol = platform::keeper_protocol;

namespace {

constexpr int exit_go_on = 70;  // EX_SOFTWARE of sysexits(3): the keeper starts the next daemon.
constexpr std::string_view by_hand = "; run devstack down, then devstack up";

Error refuse(const std::string& why) {
    return {Error::Kind::invalid, "nothing was changed: " + why};
}

/// Not whether it works: only executing it tells.
Result<platform::FileDescriptor> open_program(const std::string& path) {
    platform::FileDescriptor program{::open(path.c_str(), O_PATH | O_CLOEXEC)};
    const bool may_run = program.is_open() && ::faccessat(AT_FDCWD, path.c_str(), X_OK, 0) == 0;
    if (!may_run) return refuse("cannot execute " + path + ": " + std::strerror(errno));
    return program;
}

}  // namespace

bool is_upgraded(const std::vector<api::EventMessage>& last_events) {
    return std::ranges::any_of(last_events, [](const api::EventMessage& it) {
        return it.kind == "project" && it.to == "upgraded";
    });
}

Result<api::CommandReply> DaemonProcess::upgrade(const api::CommandRequest& request) {
    if (supervisor_.is_shutting_down() || is_keeper_gone_) {
        return Error{Error::Kind::busy, "nothing was changed: everything is being stopped"};
    }
    if (!upgrading_to_.empty()) {
        return Error{Error::Kind::busy,
                     "nothing was changed: an upgrade to " + upgrading_to_ + " is under way"};
    }
    const std::uint32_t spoken = children_.keeper_version();
    if (spoken < protocol::version_that_hands_over) {
        return refuse("the keeper is of an earlier version (protocol " + std::to_string(spoken) +
                      "), which can not become another program" + std::string{by_hand});
    }
    if (request.takes_over < spoken) {
        return refuse(request.program + " can not go on for this keeper: it takes over from " +
                      "protocol " + std::to_string(request.takes_over) + " at most, and this is " +
                      std::to_string(spoken) + std::string{by_hand});
    }
    const Result<platform::FileDescriptor> program = open_program(request.program);
    if (!program) return program.error();
    const api::CommandReply reply{journal_.last_sequence(), std::nullopt};
    upgrading_to_ = request.program;
    children_.upgrade(program->get());
    return reply;
}

/// In a turn of its own: its event is the last thing that is written down.
void DaemonProcess::keeper_upgraded(int error) {
    boost::asio::post(loop_, [this, error] {
        const std::string program = std::exchange(upgrading_to_, "");
        if (error == EAGAIN) {
            return announce("upgrade-failed",
                            "a process is being started just now; everything goes on as before, "
                            "try again");
        }
        if (error != 0) {
            return announce("upgrade-failed",
                            "the keeper can not become " + program + ": " + std::strerror(error) +
                                "; everything goes on as before");
        }
        announce("upgraded", "the keeper has become " + program + ", and a new daemon follows");
        write_down();
        exit_code_ = exit_go_on;
        loop_.stop();
    });
}

void DaemonProcess::announce(const std::string& to, const std::string& why) {
    api::EventMessage message;
    message.kind = "project";
    message.to = to;
    message.why = why;
    add_own(std::move(message));
}

}  // namespace devstack::daemon
