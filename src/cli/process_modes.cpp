#include "devstack/cli/process_modes.hpp"

#include "devstack/daemon/daemon.hpp"
#include "devstack/keeper/keeper.hpp"

#include "cli/builtin_profiles.hpp"

#include <array>
#include <string_view>

// The two other processes that this program can be. Their arguments are written by launch.cpp:
//   devstack __keeper PROFILE PROJECT_DIR free-ports|keep-ports STATE_DIR   descriptors 3 and 4

namespace devstack::cli {

namespace {

constexpr int report_fd = 3;
constexpr int lifeline_fd = 4;
constexpr int argument_count = 6;
constexpr int exit_usage = 64;  // EX_USAGE of sysexits(3).

}  // namespace

int run_keeper_mode(int argc, char** argv) {
    if (argc != argument_count) return exit_usage;
    const std::array<const char*, argument_count + 1> daemon = {
        argv[0], "__daemon", argv[2], argv[3], argv[4], argv[5], nullptr};
    keeper::KeeperOptions options;
    options.daemon_program = "/proc/self/exe";
    options.daemon_argv = daemon.data();
    options.report_fd = report_fd;
    options.lifeline_fd = lifeline_fd;
    return keeper::run_keeper(options);
}

int run_daemon_mode(int argc, char** argv) {
    if (argc != argument_count) return exit_usage;
    constexpr std::string_view builtin = "builtin:";
    daemon::DaemonOptions options;
    const std::string_view profile = argv[2];
    if (profile.starts_with(builtin)) {
        const std::string name{profile.substr(builtin.size())};
        options.load.builtin_text = find_builtin_profile(name).value_or("");
    } else {
        options.load.profile_path = profile;
    }
    options.load.project_dir = argv[3];
    options.frees_ports = std::string_view{argv[4]} == "free-ports";
    options.state_dir = argv[5];
    return daemon::run_daemon(options);
}

}  // namespace devstack::cli
