// The log-in to a Redis, and commands that only read. The protocol is "Redis serialization protocol
// specification" (RESP), version 2.

#include "devstack/base/text.hpp"

#include "diagnosis/redis_questions.hpp"

#include <charconv>

#include <boost/asio/write.hpp>

namespace devstack::diagnosis {

namespace {

int number_in(const std::string& text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

bool RedisReply::is_number() const {
    return !is_error && !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

int RedisReply::number() const {
    return is_number() ? number_in(text) : 0;
}

std::string render_command(const std::vector<std::string>& words) {
    std::string text = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words)
        text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    return text;
}

asio::awaitable<bool> RedisQuestions::read_more() {
    constexpr std::size_t size_max = 1024 * 1024;
    constexpr std::size_t piece = 16 * 1024;
    if (buffer_.size() > size_max) co_return false;
    std::string bytes(piece, '\0');
    const auto [error, count] =
        co_await talk_.socket.async_read_some(asio::buffer(bytes), as_result);
    if (error) co_return false;
    buffer_.append(bytes, 0, count);
    co_return true;
}

asio::awaitable<std::optional<std::string>> RedisQuestions::read_line() {
    for (;;) {
        const auto end = buffer_.find("\r\n");
        if (end != buffer_.npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 2);
            co_return line;
        }
        if (!co_await read_more()) co_return std::nullopt;
    }
}

asio::awaitable<bool> RedisQuestions::read_value(RedisReply& reply, int depth) {
    constexpr int depth_max = 4;
    constexpr int items_max = 10000;
    const auto line = co_await read_line();
    if (!line || line->empty() || depth > depth_max) co_return false;
    const char kind = (*line)[0];
    std::string text = line->substr(1);
    if (kind == '*') {
        const int count = number_in(text);
        if (count > items_max) co_return false;
        for (int i = 0; i < count; ++i) {
            const bool is_read = co_await read_value(reply, depth + 1);
            if (!is_read) co_return false;
        }
        co_return true;
    }
    if (kind == '$') {
        const int size = number_in(text);
        text.clear();
        if (size >= 0) {
            const std::size_t wanted = static_cast<std::size_t>(size) + 2;
            while (buffer_.size() < wanted) {
                if (!co_await read_more()) co_return false;
            }
            text = buffer_.substr(0, wanted - 2);
            buffer_.erase(0, wanted);
        }
    }
    if (depth > 0) {
        reply.items.push_back(std::move(text));
    } else {
        reply.is_error = kind == '-';
        reply.text = std::move(text);
    }
    co_return true;
}

asio::awaitable<std::optional<RedisReply>> RedisQuestions::ask(std::vector<std::string> words) {
    const std::string text = render_command(words);
    const auto [error, count] =
        co_await asio::async_write(talk_.socket, asio::buffer(text), as_result);
    if (error) co_return std::nullopt;
    RedisReply reply;
    const bool is_read = co_await read_value(reply, 0);
    if (!is_read) co_return std::nullopt;
    co_return reply;
}

asio::awaitable<void> talk_redis(Conversation& talk) {
    const Endpoint& endpoint = talk.endpoint;
    std::vector<std::vector<std::string>> commands = {{"PING"}};
    if (!endpoint.password.empty()) {
        std::vector<std::string> login = {"AUTH", endpoint.password};
        if (!endpoint.user.empty()) login.insert(login.begin() + 1, endpoint.user);
        commands.insert(commands.begin(), login);
    }
    // Which of its numbered databases is a matter of this connection alone.
    const bool is_number = !endpoint.database.empty() &&
                           endpoint.database.find_first_not_of("0123456789") == std::string::npos;
    if (is_number && endpoint.database != "0") commands.push_back({"SELECT", endpoint.database});
    for (const std::vector<std::string>& words : commands) {
        const std::string text = render_command(words);
        if (!co_await send_all(talk, text)) co_return;
        const auto line = co_await receive_line(talk);
        if (!line) co_return;
        talk.fact().stage = "done";
        if (line->starts_with('-')) {
            talk.fact().error = sane_text(line->substr(1));
            talk.fact().code = talk.fact().error.substr(0, talk.fact().error.find(' '));
            co_return;
        }
        if (!line->starts_with('+')) {
            talk.fact().error = "the answer is not Redis'";
            co_return;
        }
    }
    co_await ask_for_queues(talk);
}

}  // namespace devstack::diagnosis
