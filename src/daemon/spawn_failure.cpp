#include "daemon/spawn_failure.hpp"

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
    if (path == project_dir) return ".";
    if (path.starts_with(project_dir + "/")) return path.substr(project_dir.size() + 1);
    return path;
}

bool passes(int error) {
    return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE ||
           error == ETXTBSY || error == EINTR;
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
    if (error == EACCES)
        return act + "permission denied (is it executable? chmod +x " + program + ")";
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
                              ": " + reason_of(error);
            break;
        case SpawnStage::exec: failure.message = describe_exec(request, error); break;
    }
    return failure;
}

}  // namespace devstack::daemon
