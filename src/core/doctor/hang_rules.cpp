// A process that is there and does not answer.

#include "devstack/base/text.hpp"

#include "core/doctor/blocking_calls.hpp"
#include "core/doctor/goroutines.hpp"
#include "core/doctor/picture.hpp"
#include "core/doctor/runtime_words.hpp"
#include "core/doctor/threads.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace devstack::core::doctor {

namespace {

bool has_no_answer(const DialFact& dial) {
    const bool is_waiting = dial.stage == "first byte" || dial.stage == "send" ||
                            dial.stage == "tls" || dial.stage == "body";
    return is_waiting && dial.error == "no answer";
}

/// "3 threads in futex, 1 in epoll_wait".
std::string count_threads(int pid, const Picture& picture) {
    std::map<std::string, int> counted;
    for (const ThreadFact& it : picture.facts().threads) {
        if (it.pid != pid) continue;
        const std::string call = it.system_call.empty() ? it.wait_channel : it.system_call;
        if (!call.empty() && call != "0") ++counted[it.state == "R" ? "running" : call];
    }
    std::vector<std::string> texts;
    texts.reserve(counted.size());
    for (const auto& [call, count] : counted)
        texts.push_back(std::to_string(count) + " in " + call);
    return join(texts, ", ");
}

/// The process of the service that listens where it was dialled.
const ProcessFact* find_server(const ServiceFact& service, int port, const Picture& picture) {
    for (const ListenerFact* it : picture.listeners_on(port)) {
        if (it->service == service.name) return picture.process(it->pid);
    }
    return picture.process(service.pid);
}

const ProcessFact* find_busiest(const ServiceFact& service, const Picture& picture) {
    const ProcessFact* busiest = nullptr;
    double most = 0;
    for (const ProcessFact* it : picture.processes_of(service.name)) {
        const double wanted = percent_wanted(*it, picture);
        if (wanted < busy_percent || wanted <= most) continue;
        busiest = it;
        most = wanted;
    }
    return busiest;
}

/// Where it is in the program. On the stack of an interpreter there is the interpreter.
std::vector<std::string> program_frames(const ThreadFact& thread, const ProcessFact& process) {
    const bool is_program = process.runtime.empty() || process.runtime == thread.language;
    return is_program ? telling_frames(thread) : std::vector<std::string>{};
}

void add_thread_evidence(const ProcessFact& process, const Picture& picture, Finding& finding) {
    const std::string threads = count_threads(process.pid, picture);
    if (!threads.empty()) {
        finding.evidence.push_back("threads of pid " + std::to_string(process.pid) + ": " +
                                   threads);
    }
    std::size_t shown = 0;
    for (const ThreadFact& it : picture.facts().threads) {
        constexpr std::size_t shown_max = 3;
        constexpr std::size_t frames_max = 4;
        auto frames = program_frames(it, process);
        const bool is_telling = !frames.empty() || !it.peer.empty();
        if (it.pid != process.pid || !is_telling || ++shown > shown_max) continue;
        std::string text = name_of(it) + (it.state == "R" ? " runs" : " waits");
        if (!it.peer.empty()) text += " for " + it.peer + " (" + it.system_call + ")";
        if (!frames.empty()) text += " in " + render_calls(frames, frames_max);
        finding.evidence.push_back(text);
    }
    for (const ListenerFact& it : picture.facts().listeners) {
        if (it.pid == process.pid && it.accept_queue > 0) {
            finding.evidence.push_back(
                count_of(static_cast<std::size_t>(it.accept_queue), "connection") + " to port " +
                std::to_string(it.port) + " wait to be accepted");
        }
    }
}

/// It answers as a rule, later than it is given time for: it has also answered since it is thought
/// to be unwell.
bool answers_late(const ServiceFact& service, const DialFact& dial, const Picture& picture) {
    const std::string path = dial.path.substr(0, dial.path.find('?'));
    const LineFact* const line =
        path.size() < 2 ? nullptr : picture.find_line(service.name, [&](const std::string& text) {
            return contains(text, path) && contains(text, " 200");
        });
    if (line == nullptr || service.phase == "ready") return false;
    if (!service.has_been_ready) return true;
    return picture.seconds_since(line->time) < service.phase_seconds;
}

/// The only one that it has connections to, where a request waits for an answer.
std::string find_awaited_by_go(const ProcessFact& process, const Picture& picture) {
    const auto goroutines = goroutines_of(process, picture);
    const Goroutine* const waiting = find_waiting(goroutines);
    const bool is_for_answer =
        waiting != nullptr && (waiting->state.starts_with("IO wait") ||
                               waiting->is_in("net/http.(*persistConn).roundTrip"));
    const PeerFact* only = nullptr;
    for (const PeerFact& it : picture.facts().peers) {
        if (it.pid != process.pid) continue;
        if (only != nullptr) return "";
        only = &it;
    }
    if (!is_for_answer || only == nullptr) return "";
    const ServiceFact* const owner = picture.owner_of(port_of_peer(only->peer));
    return owner == nullptr ? only->peer : owner->name + " (" + only->peer + ")";
}

/// Whom its threads wait for: "cache (127.0.0.1:6379)"; empty when that can not be told. Clients of
/// it are waited for too.
std::string find_awaited(const ProcessFact& process, const Picture& picture) {
    for (const ThreadFact& it : picture.facts().threads) {
        const int port = port_of_peer(it.peer);
        const bool is_server = !picture.listeners_on(port).empty() || picture.owner_of(port);
        if (it.pid != process.pid || it.peer.empty() || !is_server) continue;
        const ServiceFact* const owner = picture.owner_of(port);
        return owner == nullptr ? it.peer : owner->name + " (" + it.peer + ")";
    }
    return process.runtime == "go" ? find_awaited_by_go(process, picture) : "";
}

/// "find_route (routes.c:83)"; of an interpreted program with what it was called by.
std::string render_place(const ThreadFact& thread, const ProcessFact& process) {
    constexpr std::size_t shown_max = 2;
    const auto frames = program_frames(thread, process);
    const bool is_native = thread.language.empty() && !frames.empty();
    return is_native ? place_of(thread) : render_calls(frames, shown_max);
}

/// "main.quote (quotes.go:31), where it waits to receive from a channel".
std::string place_of_request(const ProcessFact& process, const Picture& picture) {
    const auto goroutines = goroutines_of(process, picture);
    const Goroutine* const waiting = find_waiting(goroutines);
    if (waiting == nullptr) return "";
    return waiting->frames.front().text() + ", where it " + describe_wait(*waiting);
}

/// The last place that was seen of a thread that runs, or of one that waits: the main thread, which
/// serves where there is an event loop, else the youngest, which was made for a request.
std::string find_place(const ProcessFact& process, bool is_running, const Picture& picture) {
    if (process.runtime == "go" && !is_running) return place_of_request(process, picture);
    std::string youngest;
    for (const ThreadFact& it : picture.facts().threads) {
        if (it.pid != process.pid || (it.state == "R") != is_running) continue;
        std::string place = render_place(it, process);
        if (place.empty()) continue;
        if (is_running || it.thread == process.pid) return place;
        youngest = std::move(place);
    }
    return youngest;
}

/// ", in find_route (routes.c:83)".
std::string where_it_runs(const ProcessFact& process, const Picture& picture) {
    const std::string place = find_place(process, true, picture);
    return place.empty() ? "" : ", in " + place;
}

/// Of a server that has forked its workers (gunicorn, a cluster of Node.js) the one that hangs: the
/// first process only looks after the others.
const ProcessFact* find_worker(const ServiceFact& service,
                               const ProcessFact* server,
                               const Picture& picture) {
    const auto is_at_work = [&](const ProcessFact& process) {
        return !process.runtime.empty() && (!find_place(process, false, picture).empty() ||
                                            !find_awaited(process, picture).empty());
    };
    if (server == nullptr || is_at_work(*server)) return server;
    for (const ProcessFact* process : picture.processes_of(service.name)) {
        if (is_at_work(*process)) return process;
    }
    return server;
}

/// A server of Python that takes one request after the other in each worker, by its command (WSGI):
/// libraries of brokers and databases may have an epoll(7) of their own.
bool is_synchronous(const ProcessFact& server) {
    constexpr std::array<std::string_view, 7> asynchronous{
        "uvicorn", "hypercorn", "daphne", "gevent", "eventlet", "tornado", "aiohttp"};
    constexpr std::array<std::string_view, 8> servers{
        "gunicorn", "flask", "runserver", "waitress", "uwsgi", "mod_wsgi", "celery", "wsgiref"};
    const auto has = [&](std::string_view word) { return contains(server.command, word); };
    return server.runtime == "python" && std::ranges::any_of(servers, has) &&
           std::ranges::none_of(asynchronous, has);
}

/// The main thread of a server with an event loop, where it waits in anything but the loop.
const ThreadFact* find_blocked_loop(const ProcessFact* server, const Picture& picture) {
    const bool has_loop =
        server != nullptr && server->has_event_loop && !is_synchronous(*server) &&
        (server->runtime == "python" || server->runtime == "node" || server->runtime == "ruby");
    if (!has_loop) return nullptr;
    constexpr std::array<std::string_view, 10> calls{"nanosleep",
                                                     "recvfrom",
                                                     "sendto",
                                                     "connect",
                                                     "read",
                                                     "write",
                                                     "wait4",
                                                     "waitid",
                                                     "flock",
                                                     "openat"};
    const auto& threads = picture.facts().threads;
    const auto main = std::ranges::find_if(threads, [&](const ThreadFact& it) {
        return it.pid == server->pid && it.thread == server->pid && it.state != "R";
    });
    if (main == threads.end()) return nullptr;
    // What waits for something to do has no frames of the program's.
    const bool is_in_program = !program_frames(*main, *server).empty();
    const bool is_blocked =
        std::ranges::find(calls, std::string_view{main->system_call}) != calls.end() ||
        (is_in_program && (main->system_call == "poll" || main->system_call == "select" ||
                           main->system_call == "epoll_wait"));
    return is_blocked ? &*main : nullptr;
}

/// "sleeps", "waits for rates (127.0.0.1:47112)".
std::string what_it_does(const ThreadFact& thread, const std::string& peer) {
    if (thread.system_call == "nanosleep") return "sleeps";
    if (!peer.empty()) return "waits for " + peer;
    // In another event loop than its own: that of execSync and its like.
    const bool is_for_child =
        thread.system_call.starts_with("wait") || thread.system_call == "epoll_wait";
    if (is_for_child) return "waits for a child process to end";
    return "waits";
}

/// What a main thread does rather than wait for events.
struct Block {
    const ThreadFact& thread;
    std::string peer;   ///< Whom it waits for; empty: not known.
    std::string place;  ///< In the program; empty: not known.
};

void tell_blocked_loop(const ServiceFact& service,
                       const std::string& endpoint,
                       const ProcessFact& server,
                       const Block& block,
                       Finding& finding) {
    finding.id = "event-loop-blocked";
    finding.strength = 84;
    finding.confidence = Confidence::sure;
    finding.what = "The event loop of " + service.name + " (" + server.command + ", pid " +
                   std::to_string(server.pid) +
                   ") is blocked by a synchronous call: its main "
                   "thread " +
                   what_it_does(block.thread, block.peer) + " (" + block.thread.system_call + ")" +
                   (block.place.empty() ? "" : " in " + block.place) +
                   " rather than wait for events, so that nothing on " + endpoint +
                   " is answered meanwhile.";
    const bool is_python = server.runtime == "python";
    finding.fix = std::string{"use the asynchronous form of that call"} +
                  (is_python ? " (asyncio.sleep, an asynchronous client), or run it in a thread: "
                               "await asyncio.to_thread(…)"
                             : ", or run it in a worker") +
                  (block.place.empty() ? "; to see where it is: " + profiler_for(server) : "");
}

/// `peer` is "rates (127.0.0.1:47112)".
void blame_awaited(const ServiceFact& service,
                   const std::string& peer,
                   const Picture& picture,
                   Finding& finding) {
    const ServiceFact* const awaited = picture.service(peer.substr(0, peer.find(' ')));
    if (awaited != nullptr && awaited->name != service.name) finding.blames = {awaited->name};
}

/// In an event loop that waits for events, with nothing of the program's on its stack.
bool is_idle(const ProcessFact& server, const Picture& picture) {
    return server.has_event_loop && server.cpu_percent < busy_percent &&
           std::ranges::any_of(picture.facts().threads, [&](const ThreadFact& it) {
               return it.pid == server.pid && it.thread == server.pid &&
                      it.system_call == "epoll_wait" && it.peer.empty() &&
                      program_frames(it, server).empty();
           });
}

/// A server that has no worker left for the answer that its own handler waits for. `held` is the
/// beginning of the sentence.
void tell_waits_for_itself(const std::string& held,
                           const std::string& endpoint,
                           const ProcessFact& server,
                           const Picture& picture,
                           Finding& finding) {
    const std::string place = find_place(server, false, picture);
    finding.id = "waits-for-itself";
    finding.strength = 84;
    finding.what = held + "it waits for an answer of itself (" + endpoint + ")" +
                   (place.empty() ? "" : " in " + place) +
                   ", and none of its workers is free to give it.";
    const bool is_php = server.name.starts_with("php") && contains(server.command, " -S");
    finding.fix =
        (place.empty() ? "answer without asking itself" : "do not ask its own port in " + place) +
        ", or run more workers or threads" +
        (is_php ? " (PHP_CLI_SERVER_WORKERS=4 in its environment)" : "");
}

/// "127.0.0.1:8089", where what is awaited is the service itself; else empty.
std::string endpoint_of_itself(const ServiceFact& service, const std::string& peer) {
    const std::string beginning = service.name + " (";
    if (!peer.starts_with(beginning)) return "";
    return peer.substr(beginning.size(), peer.size() - beginning.size() - 1);
}

/// Its collectors of garbage are all that works.
void tell_full_heap(const ServiceFact& service,
                    const std::string& where,
                    const ProcessFact& process,
                    double percent,
                    Finding& finding) {
    finding.id = "heap-exhausted";
    finding.strength = 83;
    finding.what =
        service.name + " (" + process.command + ", pid " + std::to_string(process.pid) +
        ") answers nothing on " + where + ": it is busy collecting garbage, which takes " +
        std::to_string(static_cast<int>(percent)) + " % of a CPU: its heap is all but full.";
    finding.fix = "see what fills it (jcmd " + std::to_string(process.pid) +
                  " GC.class_histogram), or give it more (-Xmx); devstack restart " + service.name +
                  " for now";
}

/// An event loop that has nothing to do, with a request that nobody answers.
std::string describe_idle(const ProcessFact& server) {
    if (server.talks_to_nobody) {
        return ", although its event loop is idle and it is connected to no other server: the "
               "handler waits for a timer, or for something that never comes (a middleware that "
               "neither answers nor calls next(), a promise or message that nobody settles)";
    }
    return ", although its event loop is idle: the handler waits for something that has not come "
           "(a "
           "promise, a callback, a connection of a pool)";
}

/// Of a request that somebody asks about, and that was not waited for as long as people do.
bool may_be_slow(const DialFact& dial) {
    constexpr double patient_seconds = 5;
    return dial.purpose != "probe" && dial.seconds < patient_seconds;
}

void tell_no_answer(const ServiceFact& service,
                    const DialFact& dial,
                    const ProcessFact* server,
                    const Picture& picture,
                    Finding& finding) {
    const bool is_interpreted = server != nullptr && !server->runtime.empty();
    const std::string peer = server == nullptr ? "" : find_awaited(*server, picture);
    const std::string place = is_interpreted ? find_place(*server, false, picture) : "";
    // A probe is asked again and again; of one request it is known that others are answered.
    const bool is_lost = dial.purpose != "probe" && peer.empty() && place.empty() &&
                         server != nullptr && is_idle(*server, picture);
    finding.is_symptom = true;
    finding.id = "accepts-and-never-answers";
    const std::string where = place.empty() ? "" : " in " + place;
    const std::string begin =
        service.name + " accepts connections on " + render_endpoint(dial.host, dial.port);
    const std::string time = seconds_text(std::min(dial.timeout, dial.seconds));
    finding.fix =
        "look at what the handler of " + dial.path +
        " waits for (devstack doctor --wait gives it more time" +
        (is_interpreted && place.empty() ? "; " + profiler_for(*server) + " shows where it is"
                                         : "") +
        ")" + (dial.purpose == "probe" ? "; devstack restart " + service.name + " for now" : "");
    if (may_be_slow(dial)) {
        finding.what = begin + ", and has not answered " + dial.path + " within " + time;
        if (!peer.empty()) finding.what += ", while it waits for an answer of " + peer + where;
        if (peer.empty() && !where.empty()) finding.what += ", while it waits" + where;
        if (is_lost) finding.what += describe_idle(*server);
        finding.what += "; whether it hangs or only takes longer, devstack doctor --wait tells.";
        finding.is_open = peer.empty();
        return;
    }
    finding.what = begin + ", and gives no answer to " + dial.path + " within " + time + ": it " +
                   (peer.empty() ? "hangs" : "waits for an answer of " + peer) +
                   (is_lost ? describe_idle(*server) : "") + where +
                   (dial.purpose == "probe" ? ", or answers after longer than the timeout of " +
                                                  seconds_text(service.probe_timeout) + "."
                                            : ", or needs longer than that.");
}

/// What hangs is behind it.
bool is_proxy(const ServiceFact& service) {
    constexpr std::array<std::string_view, 7> programs{
        "nginx", "haproxy", "caddy", "apache2", "httpd", "traefik", "envoy"};
    return !service.words.empty() &&
           std::ranges::find(programs, base_of(service.words.front())) != programs.end();
}

/// Its probe, or else the request that somebody asks about, past a proxy if there is one.
const DialFact* find_unanswered(const ServiceFact& service, const Picture& picture) {
    const DialFact* const probe = picture.probe(service);
    if (probe != nullptr && has_no_answer(*probe)) return probe;
    const DialFact* const behind = picture.dial("past nginx: asked");
    const DialFact* const asked = behind != nullptr ? behind : picture.dial("asked");
    if (asked == nullptr || !has_no_answer(*asked) || !is_local(asked->host)) return nullptr;
    constexpr double patience_min = 0.3;  // Less was left for it than many answers take.
    if (asked->seconds < patience_min) return nullptr;
    const bool is_it = picture.owner_of(asked->port) == &service && !is_proxy(service);
    return is_it ? asked : nullptr;
}

void look_at_silence(const ServiceFact& service,
                     const Picture& picture,
                     std::vector<Finding>& findings) {
    const DialFact* const dial = find_unanswered(service, picture);
    if (dial == nullptr || !picture.is_alive(service)) return;
    if (has_lost_worker_to_error(service, picture)) return;
    const ProcessFact* const server =
        find_worker(service, find_server(service, dial->port, picture), picture);
    const ProcessFact* const busy = find_busiest(service, picture);
    const std::string peer = server == nullptr ? "" : find_awaited(*server, picture);
    const std::string where = render_endpoint(dial->host, dial->port);
    const std::string time = seconds_text(std::min(dial->timeout, dial->seconds));
    Finding finding;
    finding.service = service.name;
    finding.topic = "hang";
    finding.strength = 75;
    finding.evidence = {render_request(*dial) + ": no answer within " + time +
                        " (connected, request sent)"};
    if (busy != nullptr) {
        const std::string place = where_it_runs(*busy, picture);
        finding.id = "spins";
        finding.strength = 83;
        finding.confidence = Confidence::sure;
        const bool may_end = may_be_slow(*dial);
        if (may_end) finding.confidence = Confidence::probable;
        finding.what = service.name + " (" + busy->command + ", pid " + std::to_string(busy->pid) +
                       (may_end ? ") has not answered " + dial->path + " within " + time +
                                      ", and works on it, or is in an endless loop: "
                                : ") is busy in an endless loop, or close to it, and answers "
                                  "nothing on " +
                                      where + ": ") +
                       describe_busy(*busy, picture) +
                       (contains(busy->command, "node") ? ", so its event loop is blocked" : "") +
                       place + ".";
        finding.fix = "devstack restart " + service.name +
                      (place.empty() ? "; to see where it is: " + profiler_for(*busy) : "");
        tell_blocking_call(service, find_place(*busy, true, picture), picture, finding);
    } else if (server != nullptr && percent_of_collectors(*server, picture) >= busy_percent) {
        const double percent = percent_of_collectors(*server, picture);
        tell_full_heap(service, where, *server, percent, finding);
    } else if (const std::string own = endpoint_of_itself(service, peer); !own.empty()) {
        const std::string held =
            service.name + " gives no answer to " + dial->path + " within " + time + ": ";
        tell_waits_for_itself(held, own, *server, picture, finding);
    } else if (const ThreadFact* blocked = find_blocked_loop(server, picture)) {
        const Block block{*blocked, peer, find_place(*server, false, picture)};
        tell_blocked_loop(service, where, *server, block, finding);
        blame_awaited(service, block.peer, picture, finding);
    } else if (answers_late(service, *dial, picture)) {
        finding.is_symptom = true;
        finding.id = "answers-too-late";
        finding.what = service.name + " accepts connections on " + where + " and answers " +
                       dial->path +
                       ", but slower than its probe waits: longer than the timeout of " +
                       seconds_text(service.probe_timeout) + ".";
        finding.fix = "make " + dial->path + " faster, or raise health.timeout of " + service.name;
    } else {
        tell_no_answer(service, *dial, server, picture, finding);
    }
    // Its own probe waits longer than we do, and was content: we may be the ones that are late.
    const bool is_doubtful = busy == nullptr && service.phase == "ready" &&
                             dial->timeout < service.probe_timeout && picture.is_machine_busy();
    if (is_doubtful) finding.confidence = Confidence::doubtful;
    if (server != nullptr) add_thread_evidence(*server, picture, finding);
    if (!service.last_answer.empty())
        finding.evidence.push_back("last probe: " + service.last_answer);
    if (dial->purpose != "probe" && finding.id == "accepts-and-never-answers") {
        finding.topic = "asked";  // No more than what was asked about, told with what is seen.
        finding.strength = cause_strength_min - 1;
    }
    findings.push_back(std::move(finding));
}

// ---- Requests that hang while others are answered

/// In its own code, as far as can be seen: also what has nothing to do waits in a futex(2).
bool waits_for_lock(const ThreadFact& thread, const ProcessFact& process) {
    if (thread.system_call != "futex") return false;
    if (!process.runtime.empty()) return !program_frames(thread, process).empty();
    return thread.lock_owner != 0 || is_at_lock(thread);
}

/// "; 3 threads of it wait for a lock (futex), which looks like a deadlock". Where a thread runs,
/// an interpreter's others wait for it to give way.
std::string tell_what_it_does(const ServiceFact& service,
                              const ProcessFact& server,
                              const Picture& picture) {
    const ProcessFact* const busy = find_busiest(service, picture);
    if (busy != nullptr && busy->pid == server.pid) {
        return "; " + describe_busy(*busy, picture) + where_it_runs(*busy, picture);
    }
    std::size_t waiting = 0;
    std::string place = server.runtime.empty() ? "" : find_place(server, false, picture);
    for (const ThreadFact& it : picture.facts().threads) {
        if (it.pid != server.pid || !waits_for_lock(it, server)) continue;
        ++waiting;
        if (server.runtime.empty()) place = render_place(it, server);
    }
    if (waiting == 0) return "";
    return "; " + count_of(waiting, "thread") + (waiting == 1 ? " of it waits" : " of it wait") +
           " for a lock (futex)" + (place.empty() ? "" : ", in " + place) +
           ", which looks like a deadlock";
}

/// For a lock, in its own code, or at a connection of its own.
bool waits_for_somebody(const ProcessFact& server, const Picture& picture) {
    return std::ranges::any_of(picture.facts().threads, [&](const ThreadFact& it) {
        return it.pid == server.pid && (!it.peer.empty() || waits_for_lock(it, server));
    });
}

/// Few requests that go on although their clients have gone, while others are accepted and nothing
/// is seen to wait: they may just take long.
bool may_be_at_work(const ServiceFact& service,
                    const ConnectionFact& connection,
                    const ProcessFact& server,
                    const Picture& picture) {
    constexpr int few = 3;
    const auto listeners = picture.listeners_on(connection.port);
    const bool is_accepting = std::ranges::all_of(
        listeners, [](const ListenerFact* it) { return it->accept_queue == 0; });
    return connection.count < few && is_accepting && picture.is_well(service) &&
           !waits_for_somebody(server, picture) && find_busiest(service, picture) == nullptr;
}

/// Clients that gave up, and whose connections the service has not let go: their requests are still
/// being worked on.
void look_at_stuck_requests(const ServiceFact& service,
                            const Picture& picture,
                            std::vector<Finding>& findings) {
    if (has_lost_worker_to_error(service, picture)) return;
    for (const ConnectionFact& it : picture.facts().connections) {
        if (it.service != service.name || it.state == "established") continue;
        const ProcessFact* const server = find_worker(service, picture.process(it.pid), picture);
        if (server == nullptr) continue;
        if (it.state == "dead") continue;  // By itself that may as well be a leak.
        if (may_be_at_work(service, it, *server, picture)) continue;
        Finding finding;
        finding.id = "requests-stuck";
        finding.service = service.name;
        finding.topic = "hang";
        finding.strength = 62;
        const std::string held = count_of(static_cast<std::size_t>(it.count), "request") + " to " +
                                 service.name + " on port " + std::to_string(it.port) +
                                 (it.count == 1 ? " hangs" : " hang") +
                                 ": the clients have gone, and the service still holds the "
                                 "connections";
        finding.what = held + tell_what_it_does(service, *server, picture) + ".";
        const ProcessFact* const busy = find_busiest(service, picture);
        const std::string place = find_place(*server, busy == server, picture);
        finding.evidence.push_back(std::to_string(it.count) + " in CLOSE_WAIT on port " +
                                   std::to_string(it.port) + " (ss -tnp state close-wait)");
        add_thread_evidence(*server, picture, finding);
        const std::string peer = find_awaited(*server, picture);
        if (const std::string own = endpoint_of_itself(service, peer); !own.empty()) {
            tell_waits_for_itself(held + "; ", own, *server, picture, finding);
            findings.push_back(std::move(finding));
            return;
        }
        if (const ThreadFact* blocked = find_blocked_loop(server, picture)) {
            const std::string endpoint = "port " + std::to_string(it.port);
            tell_blocked_loop(service, endpoint, *server, {*blocked, peer, place}, finding);
            blame_awaited(service, peer, picture, finding);
            findings.push_back(std::move(finding));
            return;
        }
        finding.fix =
            (place.empty() ? "see where it is: " + profiler_for(*server) : "look at " + place) +
            "; devstack restart " + service.name + " for now";
        tell_blocking_call(service, place, picture, finding);
        findings.push_back(std::move(finding));
        return;
    }
}

}  // namespace

void find_hangs(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        look_at_silence(service, picture, findings);
        look_at_stuck_requests(service, picture, findings);
    }
}

}  // namespace devstack::core::doctor
