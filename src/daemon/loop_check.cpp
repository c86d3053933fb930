#include "daemon/loop_check.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

namespace {

const std::string descriptors = "/proc/self/fd/";

std::string kind_of(const std::string& descriptor) {
    std::error_code ignored;
    return std::filesystem::read_symlink(descriptors + descriptor, ignored).string();
}

/// proc_pid_fdinfo(5): "tfd:        5 events: 80000019 data: …", one line for each that is watched.
bool watches_own(const std::string& epoll) {
    std::ifstream info{"/proc/self/fdinfo/" + epoll};
    bool has_timer = false;
    bool has_waker = false;
    std::string word;
    while (info >> word) {
        if (word != "tfd:" || !(info >> word)) continue;
        const std::string kind = kind_of(word);
        has_timer = has_timer || kind == "anon_inode:[timerfd]";
        has_waker = has_waker || kind == "anon_inode:[eventfd]";
    }
    return has_timer && has_waker;
}

}  // namespace

Status check_loop(boost::asio::io_context& loop) {
    const boost::asio::steady_timer first{loop};  // With it comes what waits.
    bool is_known = false;
    std::error_code ignored;
    for (std::filesystem::directory_iterator it{descriptors, ignored}, end; !ignored && it != end;
         it.increment(ignored)) {
        const std::string descriptor = it->path().filename();
        if (kind_of(descriptor) != "anon_inode:[eventpoll]") continue;
        if (watches_own(descriptor)) return ok();
        is_known = true;
    }
    if (!is_known) return ok();  // No /proc: we take it on trust.
    return Error{
        Error::Kind::system,
        "the kernel does not let devstack watch its own timers (epoll_ctl(2)): there is no "
        "memory left, or more is watched than fs.epoll.max_user_watches allows"};
}

}  // namespace devstack::daemon
