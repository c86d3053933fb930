#include "devstack/cli/exit_code.hpp"
#include "devstack/cli/process_modes.hpp"
#include "devstack/cli/terminal.hpp"
#include "devstack/platform/init_process.hpp"

#include "cli/commands.hpp"

#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

namespace {

int tell_bug(const std::exception& error) {
    devstack::cli::complain(std::string{"this is a bug of devstack: "} + error.what());
    return devstack::cli::exit_bug;
}

}  // namespace

int main(int argc, char** argv) {
    // Keeper and daemon set up nothing that is meant for people.
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "__keeper") return devstack::cli::run_keeper_mode(argc, argv);
    try {
        if (mode == "__daemon") return devstack::cli::run_daemon_mode(argc, argv);
        if (mode == "__doctor") return devstack::cli::run_doctor_mode(argc, argv);
        if (mode == "__compress") return devstack::cli::run_compress_mode(argc, argv);
        const auto run = [&] { return devstack::cli::run_command_line(argc, argv); };
        // In a container, as its first process.
        return devstack::platform::is_init_process() ? devstack::platform::do_as_init(run) : run();
    } catch (const std::bad_alloc&) {
        devstack::cli::complain("there is no memory left, or no more is allowed (ulimit -v)");
        return devstack::cli::exit_failed;
    } catch (const std::system_error& error) {
        if (error.code() != std::errc::resource_unavailable_try_again) return tell_bug(error);
        devstack::cli::complain(
            "cannot start a thread: too many processes, or too little memory, "
            "are allowed (ulimit -u, ulimit -v, pids.max of the cgroup)");
        return devstack::cli::exit_failed;
    } catch (const std::exception& error) {
        return tell_bug(error);
    }
}
