// What commands and variables tell of a trouble that a line in a log has only begun to tell: a
// limit that the command itself lowers, a socket that an earlier run has left, a misspelt name.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/logged_ports.hpp"
#include "devstack/core/doctor/shell_status.hpp"

#include "core/doctor/picture.hpp"
#include "core/doctor/runtime_words.hpp"
#include "core/doctor/setting_words.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <regex>

namespace devstack::core::doctor {

namespace {

bool runs(const ServiceFact& service, std::string_view program) {
    return std::ranges::any_of(
        service.words, [&](const std::string& it) { return base_of(it).starts_with(program); });
}

// ---- Limits ------------------------------------------------------------------------------------

/// Who has most connections to a port of the service: "hog (pid 25) has 28 of them".
std::string find_holder(const ServiceFact& service, const Picture& picture) {
    const PeerFact* most = nullptr;
    for (const PeerFact& it : picture.facts().peers) {
        const int port = to_port(it.peer.substr(it.peer.rfind(':') + 1));
        const ServiceFact* const owner = picture.owner_of(port);
        if (owner != &service || (most != nullptr && most->count >= it.count)) continue;
        most = &it;
    }
    constexpr int few = 4;
    if (most == nullptr || most->count < few) return "";
    const ProcessFact* const process = picture.process(most->pid);
    const std::string name =
        process == nullptr || process->service.empty() ? "a process" : process->service;
    return name + " (pid " + std::to_string(most->pid) + ") has " + std::to_string(most->count) +
           " connections to it (" + most->peer + ")";
}

/// Programs and commands that lower their limit of open files themselves.
void correct_open_files(const ServiceFact& service, const Picture& picture, Finding& finding) {
    const std::string limit = render_limit(service, 'n');
    const std::string option = render_option(service, "-c");
    if (!limit.empty()) {
        // Whether it closes too little or may open too little is not known.
        finding.fix = finding.fix.substr(0, finding.fix.find("; for now raise")) + "; or raise " +
                      limit +
                      " (ulimits = { nofile = … } can not help, which the command lowers again)";
    } else if (runs(service, "memcached") && option != "-c") {
        const std::string holder = find_holder(service, picture);
        if (!holder.empty()) finding.evidence.push_back(holder);
        finding.fix = "raise " + option +
                      ", by which memcached sets that limit itself (ulimits = "
                      "{ nofile = … } does not help), or see who keeps so many connections";
    }
}

// ---- Sockets -----------------------------------------------------------------------------------

/// bind(2): EADDRINUSE also where only the file of a socket is left.
void correct_socket(const ServiceFact& service, const Picture& picture, Finding& finding) {
    const bool names_port = contains(finding.what, " on port ");
    std::vector<const ClaimFact*> left;
    for (const ClaimFact& it : picture.facts().claims) {
        if (it.kind == "unix socket" && it.waiter_service == service.name) left.push_back(&it);
    }
    const auto named = std::ranges::find_if(left, [&](const ClaimFact* it) {
        return !finding.evidence.empty() && contains(finding.evidence[0], base_of(it->path));
    });
    const ClaimFact* claim = named != left.end() ? *named : nullptr;
    if (claim == nullptr && left.size() == 1 && service.ports.empty()) claim = left.front();
    if (claim == nullptr || names_port) return;
    finding.id = "socket-stale";
    finding.strength = 86;
    finding.confidence = Confidence::sure;
    finding.what = service.name + " can not listen on the socket " + claim->path +
                   ": the file was left by an earlier run, and nobody listens there.";
    finding.evidence.push_back("connect to " + claim->path + ": connection refused");
    finding.fix = "rm " + claim->path + ", and let " + service.name +
                  " remove it before it listens (unlink), or when it ends";
}

/// A port that the code names, where somebody else listens.
void correct_port(const ServiceFact& service, const Picture& picture, Finding& finding) {
    if (contains(finding.what, " on port ") || finding.id != "port-in-use") return;
    const ListenerFact* holder = nullptr;
    for (const MentionFact& it : picture.facts().mentions) {
        if (it.service != service.name || it.port == 0) continue;
        for (const ListenerFact* listener : picture.listeners_on(it.port)) {
            if (listener->service == service.name) continue;
            if (holder != nullptr && holder->port != listener->port) return;  // Which, is unknown.
            holder = listener;
        }
    }
    if (holder == nullptr) return;
    tell_holder_of_port(
        service, *holder, places_of_port(service.name, holder->port, picture), finding);
}

/// Where the project's own programs name the port: "app.js:3".
std::vector<std::string> places_in_sources(const std::string& service,
                                           int port,
                                           const Picture& picture) {
    static const std::regex source{
        R"(\.(?:go|py|[cm]?js|jsx|tsx?|rb|ru|php|java|kt|cs|rs|pl|pm|psgi|exs?|c|cpp):\d+$)"};
    std::vector<std::string> places;
    for (const MentionFact& it : picture.facts().mentions) {
        const bool is_it = it.service == service && it.port == port;
        if (is_it && std::regex_search(it.where, source)) places.push_back(it.where);
    }
    return places;
}

/// It fails by it at each start, and nobody holds the port in between.
void correct_own_port(const ServiceFact& service, const Picture& picture, Finding& finding) {
    static const std::regex told{R"(can not listen on port (\d+): it was in use)"};
    std::smatch found;
    constexpr int often = 2;
    if (service.restarts < often || !std::regex_search(finding.what, found, told)) return;
    if (!picture.listeners_on(to_port(found[1].str())).empty()) return;
    finding.fix = "nobody holds it between its runs, so that it is " + service.name +
                  " itself, as a rule: see whether it listens twice (grep -rn \"listen(\" in " +
                  folder_of(service, picture) + "), in a module that it imports, say";
    constexpr std::size_t places_max = 4;
    const auto places = places_in_sources(service.name, to_port(found[1].str()), picture);
    if (places.size() < 2 || places.size() > places_max) return;
    finding.what = service.name + " can not listen on port " + found[1].str() +
                   ": nobody holds it between its runs, so that " + service.name +
                   " listens there twice itself, as a rule; " + found[1].str() + " stands in " +
                   join_for_people(places) + ".";
    finding.fix = "let only one of them listen (" + join_for_people(places) +
                  "): a module that others import must not listen by itself";
}

// ---- Names -------------------------------------------------------------------------------------

/// One letter is another one, too much or missing; digits tell names apart on purpose.
bool differs_by_letter(const std::string& a, const std::string& b) {
    const std::string& longer = a.size() >= b.size() ? a : b;
    const std::string& other = a.size() >= b.size() ? b : a;
    if (longer.size() - other.size() > 1 || a == b) return false;
    const auto at =
        static_cast<std::size_t>(std::ranges::mismatch(longer, other).in1 - longer.begin());
    const std::size_t rest = longer.size() == other.size() ? at + 1 : at;
    const bool is_digit = at < longer.size() && longer[at] >= '0' && longer[at] <= '9';
    return !is_digit && longer.substr(at + 1) == other.substr(std::min(rest, other.size()));
}

void correct_name(const ServiceFact& service, Finding& finding) {
    constexpr std::string_view topic = "variable ";
    constexpr std::size_t size_min = 5;
    if (finding.id != "variable-missing" || !finding.topic.starts_with(topic)) return;
    const std::string name = finding.topic.substr(topic.size());
    if (name.size() < size_min) return;
    for (const VariableFact& it : service.variables) {
        if (!differs_by_letter(name, it.name)) continue;
        finding.id = "variable-misspelt";
        finding.what = name + " is not set for " + service.name + ": " + it.where + " says " +
                       it.name + ", which is probably meant to be it.";
        finding.fix = "rename " + it.name + " to " + name + " in " + it.where;
        return;
    }
}

void correct_node_name(const ServiceFact& service, const Picture& picture, Finding& finding) {
    static const std::regex taken{R"(the name (\S+) is taken)"};
    std::smatch found;
    if (!std::regex_search(finding.what, found, taken)) return;
    const std::string name = found[1].str();
    for (const ServiceFact& it : picture.facts().services) {
        if (it.name == service.name || it.pid == 0 || !contains(it.command, name)) continue;
        finding.strength = 84;
        finding.what = service.name + " and " + it.name + " (pid " + std::to_string(it.pid) +
                       ") both want to be the Erlang node " + name + ", and " + it.name + " is it.";
        finding.fix = "give each a name of its own: --sname (-sname of erl) in the command of " +
                      service.name + declared_at(service) + " or " + it.name + declared_at(it);
        return;
    }
}

/// "… from 'shop.models' (/tmp/old/src/shop/models.py)": PYTHONPATH leads to another copy.
void correct_copy(const ServiceFact& service, const Picture& picture, Finding& finding) {
    static const std::regex from{R"(cannot import name '(\w+)' from '([\w.]+)' \((/[^)]+)\))"};
    const auto path = std::ranges::find(service.variables, "PYTHONPATH", &VariableFact::name);
    std::smatch found;
    if (path == service.variables.end() || finding.evidence.empty() ||
        !std::regex_search(finding.evidence[0], found, from)) {
        return;
    }
    const std::string file = found[3].str();
    const std::string& project = picture.facts().project_dir;
    if (!project.empty() && file.starts_with(project + "/")) return;
    std::string folder;
    for (std::size_t at = 0; at <= path->value.size();) {
        const auto end = std::min(path->value.find(':', at), path->value.size());
        const std::string part = path->value.substr(at, end - at);
        if (part.starts_with('/') && file.starts_with(part)) folder = part;
        at = end + 1;
    }
    if (folder.empty()) return;
    finding.id = "python-other-copy";
    finding.strength = 74;
    finding.what = service.name + " imports " + found[1].str() + " from " + found[2].str() +
                   ", which PYTHONPATH (" + path->where + ") lets it take from " + folder +
                   ", outside of the project, and which has no such name there.";
    finding.fix = "take " + folder + " out of PYTHONPATH in " + path->where +
                  ", if the project's own " + found[2].str() +
                  " is meant; else bring it up to date";
}

// ---- PHP-FPM -----------------------------------------------------------------------------------

/// Its pools clear the environment, if clear_env is not turned off (php.net, FPM configuration).
void look_for_cleared_variables(const ServiceFact& service,
                                const Picture& picture,
                                std::vector<Finding>& findings) {
    if (!runs(service, "php-fpm") || !picture.is_suspect(service)) return;
    for (const VariableFact& variable : service.variables) {
        if (variable.is_empty) continue;
        const std::regex missed{"(?:\\b" + variable.name +
                                "\\b['\"]? (?:is )?(?:not set|missing|not defined|required|must be "
                                "set|undefined)|Undefined (?:array key|index:?) ['\"]?" +
                                variable.name + "\\b)"};
        const LineFact* const line = picture.find_line(service.name, [&](const std::string& it) {
            return contains(it, variable.name) && std::regex_search(it, missed);
        });
        if (line == nullptr) continue;
        Finding finding;
        finding.id = "php-fpm-clears-variables";
        finding.service = service.name;
        finding.topic = "variable " + variable.name;
        finding.strength = 80;
        finding.what = "PHP-FPM keeps the variables of " + service.name +
                       " from PHP, as it does by default: " + variable.name + " (" +
                       variable.where + ") is set, and PHP does not get it.";
        finding.evidence = {render_line(service.name, *line)};
        finding.fix = "clear_env = no in the pool of its configuration (or env[" + variable.name +
                      "] = $" + variable.name + "), and devstack restart " + service.name;
        findings.push_back(std::move(finding));
        return;
    }
}

// ---- Runtimes ----------------------------------------------------------------------------------

/// What the Erlang VM has for itself says nothing of the program.
void leave_out_erlang_threads(const ServiceFact& service,
                              const Picture& picture,
                              Finding& finding) {
    static const std::regex own{
        R"(^thread (?:sys_\w+|async_\d+|erts_\w+|\d+_\w*scheduler|\d+_aux\w*|\d+_dirty_\w+) )"};
    const auto is_vm = [](const ProcessFact* it) { return it->name.starts_with("beam"); };
    const auto processes = picture.processes_of(service.name);
    const auto vm = std::ranges::find_if(processes, is_vm);
    if (vm == processes.end()) return;
    std::erase_if(finding.evidence,
                  [](const std::string& it) { return std::regex_search(it, own); });
    const bool is_hang = finding.id == "accepts-and-never-answers";
    if (is_hang && !contains(finding.fix, "iex")) finding.fix += "; " + profiler_for(**vm);
}

/// docs.gunicorn.org/en/stable/settings.html: one worker, of the class sync.
void explain_single_worker(const ServiceFact& service, Finding& finding) {
    const bool is_hang =
        finding.id == "requests-stuck" || finding.id == "accepts-and-never-answers";
    const bool is_gunicorn = std::ranges::any_of(
        service.words, [](const std::string& it) { return base_of(it) == "gunicorn"; });
    if (!is_hang || !is_gunicorn) return;
    const bool is_default = std::ranges::none_of(service.words, [](const std::string& it) {
        return it.starts_with("-w") || it.starts_with("--workers") || it.starts_with("-k") ||
               it.starts_with("--worker-class") || it.starts_with("--threads") ||
               it.starts_with("-c") || it.starts_with("--config");
    });
    const bool is_set = std::ranges::any_of(service.variables, [](const VariableFact& it) {
        return it.name == "WEB_CONCURRENCY" || it.name == "GUNICORN_CMD_ARGS";
    });
    if (!is_default || is_set) return;
    finding.evidence.push_back("the command of " + service.name + declared_at(service) +
                               " gives gunicorn its default, one worker that takes one request "
                               "after the other: a long one keeps all others waiting");
    finding.fix =
        "-w 4, or for answers that last (streams, slow calls) -k gthread --threads 8, in "
        "the command of " +
        service.name + "; " + finding.fix;
}

/// net/http: a connection is closed without a word when WriteTimeout is over.
void explain_silent_close(const ServiceFact& service, const Picture& picture, Finding& finding) {
    const DialFact* const asked = picture.dial("asked");
    constexpr double soon = 0.3;
    const bool is_closed = asked != nullptr && asked->seconds >= soon &&
                           asked->error == "closed the connection without an answer";
    if (finding.id != "request-fails" || !is_closed) return;
    finding.evidence.push_back("it was closed after " + seconds_text(asked->seconds));
    const auto processes = picture.processes_of(service.name);
    const bool is_go =
        std::ranges::any_of(processes, [](const ProcessFact* it) { return it->runtime == "go"; });
    if (!is_go || picture.has_just_failed(service)) return;
    const std::string places = places_of_file(service.name, "WriteTimeout", picture);
    finding.fix = "see WriteTimeout of its http.Server" + (places.empty() ? "" : " in " + places) +
                  ": a handler that needs longer is cut off by it without a line in the log; "
                  "otherwise " +
                  finding.fix;
}

// ---- Limits of the kernel ----------------------------------------------------------------------

void tell_inotify_holder(const Picture& picture, Finding& finding) {
    for (const ClaimFact& it : picture.facts().claims) {
        if (it.kind != "inotify instances") continue;
        const std::string pid = std::to_string(it.pid);
        const std::string who = it.service.empty() ? it.command : it.service;
        finding.evidence.push_back(who + " (pid " + pid + ") has " + it.path + " of " +
                                   std::to_string(picture.facts().machine.instances_max) +
                                   " (find /proc/" + pid +
                                   "/fd -lname anon_inode:inotify | wc -l)");
        finding.fix = "end what has so many: " + who + " (pid " + pid + "); or sudo sysctl " +
                      "fs.inotify.max_user_instances=512; ulimits.nofile does not help";
    }
}

/// The error that a program has ended by is more than that its status is hidden.
void join_hidden_end(const ServiceFact& service,
                     Finding& finding,
                     const std::vector<Finding>& findings) {
    if (finding.id != "ended-by-exception") return;
    const bool is_hidden = std::ranges::any_of(findings, [&](const Finding& it) {
        return it.id == "status-hidden" && it.service == finding.service;
    });
    if (!is_hidden) return;
    finding.topic = "end";
    finding.evidence.push_back("the status 0 is that of " +
                               find_hidden_status(script_of(service.command)) + " in its command" +
                               declared_at(service));
}

/// What has done its work is not why a request fails that is answered.
bool has_nothing_to_do_with_request(const ServiceFact& service,
                                    const Finding& finding,
                                    const Picture& picture) {
    constexpr std::array<std::string_view, 3> ids{
        "exits-at-once", "status-hidden", "service-not-running"};
    const DialFact* const asked = picture.dial("asked");
    constexpr int first_error = 400;
    const bool is_answered = asked != nullptr && asked->error.empty() && asked->status > 0 &&
                             asked->status < first_error && !asked->is_unexpected;
    const bool is_done = service.has_exited && service.exit_code == 0 && service.exit_signal == 0 &&
                         service.ports.empty();
    return is_answered && is_done && std::ranges::find(ids, finding.id) != ids.end() &&
           std::ranges::none_of(picture.facts().services,
                                [&](const ServiceFact& it) { return picture.needs(it, service); });
}

}  // namespace

void find_what_settings_tell(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services)
        look_for_cleared_variables(service, picture, findings);
    for (Finding& finding : findings) {
        const ServiceFact* const service = picture.service(finding.service);
        if (service == nullptr) continue;
        if (has_nothing_to_do_with_request(*service, finding, picture)) finding.is_minor = true;
        join_hidden_end(*service, finding, findings);
        explain_single_worker(*service, finding);
        if (finding.id == "too-many-open-files") correct_open_files(*service, picture, finding);
        if (finding.id == "port-in-use") correct_socket(*service, picture, finding);
        correct_port(*service, picture, finding);
        if (finding.id == "port-in-use") correct_own_port(*service, picture, finding);
        correct_name(*service, finding);
        if (finding.id == "inotify-instances") tell_inotify_holder(picture, finding);
        leave_out_erlang_threads(*service, picture, finding);
        explain_silent_close(*service, picture, finding);
        if (finding.id == "erlang-name-in-use") correct_node_name(*service, picture, finding);
        if (finding.id == "python-import-name") correct_copy(*service, picture, finding);
    }
}

}  // namespace devstack::core::doctor
