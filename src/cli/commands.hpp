#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/time.hpp"
#include "devstack/cli/exit_code.hpp"
#include "devstack/cli/terminal.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

// One function per command, each in a file of its own; commands.cpp parses what they are called
// with. All return the process's exit code.
namespace devstack::cli {

/// What holds for every command.
struct Common {
    std::optional<std::string> project;  ///< --project: by name, instead of where we stand.
    ColourMode colour = ColourMode::automatic;
};

struct DownOptions {
    Duration timeout{};
    bool force = false;
};
int run_down(const Common& common, const DownOptions& options);

struct StatusOptions {
    std::vector<std::string> services;
    bool json = false;
    bool watch = false;
    bool usage = false;
};
int run_status(const Common& common, const StatusOptions& options);

struct WhyOptions {
    std::string service;
    bool json = false;
};
int run_why(const Common& common, const WhyOptions& options);

struct LogsOptions {
    std::vector<std::string> services;
    bool follow = false;
    /// Last so many lines; "all"; empty: as many as one wants to see at once.
    std::string tail;
    std::string since;
    std::string until;
    std::string pattern;
    bool only_output = false;
    bool only_error = false;
    bool timestamps = false;
    bool no_prefix = false;
    bool json = false;
};
int run_logs(const Common& common, const LogsOptions& options);

/// start, stop, restart.
struct ChangeOptions {
    std::string command;
    std::vector<std::string> services;
    Duration timeout{};
    bool no_wait = false;
};
int run_change(const Common& common, const ChangeOptions& options);

struct ReloadOptions {
    std::optional<std::string> profile;  ///< Another one than the project runs with.
    Duration timeout{};
    bool dry_run = false;
    bool no_wait = false;
    bool json = false;
};
int run_reload(const Common& common, const ReloadOptions& options);

struct SignalOptions {
    std::string signal;
    std::string service;
};
int run_signal(const Common& common, const SignalOptions& options);

struct RunOptions {
    std::string task;
    Duration timeout{};
};
int run_run(const Common& common, const RunOptions& options);

struct EventsOptions {
    std::vector<std::string> services;
    bool follow = false;
    std::size_t tail = 0;
    bool json = false;
};
int run_events(const Common& common, const EventsOptions& options);

struct CrashesOptions {
    std::vector<std::string> services;
    std::size_t tail = 0;
    bool full = false;
    bool json = false;
};
int run_crashes(const Common& common, const CrashesOptions& options);

struct PortsOptions {
    std::optional<Port> port;
    bool json = false;
};
int run_ports(const Common& common, const PortsOptions& options);

struct DashboardOptions {
    bool only_print = false;  ///< Do not open the link.
};
int run_dashboard(const Common& common, const DashboardOptions& options);

struct McpOptions {
    bool allow_actions = false;  ///< Also what changes something.
};
int run_mcp(const Common& common, const McpOptions& options);

struct CheckOptions {
    std::optional<std::string> profile;
    bool json = false;
};
int run_check(const CheckOptions& options);

struct DoctorOptions {
    std::string subject;               ///< A service, a URL or a port; empty: all.
    std::vector<std::string> headers;  ///< "Name: value", sent to the URL.
    std::string record;                ///< A file for the facts.
    std::string from;                  ///< A file with facts, instead of looking.
    bool wait = false;
    bool json = false;
};
int run_doctor(const Common& common, const DoctorOptions& options);

struct UpgradeOptions {
    bool force = false;
    bool json = false;
};
/// Makes keeper and daemon of a running project this program.
int run_upgrade(const Common& common, const UpgradeOptions& options);

struct BundleOptions {
    std::string file;
    bool json = false;
};
/// Writes all that helps somebody else to help.
int run_bundle(const Common& common, const BundleOptions& options);

int run_top(const Common& common);

int run_schema();

struct ListOptions {
    bool json = false;
};
int run_ls(const Common& common, const ListOptions& options);

struct CompletionOptions {
    std::string shell;
};
int run_completion(const CompletionOptions& options);

/// Hidden: what may stand in the place of the last of these words.
int run_complete(const std::vector<std::string>& words);

struct VersionOptions {
    bool json = false;
};
int run_version(const VersionOptions& options);

/// The whole program but its hidden modes.
int run_command_line(int argc, char** argv);

}  // namespace devstack::cli
