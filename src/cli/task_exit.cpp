#include "cli/task_exit.hpp"

#include "devstack/base/signal_name.hpp"
#include "devstack/cli/exit_code.hpp"

#include <charconv>
#include <string_view>

namespace devstack::cli {

namespace {

constexpr int signal_base = 128;

/// "exited with code 3", "was killed by SIGKILL (core dumped)": for daemons that do not tell the
/// exit itself.
std::optional<int> code_in(std::string_view why) {
    constexpr std::string_view exited = "exited with code ";
    constexpr std::string_view killed = "killed by ";
    if (const std::size_t at = why.find(exited); at != std::string_view::npos) {
        int code = 0;
        const std::string_view number = why.substr(at + exited.size());
        const auto result = std::from_chars(number.data(), number.data() + number.size(), code);
        if (result.ec == std::errc{}) return code;
    }
    if (const std::size_t at = why.find(killed); at != std::string_view::npos) {
        std::string_view name = why.substr(at + killed.size());
        name = name.substr(0, name.find_first_of(" ,;:("));
        if (const Result<int> signal = parse_signal(name)) return signal_base + *signal;
    }
    return std::nullopt;
}

}  // namespace

std::optional<int> task_exit_code(const core::api::ServiceState& task, std::uint32_t run_before) {
    const bool is_over =
        task.phase == "completed" || task.phase == "failed" || task.phase == "stopped";
    if (!is_over) return std::nullopt;
    // What failed before it was spawned has no run of its own; what is stopped has been so by
    // somebody, unless it has not begun.
    const bool is_new = task.run > run_before;
    if (!is_new && task.phase != "failed") return std::nullopt;
    if (is_new && task.last_exit) {
        return task.last_exit->signal != 0 ? signal_base + task.last_exit->signal
                                           : task.last_exit->code;
    }
    if (const auto code = code_in(task.why)) return code;
    return task.phase == "completed" ? exit_done : exit_failed;
}

}  // namespace devstack::cli
