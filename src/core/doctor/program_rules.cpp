// What keeps a command from being executed: the program, its interpreter, the directory, packages.

#include "devstack/base/text.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <string_view>

namespace devstack::core::doctor {

namespace {

/// It runs, whatever we think of its command.
bool is_running(const ServiceFact& service) {
    return service.phase == "ready" || (service.pid != 0 && service.phase != "starting");
}

std::string virtualenv_of(const std::string& word) {
    const auto bin = word.find("/bin/");
    const std::string place = bin == word.npos ? "" : word.substr(0, bin);
    const std::string name = base_of(place);
    return contains(name, "venv") || name == "env" ? place : "";
}

void tell_not_found(const ServiceFact& service,
                    const ProgramFact& program,
                    const Picture& picture,
                    Finding& finding) {
    const FolderFact* const folder = picture.folder(service.name);
    const std::string in = folder == nullptr ? "" : folder->path;
    const std::string environment = virtualenv_of(program.word);
    if (!program.interpreter.empty() || contains(program.word, "/")) {
        finding.what = program.word + ", which the command of " + service.name + " starts" +
                       (program.interpreter.empty() ? "" : " with " + program.interpreter) +
                       ", does not exist in its working directory " + (in.empty() ? "" : in) + ".";
    } else {
        finding.what = "The command " + program.word + " of " + service.name +
                       " is not found: no such program in its PATH.";
    }
    if (!environment.empty()) {
        finding.id = "virtualenv-missing";
        finding.what = program.word + " of " + service.name +
                       " does not exist: the virtual environment " + environment +
                       " has not been created.";
        const std::string list = folder == nullptr || folder->requirements.empty()
                                     ? "requirements.txt"
                                     : folder->requirements;
        finding.fix = "cd " + in + " && python3 -m venv " + environment + " && " + environment +
                      "/bin/pip install -r " + list;
    } else if (!program.nearest.empty() &&
               (!program.interpreter.empty() || contains(program.word, "/"))) {
        finding.id = "wrong-working-directory";
        finding.what.pop_back();
        finding.what += "; there is " + program.nearest + ".";
        finding.fix = "set working_dir of " + service.name + " to the directory of " +
                      program.nearest + declared_at(service) + ", or correct the path";
    } else if (!program.nearest.empty()) {
        finding.fix = "did you mean " + program.nearest + "? Correct the command of " +
                      service.name + declared_at(service);
    } else if (contains(program.word, "/")) {
        finding.fix =
            "build or install it, or correct the command of " + service.name + declared_at(service);
    } else {
        finding.fix = "install " + program.word + ", or correct the command of " + service.name +
                      declared_at(service);
    }
}

void tell_dangling_link(const ServiceFact& service,
                        const ProgramFact& program,
                        const Picture& picture,
                        Finding& finding) {
    const std::string environment = virtualenv_of(program.word);
    finding.id = environment.empty() ? "program-not-found" : "virtualenv-broken";
    finding.what = program.word + " of " + service.name + " is a link to " + program.interpreter +
                   ", which does not exist" +
                   (environment.empty() ? "."
                                        : ": the virtual environment " + environment +
                                              " was made with a Python that is gone.");
    const FolderFact* const folder = picture.folder(service.name);
    const std::string list = folder == nullptr || folder->requirements.empty()
                                 ? "requirements.txt"
                                 : folder->requirements;
    finding.fix = environment.empty()
                      ? "install what " + program.interpreter + " belongs to, or correct the link"
                      : "rm -r " + environment + " && python3 -m venv " + environment + " && " +
                            environment + "/bin/pip install -r " + list +
                            (folder == nullptr ? "" : ", in " + folder->path);
}

void tell_package_script(const ServiceFact& service,
                         const ProgramFact& program,
                         const FolderFact& folder,
                         Finding& finding) {
    finding.id = "packages-not-installed";
    finding.topic = "packages";
    finding.what = folder.path + "/node_modules " +
                   (folder.has_node_modules ? "lacks " : "does not exist, so there is no ") +
                   program.word + ", which " + service.command + " of " + service.name +
                   " starts: the packages are not installed.";
    finding.fix = "cd " + folder.path + " && " + folder.install_command;
}

/// True when the word is the inside of an npm script.
bool is_of_package_script(const ServiceFact& service, const ProgramFact& program) {
    return !service.words.empty() && service.words.front() != program.word &&
           program.interpreter.empty() && !contains(program.word, "/");
}

void tell_problem(const ServiceFact& service,
                  const ProgramFact& program,
                  const Picture& picture,
                  Finding& finding) {
    const FolderFact* const folder = picture.folder(service.name);
    if (program.problem == "not found") {
        finding.id = "program-not-found";
        const bool is_local_package =
            !service.words.empty() && contains(program.word, "node_modules/.bin/");
        if (folder != nullptr && (is_local_package || is_of_package_script(service, program))) {
            tell_package_script(service, program, *folder, finding);
        } else {
            tell_not_found(service, program, picture, finding);
        }
    } else if (program.problem == "dangling link") {
        tell_dangling_link(service, program, picture, finding);
    } else if (program.problem == "not executable") {
        finding.id = "program-not-executable";
        finding.what = program.path + ", the command of " + service.name +
                       ", is not executable: its mode is " + program.mode + ", owner " +
                       program.owner +
                       (service.user.empty() ? "" : ", and it runs as " + service.user) + ".";
        finding.fix = "chmod +x " + program.path;
    } else if (program.problem == "crlf") {
        finding.id = "script-has-dos-line-ends";
        finding.what = program.path + ", the command of " + service.name +
                       ", has Windows line ends (CRLF): its interpreter is \"" +
                       program.interpreter + "\\r\", which does not exist.";
        finding.fix = "sed -i 's/\\r$//' " + program.path;
    } else if (program.problem == "no such interpreter") {
        finding.id = "interpreter-not-found";
        finding.what = program.path + ", the command of " + service.name +
                       ", wants the interpreter " + program.interpreter + ", which does not exist.";
        finding.fix =
            "install " + program.interpreter + ", or correct the first line of " + program.path;
    } else if (program.problem == "noexec mount") {
        finding.id = "program-on-noexec-mount";
        finding.what = program.path + ", the command of " + service.name +
                       ", lies on a file system that is mounted noexec: nothing on it may be "
                       "executed, whatever its mode (" +
                       program.mode + ").";
        finding.evidence = {"findmnt -T " + program.path + " -o OPTIONS: noexec"};
        finding.fix = "put it elsewhere, or mount it with exec (mount -o remount,exec); a script " +
                      std::string{"can be run by its interpreter: sh "} + program.path;
    } else if (program.problem == "cannot run here") {
        finding.id = "program-of-other-machine";
        finding.what = program.path + ", the command of " + service.name +
                       ", was built for another kind of processor than this machine has.";
        finding.fix = "build it for this machine (uname -m, file " + program.path + ")";
    } else {
        finding.id = "program-can-not-run";
        finding.what =
            program.path + ", the command of " + service.name + ", " + program.problem + ".";
        finding.fix = "correct the command of " + service.name + declared_at(service);
    }
}

void look_at_programs(const Picture& picture, std::vector<Finding>& findings) {
    for (const ProgramFact& program : picture.facts().programs) {
        const ServiceFact* const service = picture.service(program.service);
        if (service == nullptr || program.problem.empty() || is_running(*service)) continue;
        Finding finding;
        finding.service = service->name;
        finding.topic = "program";
        finding.strength = 93;
        finding.confidence = Confidence::sure;
        tell_problem(*service, program, picture, finding);
        if (service->has_exited && service->exit_code != 0) {
            finding.evidence.push_back(service->name + " ended with code " +
                                       std::to_string(service->exit_code));
        }
        if (const LineFact* line = picture.find_line_with(service->name, program.word)) {
            finding.evidence.push_back(render_line(service->name, *line));
        }
        findings.push_back(std::move(finding));
    }
}

void look_at_folders(const Picture& picture, std::vector<Finding>& findings) {
    for (const FolderFact& folder : picture.facts().folders) {
        const ServiceFact* const service = picture.service(folder.service);
        if (service == nullptr || !folder.is_missing || is_running(*service)) continue;
        Finding finding;
        finding.id = "working-directory-missing";
        finding.service = service->name;
        finding.topic = "directory";
        finding.strength = 97;
        finding.confidence = Confidence::sure;
        finding.what = "The working directory " + folder.path + " of " + service->name +
                       " does not exist" +
                       (folder.nearest.empty() ? "." : "; there is " + folder.nearest + ".");
        finding.fix = "correct working_dir of " + service->name + declared_at(*service) +
                      (folder.nearest.empty() ? "" : ": " + folder.nearest);
        findings.push_back(std::move(finding));
    }
}

/// "Cannot find module 'dotenv'": the package, without what is below it.
std::string package_in(const std::string& line) {
    static const std::regex missing{
        R"re((?:Cannot find (?:module|package)|Can't resolve|Could not resolve) ['"]([^'"./][^'"]*)['"])re"};
    std::smatch found;
    if (!std::regex_search(line, found, missing)) return "";
    const std::string path = found[1].str();
    const auto slash = path.find('/');
    // A path of the program's own, by an alias that its bundler is told of.
    if (path.starts_with("@/") || path.starts_with("~/")) return "";
    if (path.starts_with('@')) return path.substr(0, path.find('/', slash + 1));
    return path.substr(0, slash);
}

/// "@rollup/rollup-linux-x64-gnu": the part of a package for one platform, which the package itself
/// names as optional.
bool is_of_platform(const std::string& package) {
    static const std::regex name{
        R"([-/](?:linux|darwin|win32|freebsd|android)(?:musl)?-(?:x64|arm64|arm|ia32|x86|riscv64|ppc64|s390x)(?:-\w+)?$)"};
    return std::regex_search(package, name);
}

void tell_other_platform(const ServiceFact& service,
                         const FolderFact& folder,
                         const std::string& package,
                         Finding& finding) {
    finding.id = "package-of-other-platform";
    finding.what = "A package of " + service.name + " lacks " + package +
                   ", its part for this platform: node_modules or the lock file of " + folder.path +
                   " come from another one.";
    const std::string lock = folder.lock_file.empty() ? "package-lock.json" : folder.lock_file;
    const bool is_npm = folder.lock_file.empty() || folder.lock_file == "package-lock.json";
    finding.fix =
        "cd " + folder.path + " && rm -rf node_modules" + (is_npm ? " " + lock : "") + " && " +
        (folder.install_command.empty() || is_npm ? "npm install" : folder.install_command) +
        "; to name it in package.json would break the install on other platforms";
}

/// It is no program of Node.js that its command starts, or complains of something else, or has not
/// been started at all.
bool is_about_other_things(const ServiceFact& service, const Picture& picture) {
    constexpr std::array<std::string_view, 18> others{"python",
                                                      "python3",
                                                      "ruby",
                                                      "php",
                                                      "java",
                                                      "go",
                                                      "nginx",
                                                      "perl",
                                                      "cargo",
                                                      "dotnet",
                                                      "bundle",
                                                      "flask",
                                                      "rails",
                                                      "gunicorn",
                                                      "uvicorn",
                                                      "postgres",
                                                      "mysqld",
                                                      "caddy"};
    const std::string program = service.words.empty() ? "" : base_of(service.words.front());
    if (std::ranges::find(others, std::string_view{program}) != others.end()) return true;
    if (service.phase == "waiting") return true;
    return picture.find_line_with(service.name, "ERR_UNKNOWN_FILE_EXTENSION") != nullptr;
}

}  // namespace

void find_program_mistakes(const Picture& picture, std::vector<Finding>& findings) {
    look_at_folders(picture, findings);
    look_at_programs(picture, findings);
}

void find_missing_packages(const Picture& picture, std::vector<Finding>& findings) {
    for (const FolderFact& folder : picture.facts().folders) {
        const ServiceFact* const service = picture.service(folder.service);
        if (service == nullptr || !folder.has_package_json || is_running(*service)) continue;
        const LineFact* const line = picture.find_line(
            service->name, [](const std::string& text) { return !package_in(text).empty(); });
        const std::string package = line == nullptr ? "" : package_in(line->text);
        if (folder.not_installed.empty() && package.empty()) continue;
        const bool is_whole = !folder.has_node_modules && !folder.not_installed.empty();
        const bool is_declared =
            std::ranges::find(folder.not_installed, package) != folder.not_installed.end();
        if (!is_whole && package.empty()) continue;
        if (package.empty() && is_about_other_things(*service, picture)) continue;
        Finding finding;
        finding.service = service->name;
        finding.topic = "packages";
        finding.strength = 90;
        finding.confidence = Confidence::sure;
        finding.id = "packages-not-installed";
        const auto linked = std::ranges::find_if(folder.not_linked, [&](const std::string& it) {
            return it.starts_with(package + " (");
        });
        if (!package.empty() && linked != folder.not_linked.end() && !is_whole) {
            finding.id = "package-not-linked";
            finding.what = "The package " + *linked + " that " + service->name +
                           " needs is one of this workspace, and no node_modules has a link to it.";
            const bool is_here = folder.workspace == ".";
            finding.fix = (is_here ? "" : "cd " + folder.workspace + " && ") +
                          folder.install_command + (is_here ? " in the project's directory" : "");
        } else if (is_whole) {
            finding.what = folder.path + "/node_modules does not exist: the packages of " +
                           service->name + " (" + join_for_people(folder.not_installed) +
                           ") are not installed.";
            finding.fix = "cd " + folder.path + " && " + folder.install_command;
        } else if (is_declared) {
            finding.what = "The package " + package + " of " + service->name +
                           " is named in package.json, but not installed.";
            finding.fix = "cd " + folder.path + " && " + folder.install_command;
        } else if (is_of_platform(package)) {
            tell_other_platform(*service, folder, package, finding);
        } else {
            finding.id = "package-not-declared";
            finding.what = service->name + " needs the package " + package +
                           ", which is neither installed nor named in " + folder.path +
                           "/package.json.";
            finding.fix = "cd " + folder.path + " && npm install " + package;
        }
        if (line != nullptr) finding.evidence.push_back(render_line(service->name, *line));
        findings.push_back(std::move(finding));
    }
}

}  // namespace devstack::core::doctor
