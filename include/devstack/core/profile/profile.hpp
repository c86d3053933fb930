#pragma once

#include "devstack/base/port.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/plan/plan.hpp"
#include "devstack/core/probes/probe.hpp"
#include "devstack/core/profile/source_text.hpp"

#include <optional>
#include <string>
#include <vector>

// A profile as it was written: typed and with places, but nothing replaced, looked up or filled in
// yet. What is absent in the file is empty here. docs/profile.md says what each key means.
namespace devstack::core {

struct CommandSetting {
    bool is_shell = false;  ///< Then there is one word: the script.
    std::vector<SourceText> words;
    Place place;
};

struct PortSetting {
    std::string name;  ///< "" for `port`, else the key in `ports`.
    Port port;         ///< 0: it could not be read, and that has been reported.
    Place place;
    bool is_socket = false;
    std::optional<SourceText> host;
};

struct VariableSetting {
    SourceText name;
    SourceText value;
};

struct NeedSetting {
    SourceText service;
    std::optional<NeedCondition> condition;
    Place condition_place;
};

struct PrepareSetting {
    std::optional<CommandSetting> command;
    std::optional<SourceText> creates;
    std::vector<SourceText> inputs;
    Place place;
};

/// Of `ready` and `health`; one of url, tcp, command and log is set in a profile without errors.
struct ProbeSetting {
    Place place;
    std::optional<SourceText> url;
    std::optional<SourceText> tcp;
    std::optional<CommandSetting> command;
    std::optional<SourceText> log;
    std::optional<LogStream> stream;
    bool notifies = false;
    std::optional<StatusSet> expect;
    std::optional<SourceText> body;
    std::optional<SourceText> body_regex;
    std::vector<VariableSetting> headers;
    std::optional<TlsMode> tls;
    std::optional<SourceText> ca;
    std::optional<Duration> interval;
    std::optional<Duration> timeout;
    std::optional<int> retries;
    Place timeout_place;
};

struct RestartSetting {
    std::optional<RestartMode> policy;
    std::optional<int> max;
    std::optional<Duration> window;
    std::optional<Duration> delay;
    std::optional<Duration> max_delay;
};

/// `cap_add` or `cap_drop`.
struct CapabilitySetting {
    bool is_written = false;
    bool is_all = false;
    CapabilitySet named = 0;
    Place place;
};

/// What its process is given besides command, directory and environment.
struct ProcessSetting {
    std::optional<SourceText> user;  ///< A name or number; also "USER:GROUP".
    std::optional<SourceText> group;
    std::vector<SourceText> group_add;
    std::optional<std::uint32_t> umask;
    std::vector<ResourceLimit> limits;
    std::optional<int> nice;
    std::optional<int> oom_score_adj;
    bool no_new_privileges = false;
    CapabilitySetting cap_add;
    CapabilitySetting cap_drop;
    bool tty = false;
    bool stdin_open = false;
    CgroupLimits cgroup;
};

struct ServiceSetting {
    std::string name;
    ServiceKind kind = ServiceKind::service;
    Place place;

    std::optional<CommandSetting> command;
    std::optional<SourceText> working_dir;
    std::vector<PortSetting> ports;
    std::vector<VariableSetting> env;
    std::vector<SourceText> env_files;
    std::vector<SourceText> require_env;
    std::vector<NeedSetting> depends_on;
    std::vector<SourceText> restart_with;
    std::optional<PrepareSetting> prepare;
    std::vector<SourceText> watch;
    std::optional<ProbeSetting> ready;
    std::optional<ProbeSetting> health;
    std::optional<Duration> watchdog;
    bool on_demand = false;
    Place on_demand_place;
    ProcessSetting process;
    RestartSetting restart;
    std::optional<Duration> start_timeout;
    std::optional<Duration> stop_timeout;
    std::optional<SignalNumber> stop_signal;
    std::optional<SignalNumber> dump_signal;
    std::vector<int> success_exit_codes;
};

/// A way to the API by TCP.
struct ApiSetting {
    std::string address;  ///< Numeric.
    Port port;
    bool is_remote = false;  ///< Whoever reaches the host may knock.
    Place place;
};

/// What a line in a log means, by who knows the program: told by the doctor.
struct KnowledgeSetting {
    std::string name;
    std::string pattern;  ///< ECMAScript, searched.
    std::string meaning;
    std::string look;
    std::string fix;
    std::vector<std::string> services;  ///< Empty: all.
    bool when_well = false;
};

struct Profile {
    SourceFile source;
    std::optional<SourceText> name;
    Mode mode = Mode::development;
    std::optional<OnKeeperDeath> on_keeper_death;  ///< Empty: as the mode says.
    std::vector<SourceText> env_files;
    std::optional<ApiSetting> api;
    std::uint64_t logs_size_max = limits::logs_size_max;
    bool compresses_logs = false;
    std::optional<bool> cgroups;
    std::vector<KnowledgeSetting> knowledge;
    std::vector<ServiceSetting> services;  ///< And tasks, in the order of the file.
};

/// What could be read of a profile, and what is wrong with it. With errors the profile is good only
/// to look for more errors.
struct ReadProfile {
    Profile profile;
    std::vector<Diagnostic> diagnostics;
};

/// `name` is what diagnostics call the file. Reports all mistakes, whatever the text is.
ReadProfile read_profile(std::string name, std::string text);

}  // namespace devstack::core
