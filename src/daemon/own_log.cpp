#include "daemon/own_log.hpp"

#include <exception>
#include <memory>
#include <utility>

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

namespace devstack::daemon {

void open_own_log(const std::string& state_dir) {
    constexpr std::size_t size_max = 1024 * 1024;
    try {  // spdlog reports by exception.
        auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_st>(
            state_dir + "/daemon.log", size_max, 2);
        auto logger = std::make_shared<spdlog::logger>("devstack", std::move(sink));
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
        logger->flush_on(spdlog::level::warn);  // The rest at the end of each turn.
        spdlog::set_default_logger(std::move(logger));
    } catch (const std::exception& error) {
        spdlog::error("no log of our own: {}", error.what());
    }
}

}  // namespace devstack::daemon
