#include "cli/launch.hpp"

#include "devstack/base/text.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/detached_process.hpp"
#include "devstack/platform/environment.hpp"
#include "devstack/platform/file_lock.hpp"
#include "devstack/platform/signal_watch.hpp"
#include "devstack/project/descriptors.hpp"

#include "cli/builtin_profiles.hpp"
#include "cli/reach_daemon.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

namespace devstack::cli {

namespace {

using namespace std::chrono_literals;

/// Longer than any honest start of a daemon, shorter than anybody's patience.
constexpr Duration start_timeout = 15s;
constexpr Duration lock_timeout = 30s;

struct Pipe {
    platform::FileDescriptor read_end;
    platform::FileDescriptor write_end;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return Error{Error::Kind::system, "cannot make a pipe: too many open files"};
    }
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return Pipe{platform::FileDescriptor{ends[0]}, platform::FileDescriptor{ends[1]}};
}

std::string current_directory() {
    std::error_code error;
    return std::filesystem::current_path(error).string();
}

/// Waits for the daemon's word: "ready", or why it cannot serve.
Status await_report(const platform::FileDescriptor& report, const std::string& output_file) {
    const TimePoint deadline = platform::now() + start_timeout;
    std::string text;
    for (;;) {
        const Duration left = deadline - platform::now();
        if (left <= Duration::zero()) {
            return Error{Error::Kind::timed_out,
                         "the daemon did not come up within " + render_duration(start_timeout)};
        }
        platform::wait_readable({report.get()}, left);
        std::array<char, 4096> buffer;
        const ssize_t size = ::read(report.get(), buffer.data(), buffer.size());
        if (size > 0) text.append(buffer.data(), static_cast<std::size_t>(size));
        // The keeper keeps its end open for later daemons: only a failure ends the pipe.
        if (text == "ready\n") return ok();
        if (size == 0) break;
    }
    if (text.starts_with("error: ")) {
        text.erase(0, 7);
        while (text.ends_with('\n'))
            text.pop_back();
        return Error{Error::Kind::system, text};
    }
    std::ifstream output{output_file};
    std::string last{std::istreambuf_iterator<char>{output}, {}};
    while (last.ends_with('\n'))
        last.pop_back();
    if (last.empty()) last = "it ended without a word";
    return Error{Error::Kind::system, "the daemon could not start: " + last};
}

Result<Launched> launch(const ChosenProfile& profile, bool frees_ports) {
    const Status enough =
        project::check_descriptors(profile.plan.services.size(), project::allowed_descriptors());
    if (!enough) return enough.error();
    Result<Pipe> report = make_pipe();
    if (!report) return report.error();
    Result<Pipe> lifeline = make_pipe();
    if (!lifeline) return lifeline.error();
    platform::DetachedProcess process;
    process.argv = {"devstack",
                    "__keeper",
                    profile.load.profile_path.empty() ? "builtin:demo" : profile.load.profile_path,
                    profile.load.project_dir,
                    frees_ports ? "free-ports" : "keep-ports",
                    profile.paths.state_dir};
    process.descriptors = {report->write_end.get(), lifeline->read_end.get()};
    process.output_file = profile.paths.state_dir + "/daemon.stderr";
    if (const Status started = platform::start_own_program_detached(process); !started) {
        return started.error();
    }
    report->write_end.reset();
    lifeline->read_end.reset();
    if (const Status ready = await_report(report->read_end, process.output_file); !ready) {
        return ready.error();
    }
    Result<client::Connection> connection =
        client::Connection::open(profile.paths.control_socket());
    if (!connection) return connection.error();
    return Launched{std::move(*connection), true, std::move(lifeline->write_end)};
}

}  // namespace

Result<ChosenProfile> choose_profile(const std::optional<std::string>& wish) {
    ChosenProfile chosen;
    const std::string directory = current_directory();
    const Result<std::string> path = project::find_profile(directory, wish);
    if (path) {
        chosen.load.profile_path = *path;
    } else if (const auto builtin = wish ? find_builtin_profile(*wish) : std::nullopt) {
        chosen.load.builtin_text = *builtin;
        chosen.load.project_dir = directory;
    } else {
        return path.error();
    }
    chosen.load.environment = platform::environment();
    chosen.load.shown_relative_to = directory;
    Checked<project::LoadedPlan> loaded = project::load_plan(chosen.load);
    const std::string said = render_diagnostics(loaded.diagnostics);
    std::fputs(said.c_str(), stderr);
    if (!loaded.value) return Error{Error::Kind::invalid, ""};
    chosen.plan = std::move(loaded.value->plan);
    chosen.load.project_dir = chosen.plan.project_dir;
    chosen.paths = project::make_project_paths(
        chosen.plan.project_dir, chosen.plan.project, chosen.plan.mode, ::geteuid() == 0);
    chosen.shown_name = path ? std::filesystem::proximate(*path).string() : *wish + " (built in)";
    return chosen;
}

void Launched::keep_running() {
    if (!lifeline.is_open()) return;
    (void)!::write(lifeline.get(), "d", 1);
    lifeline.reset();
}

Result<Launched> reach_or_launch(const ChosenProfile& profile, bool frees_ports) {
    if (const Status made = project::create_project_paths(profile.paths); !made) {
        return made.error();
    }
    const Result<platform::FileDescriptor> lock =
        platform::lock_file(profile.paths.lock_file(), lock_timeout);
    if (!lock) return lock.error();
    Result<client::Connection> running = reach_daemon(profile.paths, StartLock::held);
    if (running) return Launched{std::move(*running), false, {}};
    // No socket, or nobody behind it: both mean that nothing runs, since we hold the lock.
    const bool is_free =
        running.error().kind == Error::Kind::not_found || running.error().kind == Error::Kind::busy;
    if (!is_free) return running.error();
    return launch(profile, frees_ports);
}

}  // namespace devstack::cli
