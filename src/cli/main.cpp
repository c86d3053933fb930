#include "devstack/cli/exit_code.hpp"
#include "devstack/cli/process_modes.hpp"
#include "devstack/cli/terminal.hpp"
#include "devstack/platform/init_process.hpp"

#include "cli/commands.hpp"

#include <exception>
#include <string>
#include <string_view>

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
    } catch (const std::exception& error) {
        devstack::cli::complain(std::string{"this is a bug of devstack: "} + error.what());
        return devstack::cli::exit_bug;
    }
}
