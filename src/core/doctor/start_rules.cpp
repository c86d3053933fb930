// A service that waits before it listens: it is given time for nothing.

#include "devstack/base/text.hpp"
#include "devstack/core/doctor/logged_ports.hpp"
#include "devstack/core/doctor/service_url.hpp"

#include "core/doctor/goroutines.hpp"
#include "core/doctor/picture.hpp"
#include "core/doctor/threads.hpp"

#include <algorithm>
#include <optional>

namespace devstack::core::doctor {

namespace {

/// It does nothing: none of its processes wants a CPU, or waits for the disk.
bool is_at_rest(const ServiceFact& service, const Picture& picture) {
    constexpr double idle_percent = 3;
    const auto processes = picture.processes_of(service.name);
    if (processes.empty()) return false;
    return std::ranges::all_of(processes, [&](const ProcessFact* process) {
        return process->state == "S" && process->cpu_percent < idle_percent &&
               std::ranges::none_of(picture.facts().threads, [&](const ThreadFact& it) {
                   return it.pid == process->pid && (it.state == "R" || it.state == "D");
               });
    });
}

/// Where a process waits before it listens.
struct Wait {
    std::string where;  ///< "waits for a WaitGroup in main.load (cart.go:19)".
    std::vector<std::string> evidence;
    bool is_for_ever = false;   ///< Nothing in it is left that could end the wait.
    bool is_for_other = false;  ///< An answer from elsewhere would end it.
};

bool waits_for_another(const Goroutine& goroutine) {
    return goroutine.waits_for_lock() || goroutine.state.starts_with("chan ") ||
           goroutine.state.starts_with("sync.") || goroutine.state.starts_with("select (no cases)");
}

std::optional<Wait> find_go_wait(const ProcessFact& process, const Picture& picture) {
    const auto all = goroutines_of(process, picture);
    const auto main = std::ranges::find_if(all, [](const Goroutine& it) {
        return !it.frames.empty() && (it.number == "1" || it.is_in("main.main"));
    });
    // One that sleeps tries again, as a rule: its log tells what.
    if (main == all.end() || main->state.starts_with("sleep")) return std::nullopt;
    Wait wait;
    wait.where =
        "its main goroutine " + describe_wait(*main) + " in " + main->frames.front().text();
    wait.is_for_other =
        main->state.starts_with("IO wait") || main->is_in("net/http.(*persistConn).roundTrip");
    const bool has_running = std::ranges::any_of(
        picture.facts().goroutines,
        [&](const GoroutineFact& it) { return it.pid == process.pid && it.state == "running"; });
    wait.is_for_ever = !has_running;
    for (const Goroutine& it : all) {
        if (it.is_in("os/signal.loop")) wait.is_for_ever = false;  // A signal may end the wait.
        if (it.frames.empty()) continue;
        wait.is_for_ever = wait.is_for_ever && waits_for_another(it);
        constexpr std::size_t evidence_max = 4;
        if (wait.evidence.size() == evidence_max) continue;
        wait.evidence.push_back(count_of(static_cast<std::size_t>(it.count), "goroutine") + " [" +
                                it.state + "] " + (it.count == 1 ? "waits" : "wait") + " in " +
                                it.path());
    }
    return wait;
}

/// The main thread, in the program's own code.
std::optional<Wait> find_thread_wait(const ProcessFact& process, const Picture& picture) {
    for (const ThreadFact& it : picture.facts().threads) {
        const bool is_main = it.pid == process.pid && it.thread == process.pid;
        const bool is_own = process.runtime.empty() || process.runtime == it.language;
        if (!is_main || !is_own || it.system_call == "nanosleep" || it.system_call == "select" ||
            it.system_call.starts_with("wait")) {
            continue;
        }
        const auto frames = telling_frames(it);
        const std::string place = it.language.empty() ? place_of(it)
                                  : frames.empty()    ? ""
                                                      : frames.front();
        if (place.find(':') == place.npos) return std::nullopt;
        constexpr std::size_t frames_max = 4;
        Wait wait;
        const bool is_for_child = it.language == "node" && it.system_call == "epoll_wait";
        wait.is_for_other = !it.peer.empty();
        wait.where = std::string{"its main thread waits"} +
                     (is_for_child      ? " for a child process to end"
                      : it.peer.empty() ? ""
                                        : " for " + it.peer) +
                     " in " + place + " (" + it.system_call + ")";
        wait.evidence.push_back(name_of(it) + " waits in " + render_calls(frames, frames_max));
        return wait;
    }
    return std::nullopt;
}

std::optional<Wait> find_wait(const ServiceFact& service, const Picture& picture) {
    for (const ProcessFact* process : picture.processes_of(service.name)) {
        auto wait = process->runtime == "go" ? find_go_wait(*process, picture)
                                             : find_thread_wait(*process, picture);
        if (wait) return wait;
    }
    return std::nullopt;
}

/// A script or program that says again and again for whom it waits, and nobody is there.
bool tell_awaited(const ServiceFact& service,
                  const Picture& picture,
                  std::vector<Finding>& findings) {
    const LineFact* last = nullptr;
    int port = 0;
    int count = 0;
    for (const LogFact& log : picture.facts().logs) {
        if (log.service != service.name) continue;
        for (const LineFact& it : log.lines) {
            const int named = awaited_port(it.text);
            if (named == 0) continue;
            count = named == port ? count + 1 : 1;
            port = named;
            last = &it;
        }
    }
    constexpr int often = 2;
    if (count < often || picture.declares(service, port) || !picture.listeners_on(port).empty()) {
        return false;
    }
    const std::string number = std::to_string(port);
    const std::string product = product_at(port);
    const ServiceFact* const owner = picture.owner_of(port);
    const std::string places = places_of_port(service.name, port, picture);
    Finding finding;
    finding.id = "waits-for-nobody";
    finding.service = service.name;
    finding.topic = "start";
    finding.strength = 76;
    finding.what = service.name + " waits before it starts for what should listen on port " +
                   number + (product.empty() ? "" : " (" + product + ")") + ", and nobody does.";
    finding.evidence = {render_line(service.name, *last)};
    if (owner != nullptr) finding.blames = {owner->name};
    finding.fix = "start what should listen on port " + number + ", or correct the port" +
                  (places.empty() ? " for which " + service.name + " waits" : " in " + places);
    findings.push_back(std::move(finding));
    return true;
}

/// devstack itself could not start it, and says why.
void tell_failed_start(const ServiceFact& service, std::vector<Finding>& findings) {
    const bool is_failed = service.pid == 0 && service.why.starts_with("cannot ");
    if (!is_failed) return;
    Finding finding;
    finding.id = "can-not-be-started";
    finding.service = service.name;
    finding.topic = "start";
    finding.strength = 66;
    finding.confidence = Confidence::sure;
    finding.what = service.name + " can not be started: devstack " + service.why + ".";
    finding.fix = contains(service.why, "permission denied")
                      ? "let the user " + service.user +
                            " in (namei -l PATH shows where it is not "
                            "let in; chmod o+x there), or run " +
                            service.name + " as somebody else"
                      : "correct it at " + service.declared_at;
    findings.push_back(std::move(finding));
}

}  // namespace

void find_hanging_starts(const Picture& picture, std::vector<Finding>& findings) {
    for (const ServiceFact& service : picture.facts().services) {
        tell_failed_start(service, findings);
        const bool is_down = picture.is_troubled(service) || service.phase == "starting";
        if (is_down && picture.listeners_of(service.name).empty() &&
            tell_awaited(service, picture, findings)) {
            continue;
        }
        constexpr double patience = 1;  // What is ended for its start_timeout is young each time.
        const bool is_coming = service.phase == "starting" && service.phase_seconds >= patience;
        if (!is_coming || service.ports.empty() || !picture.listeners_of(service.name).empty() ||
            !is_at_rest(service, picture)) {
            continue;
        }
        const auto wait = find_wait(service, picture);
        if (!wait) continue;
        Finding finding;
        finding.id = "hangs-at-start";
        finding.service = service.name;
        finding.topic = "start";
        finding.strength = 70;
        finding.confidence = wait->is_for_ever ? Confidence::sure : Confidence::probable;
        finding.what = service.name + (wait->is_for_other ? " waits" : " hangs") +
                       " before it listens on port " + service.ports.front() +
                       ": it uses no CPU, and " + wait->where +
                       (wait->is_for_ever ? "; nothing in it is left that could end that." : ".");
        finding.evidence = wait->evidence;
        finding.evidence.push_back("devstack says: " + service.name + " is " + service.phase +
                                   (service.why.empty() ? "" : ": " + service.why));
        finding.fix =
            wait->is_for_other
                ? "see why that answer does not come; start after it is there "
                  "(depends_on), or raise start_timeout if it only takes long"
                : "see what should end that wait; more time (start_timeout) does not help";
        findings.push_back(std::move(finding));
    }
}

}  // namespace devstack::core::doctor
