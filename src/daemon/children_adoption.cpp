#include "devstack/core/limits.hpp"
#include "devstack/platform/clock.hpp"
#include "devstack/platform/kill.hpp"
#include "devstack/platform/signal_watch.hpp"

#include "daemon/children.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <utility>

// What a daemon takes over from the one before it: children that live, those that have ended and
// whose end nobody has written down, and runs of which only survivors are left.

namespace devstack::daemon {

namespace {

struct Label {
    std::string service;
    std::uint32_t run = 0;
};

/// "api#4"; empty for the label of a probe.
std::optional<Label> parse_label(const std::string& text) {
    const std::size_t mark = text.rfind('#');
    if (mark == std::string::npos) return std::nullopt;
    Label label{text.substr(0, mark), 0};
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data() + mark + 1, end, label.run);
    if (error != std::errc{} || last != end) return std::nullopt;
    return label;
}

}  // namespace

Result<std::vector<core::FoundRun>> Children::begin(const FindService& find_service) {
    link_.say_hello();
    Result<std::vector<KeeperChild>> children = receive_children();
    if (!children) return children.error();
    std::vector<core::FoundRun> found;
    for (KeeperChild& child : *children) {
        const auto label = parse_label(child.label);
        const auto service = label ? find_service(label->service) : std::nullopt;
        if (service) {
            const core::RunId run{*service, label->run};
            found.push_back({run, child.child.pid});
            adopt(run, label->service, std::move(child));
        } else if (child.exit) {
            link_.forget(child.child.token);
        } else {
            // A probe's command, whose answer nobody waits for any more.
            platform::signal_group(child.child.pid, SIGKILL);
        }
    }
    wait_for_room();
    wait_for_reports();
    return found;
}

Result<std::vector<KeeperChild>> Children::receive_children() {
    const TimePoint deadline = platform::now() + core::limits::welcome_max;
    std::vector<KeeperChild> children;
    std::optional<std::size_t> expected;
    while (!expected || children.size() + held_.size() < *expected) {
        Result<std::optional<KeeperMessage>> message = link_.receive();
        if (!message) return std::move(message).error();
        if (!*message) {
            const Duration left = deadline - platform::now();
            if (left <= Duration::zero()) {
                return Error{Error::Kind::timed_out, "the keeper does not answer"};
            }
            platform::wait_readable({link_.fd()}, left);
        } else if (const auto* welcome = std::get_if<KeeperWelcome>(&**message)) {
            keeper_pid_ = welcome->keeper_pid;
            keeper_version_ = welcome->version;
            expected = std::size_t{welcome->children} + welcome->held;
        } else if (auto* child = std::get_if<KeeperChild>(&**message)) {
            children.push_back(std::move(*child));
        } else if (auto* held = std::get_if<KeeperHeld>(&**message)) {
            held_.push_back(std::move(*held));
        } else if (std::holds_alternative<KeeperGone>(**message)) {
            return Error{Error::Kind::system, "the keeper is gone"};
        } else {
            early_.push_back(std::move(**message));
        }
    }
    return children;
}

void Children::adopt(core::RunId run, const std::string& service, KeeperChild found) {
    Child& child = children_[found.child.token];
    child.run = run;
    child.service = service;
    child.pid = found.child.pid;
    child.cgroup = cgroups_.find(service);
    identify(child, found.child);
    const auto process = platform::find_process(platform::Procfs{}, child.pid);
    child.is_orphan = process && process->parent != keeper_pid_;
    capture(child, found.child);
    if (found.exit) early_.emplace_back(*found.exit);
}

void Children::expect_survivors(core::RunId run,
                                const std::string& service,
                                int group,
                                core::ExitStatus status) {
    // Its end may be among what the keeper has told: then that is the news.
    if (find(run) != nullptr) return;
    Child& child = children_[token_of(run)];
    child.run = run;
    child.service = service;
    child.pid = group;
    child.cgroup = cgroups_.find(service);
    child.status = status;
    child.owed = Child::Owed::survivors;
    must_look_for_survivors_ = true;
}

void Children::tell_what_was_found() {
    for (KeeperMessage& message : std::exchange(early_, {})) {
        std::visit([this](auto& it) { on(std::move(it)); }, message);
    }
    look_for_survivors();
    sink_.burst_ended();
}

}  // namespace devstack::daemon
