#pragma once

#include "devstack/client/connection.hpp"

#include <functional>
#include <optional>
#include <string>

namespace devstack::cli {

/// A connection for reading on and on, which outlives a restart of the daemon: what is lost is made
/// anew after 1, 2, 4, 8 and 16 seconds, and the question is asked again. Who asks with a cursor
/// misses nothing and sees nothing twice. Remarks about it go to standard error.
class LastingConnection {
public:
    LastingConnection(std::string socket_path, client::Connection connection);

    /// Asks until there is an answer, or five tries in a row have failed: then the last error.
    /// Empty when `is_over` says that nobody is to be expected there any more.
    template <typename Answer>
    std::optional<Result<Answer>> ask(
        const std::function<Result<Answer>(client::Connection&)>& question,
        const std::function<bool()>& is_over) {
        while (true) {
            std::optional<Error> lost;
            if (connection_) {
                Result<Answer> answer = question(*connection_);
                if (answer || is_refusal(answer.error())) {
                    tries_ = 0;
                    return answer;
                }
                lost = answer.error();
            }
            if (is_over()) return std::nullopt;
            if (Status again = connect_again(lost); !again) return Result<Answer>{again.error()};
        }
    }

private:
    static bool is_refusal(const Error& error) { return error.kind == Error::Kind::invalid; }
    /// Waits, and tries once; fails when all tries are used up.
    Status connect_again(const std::optional<Error>& lost);

    std::string socket_path_;
    std::optional<client::Connection> connection_;
    int tries_ = 0;
    std::string last_message_;
};

}  // namespace devstack::cli
