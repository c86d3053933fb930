#include "daemon/removal_watch.hpp"

#include "devstack/core/limits.hpp"

#include <utility>

#include <spdlog/spdlog.h>

namespace devstack::daemon {

RemovalWatch::RemovalWatch(boost::asio::io_context& loop,
                           std::vector<std::string> directories,
                           std::vector<std::string> places,
                           std::function<void()> changed)
    : directories_{std::move(directories)},
      places_{std::move(places)},
      changed_{std::move(changed)},
      events_{loop},
      timer_{loop} {}

RemovalWatch::~RemovalWatch() {
    close();
}

void RemovalWatch::open() {
    close();
    auto opened = platform::DirectoryWatch::open();
    if (!opened) return spdlog::warn("{}", opened.error().message);
    kernel_.emplace(std::move(*opened));
    const auto note = [this](const Result<std::optional<int>>& added) {
        if (!added) return spdlog::warn("{}", added.error().message);
        if (*added) watches_.push_back(**added);
    };
    for (const std::string& directory : directories_)
        note(kernel_->add(directory));
    for (const std::string& place : places_)
        note(kernel_->add_itself(place));
    boost::system::error_code ignored;
    events_.assign(kernel_->fd(), ignored);
    wait();
}

void RemovalWatch::try_again() {
    arm(core::limits::removal_retry);
}

/// The descriptor is the kernel watch's to close.
void RemovalWatch::let_go() {
    timer_.cancel();
    is_armed_ = false;
    if (events_.is_open()) events_.release();
    for (const int watch : std::exchange(watches_, {}))
        kernel_->remove(watch);
}

void RemovalWatch::close() {
    let_go();
    kernel_.reset();
}

void RemovalWatch::wait() {
    events_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this](boost::system::error_code error) {
                           if (error) return;
                           if (!kernel_->read().empty()) arm(core::limits::removal_delay);
                           wait();
                       });
}

void RemovalWatch::arm(Duration duration) {
    if (std::exchange(is_armed_, true)) return;
    timer_.expires_after(duration);
    timer_.async_wait([this](boost::system::error_code error) {
        if (error) return;
        is_armed_ = false;
        changed_();
    });
}

}  // namespace devstack::daemon
