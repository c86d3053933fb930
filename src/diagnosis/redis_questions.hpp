#pragma once

#include "diagnosis/conversation.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace devstack::diagnosis {

/// What a Redis says to a command: a line, or several values.
struct RedisReply {
    bool is_error = false;
    std::string text;                ///< Of a value; a number as it is written.
    std::vector<std::string> items;  ///< Of a list, those of lists in it, too.
    bool is_number() const;
    int number() const;  ///< 0: it is none.
};

/// Asks one command after the other on the connection of a log-in that has succeeded, and leaves
/// what is known of that as it is.
class RedisQuestions {
public:
    explicit RedisQuestions(Conversation& talk) : talk_{talk} {}

    /// Empty when there is no answer: nothing more is to be asked then.
    asio::awaitable<std::optional<RedisReply>> ask(std::vector<std::string> words);

private:
    asio::awaitable<bool> read_more();
    asio::awaitable<std::optional<std::string>> read_line();
    asio::awaitable<bool> read_value(RedisReply& reply, int depth);

    Conversation& talk_;
    std::string buffer_;
};

/// A command as Redis reads it.
std::string render_command(const std::vector<std::string>& words);

/// Which queues of jobs have jobs waiting, and who takes from them. Only reads: the names of keys,
/// lengths of lists, who is connected.
asio::awaitable<void> ask_for_queues(Conversation& talk);

}  // namespace devstack::diagnosis
