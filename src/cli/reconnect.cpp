#include "cli/reconnect.hpp"

#include "devstack/cli/terminal.hpp"
#include "devstack/platform/signal_watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace devstack::cli {

namespace {

using namespace std::chrono_literals;

constexpr int tries_max = 5;
constexpr Duration first_pause = 1s;
constexpr Duration longest_pause = 30s;

}  // namespace

LastingConnection::LastingConnection(std::string socket_path, client::Connection connection)
    : socket_path_{std::move(socket_path)}, connection_{std::move(connection)} {}

Status LastingConnection::connect_again(const std::optional<Error>& lost) {
    connection_.reset();
    if (lost) last_message_ = lost->message;
    if (tries_ == tries_max) {
        return Error{Error::Kind::system,
                     "gave up after " + std::to_string(tries_max) + " tries: " + last_message_};
    }
    const Duration pause = std::min(first_pause * (1 << tries_), longest_pause);
    ++tries_;
    complain(last_message_ + "; trying again in " + render_duration(pause) + " (" +
             std::to_string(tries_) + " of " + std::to_string(tries_max) + ")");
    platform::wait_readable({}, pause);
    Result<client::Connection> connection = client::Connection::open(socket_path_);
    if (connection) {
        connection_ = std::move(*connection);
    } else {
        last_message_ = connection.error().message;
    }
    return ok();
}

}  // namespace devstack::cli
