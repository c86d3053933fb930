#include "daemon/spawn_failure.hpp"

#include "devstack/core/plan/process_settings.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace devstack::daemon {

namespace {

std::string reason_of(int error) {
    std::string text = std::strerror(error);
    if (!text.empty() && text.size() > 1 && std::islower(static_cast<unsigned char>(text[1]))) {
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    }
    return text;
}

std::string shown(const std::string& path, const std::string& project_dir) {
    if (path.starts_with(project_dir + "/")) return path.substr(project_dir.size() + 1);
    return path;
}

bool passes(int error) {
    return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE ||
           error == ETXTBSY || error == EINTR;
}

/// " for user nobody", where somebody might think of their own rights.
std::string for_user(const platform::SpawnRequest& request) {
    const auto& identity = request.settings.identity;
    return identity ? " for user " + identity->name : "";
}

std::string describe_limits(const platform::SpawnRequest& request, int error) {
    std::string names;
    for (const platform::SpawnLimit& limit : request.settings.limits) {
        if (!names.empty()) names += ", ";
        names += core::limit_names.at(limit.resource);
    }
    if (!names.empty()) names = " (" + names + ")";
    std::string text = "cannot set its ulimits" + names + ": " + reason_of(error);
    if (error == EPERM) {
        text += "; only root may raise a limit above the hard one that devstack was started with";
    }
    return text;
}

/// Lower numbers are the privilege.
std::string describe_number(const std::string& key, std::optional<int> number, int error) {
    std::string text = "cannot set its " + key;
    if (number) text += " to " + std::to_string(*number);
    text += ": " + reason_of(error);
    if (error == EPERM || error == EACCES) text += "; only root may lower it";
    return text;
}

std::string describe_exec(const platform::SpawnRequest& request, int error) {
    const std::string program = request.argv.empty() ? "" : request.argv.front();
    const std::string act = "cannot execute " + program + ": ";
    const bool is_path = program.find('/') != std::string::npos;
    if (error == ENOEXEC) {
        return act +
               "it is no program for this machine (a script needs a first line like "
               "#!/bin/sh)";
    }
    if (error == EACCES) {
        return act + "permission denied" + for_user(request) + " (is it executable? chmod +x " +
               program + ")";
    }
    if (error != ENOENT) return act + reason_of(error);
    if (!is_path) return act + "no such program in PATH; is it installed?";
    std::error_code ignored;
    const std::filesystem::path path = std::filesystem::path{request.working_dir} / program;
    if (std::filesystem::exists(path, ignored)) {
        return act + "the interpreter named in its first line does not exist";
    }
    return act + "no such file or directory";
}

}  // namespace

SpawnFailure describe_spawn_failure(const platform::SpawnRequest& request,
                                    platform::SpawnStage stage,
                                    int error,
                                    const std::string& project_dir) {
    using platform::SpawnStage;
    const platform::SpawnSettings& settings = request.settings;
    SpawnFailure failure;
    failure.is_permanent = !passes(error);
    switch (stage) {
        case SpawnStage::request:
            failure.message = "cannot hand the command to the keeper: " + reason_of(error);
            break;
        case SpawnStage::pipes:
            failure.message = "cannot make its output pipes: " + reason_of(error);
            break;
        case SpawnStage::fork:
            failure.message = "cannot make a process: " + reason_of(error);
            break;
        case SpawnStage::session:
            failure.message = "cannot make a session: " + reason_of(error);
            break;
        case SpawnStage::output:
            failure.message = "cannot connect its output: " + reason_of(error);
            break;
        case SpawnStage::working_dir:
            failure.message = "cannot enter directory " + shown(request.working_dir, project_dir) +
                              ": " + reason_of(error) + (error == EACCES ? for_user(request) : "");
            break;
        case SpawnStage::exec: failure.message = describe_exec(request, error); break;
        case SpawnStage::terminal:
            failure.message = "cannot make its terminal: " + reason_of(error);
            break;
        case SpawnStage::oom_score:
            failure.message = describe_number("oom_score_adj", settings.oom_score_adj, error);
            break;
        case SpawnStage::limits: failure.message = describe_limits(request, error); break;
        case SpawnStage::nice:
            failure.message = describe_number("nice", settings.nice, error);
            break;
        case SpawnStage::capabilities:
            failure.message = "cannot set its capabilities: " + reason_of(error);
            break;
        case SpawnStage::groups:
            failure.message = "cannot give it its groups: " + reason_of(error);
            break;
        case SpawnStage::cgroup:
            failure.message =
                "cannot enter its cgroup " + settings.cgroup + ": " + reason_of(error);
            break;
        case SpawnStage::user:
            failure.message =
                "cannot become " +
                (settings.identity ? "user " + settings.identity->name : std::string{"its user"}) +
                ": " + reason_of(error);
            break;
    }
    return failure;
}

}  // namespace devstack::daemon
