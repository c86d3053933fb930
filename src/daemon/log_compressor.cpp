#include "daemon/log_compressor.hpp"

#include "devstack/project/compressed_log.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace devstack::daemon {

LogCompressor::LogCompressor(boost::asio::io_context& loop,
                             CommandLauncher& launcher,
                             std::string log_dir)
    : loop_{loop}, launcher_{launcher}, log_dir_{std::move(log_dir)} {}

void LogCompressor::add(const std::string& service) {
    if (std::ranges::find(waiting_, service) != waiting_.end()) return;
    waiting_.push_back(service);
    if (waiting_.size() == 1) begin_next();
}

void LogCompressor::begin_next() {
    if (waiting_.empty()) return;
    platform::SpawnRequest request;
    // The keeper is of this program, and its child is until it execs.
    request.argv = {"/proc/self/exe", "__compress", log_dir_, waiting_.front()};
    request.working_dir = log_dir_;
    request.parent_death_signal = SIGKILL;
    constexpr int last_of_all = 19;
    request.settings.nice = last_of_all;
    constexpr std::size_t answer_max = 4096;
    ticket_ = launcher_.launch(
        std::move(request),
        [this](const CommandLauncher::Ended& it) {
            boost::asio::post(loop_, [this, it] { ended(it); });
        },
        answer_max);
}

void LogCompressor::ended(const CommandLauncher::Ended& ended) {
    if (waiting_.empty()) return;
    const std::string service = waiting_.front();
    const std::string& answer = ended.last_output;
    std::uint64_t inode = 0;
    std::from_chars(answer.data(), answer.data() + answer.size(), inode);
    const bool is_done = ended.was_spawned && ended.code == 0 && ended.signal == 0;
    if (!is_done) {
        project::drop_compressed_log(log_dir_, service);
        spdlog::warn("{}: its old logs stay as they are: {}{}", service, ended.spawn_error, answer);
    }
    // Where one was put in its place there may be another.
    const bool has_more =
        is_done && inode != 0 && project::put_compressed_log(log_dir_, service, inode);
    if (!has_more) waiting_.pop_front();
    begin_next();
}

void LogCompressor::cancel() {
    if (waiting_.empty()) return;
    launcher_.cancel(ticket_);
    project::drop_compressed_log(log_dir_, waiting_.front());
    waiting_.clear();
}

}  // namespace devstack::daemon
