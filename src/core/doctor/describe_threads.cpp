#include "devstack/core/doctor/describe_threads.hpp"

#include "devstack/base/text.hpp"

#include "core/doctor/goroutines.hpp"
#include "core/doctor/picture.hpp"
#include "core/doctor/threads.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace devstack::core::doctor {

namespace {

constexpr std::size_t lines_max = 60;
constexpr std::size_t frames_shown = 6;

/// What glibc, musl and the libraries of C++ and Rust put on a stack around the program's own
/// frames.
bool is_plumbing(std::string_view frame) {
    constexpr std::array<std::string_view, 14> beginnings{"__",
                                                          "?",
                                                          "_start",
                                                          "start_thread",
                                                          "clone",
                                                          "futex_wait",
                                                          "pthread_",
                                                          "___pthread",
                                                          "std::",
                                                          "<std::",
                                                          "rust_begin_",
                                                          "void std::",
                                                          "execute_native_thread_routine",
                                                          "syscall"};
    // Names that a program in C++ may have, too.
    constexpr std::array<std::string_view, 4> of_rust{"core::", "<core::", "alloc::", "<alloc::"};
    const auto is_begun = [&](std::string_view it) { return frame.starts_with(it); };
    return std::ranges::any_of(beginnings, is_begun) ||
           (contains(frame, ".rs:") && std::ranges::any_of(of_rust, is_begun));
}

bool has_line(std::string_view frame) {
    return frame.ends_with(')') && frame.find(':', frame.rfind('(')) != frame.npos;
}

const ThreadFact* find_thread(const Facts& facts, int number) {
    const auto found = std::ranges::find(facts.threads, number, &ThreadFact::thread);
    return found == facts.threads.end() ? nullptr : &*found;
}

/// "waits for the lock 0x55… that thread teller-2 (4712) holds".
std::string describe_wait(const Facts& facts, const ThreadFact& thread) {
    if (thread.lock_owner != 0) {
        const ThreadFact* const owner = find_thread(facts, thread.lock_owner);
        if (thread.lock_owner == thread.thread) {
            return "waits for the lock " + thread.lock + ", which it holds itself";
        }
        return "waits for the lock " + thread.lock + ", which " +
               (owner == nullptr ? "thread " + std::to_string(thread.lock_owner)
                                 : name_of(*owner)) +
               " holds";
    }
    if (thread.state == "R") return "runs";
    if (thread.state == "T" || thread.state == "t") return "is stopped";
    const std::string call = thread.system_call.empty() || thread.system_call == "running"
                                 ? thread.wait_channel
                                 : thread.system_call;
    const std::string where = call.empty() || call == "0" ? "" : " in " + call;
    if (thread.state == "D") return "waits for the disk or a device" + where;
    if (thread.state == "Z") return "has ended";
    return "waits" + where + (thread.peer.empty() ? "" : " for " + thread.peer);
}

/// "3 goroutines [chan send]: main.publish (cart.go:25) < …", of Go's threads nobody learns that.
void add_goroutines(const Facts& facts,
                    const std::string& service,
                    std::vector<std::string>& lines) {
    const Picture picture{facts};
    for (const ProcessFact* process : picture.processes_of(service)) {
        for (const Goroutine& it : goroutines_of(*process, picture)) {
            if (it.frames.empty() || lines.size() >= lines_max) continue;
            std::vector<std::string> frames;
            for (const GoFrame& frame : it.frames) {
                if (frames.size() < frames_shown) frames.push_back(frame.text());
            }
            lines.push_back(count_of(static_cast<std::size_t>(it.count), "goroutine") + " [" +
                            it.state + "]: " + join(frames, " < "));
        }
    }
}

}  // namespace

std::string name_of(const ThreadFact& thread) {
    return "thread " + (thread.name.empty() ? "" : thread.name + " ") + "(" +
           std::to_string(thread.thread) + ")";
}

int port_of_peer(const std::string& peer) {
    const std::string digits = peer.substr(peer.find_last_of(": ") + 1);
    int port = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return port;
}

std::vector<std::string> telling_frames(const ThreadFact& thread) {
    std::vector<std::string> frames;
    for (const std::string& frame : thread.frames) {
        if (!is_plumbing(frame)) frames.push_back(frame);
    }
    return frames;
}

bool is_at_lock(const ThreadFact& thread) {
    constexpr std::array<std::string_view, 6> names{
        "mutex_lock", "lll_lock_wait", "rwlock_", "lock_contended", "lock_slow", "spin_lock"};
    return std::ranges::any_of(thread.frames, [&](const std::string& frame) {
        return std::ranges::any_of(names, [&](std::string_view it) { return contains(frame, it); });
    });
}

std::string render_calls(std::vector<std::string> frames, std::size_t shown_max) {
    if (frames.size() > shown_max) frames.resize(shown_max);
    return join(frames, ", called by ");
}

std::string place_of(const ThreadFact& thread) {
    const auto frames = telling_frames(thread);
    const auto own = std::ranges::find_if(frames, has_line);
    if (own != frames.end()) return *own;
    return frames.empty() ? "" : frames.front();
}

std::vector<std::string> describe_threads(const Facts& facts, const std::string& service) {
    struct Group {
        std::string what;
        std::vector<std::string> names;
    };
    std::vector<Group> groups;
    for (const ThreadFact& thread : facts.threads) {
        const auto process = std::ranges::find(facts.processes, thread.pid, &ProcessFact::pid);
        if (process == facts.processes.end() || process->service != service) continue;
        auto frames = telling_frames(thread);
        if (frames.size() > frames_shown) frames.resize(frames_shown);
        std::string what = describe_wait(facts, thread);
        if (!frames.empty()) what += ": " + join(frames, " < ");
        const auto same = std::ranges::find(groups, what, &Group::what);
        if (same != groups.end()) {
            same->names.push_back(name_of(thread));
        } else if (groups.size() < lines_max) {
            groups.push_back({what, {name_of(thread)}});
        }
    }
    std::vector<std::string> lines;
    for (const Group& it : groups) {
        const std::size_t others = it.names.size() - 1;
        lines.push_back(it.names.front() +
                        (others == 0 ? "" : " and " + count_of(others, "other")) + ": " + it.what);
    }
    add_goroutines(facts, service, lines);
    return lines;
}

}  // namespace devstack::core::doctor
