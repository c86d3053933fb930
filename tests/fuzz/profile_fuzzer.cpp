// Any text as a profile: it is read, its env files hold the same text, and it becomes a plan or
// mistakes, never both or neither.

#include "devstack/core/plan/make_plan.hpp"

#include "../support/accounts.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

using namespace devstack;
using namespace devstack::core;
using devstack::test::add_missing;

namespace {

void expect(bool condition) {
    if (!condition) std::abort();
}

/// Root and others in turn.
Accounts find_accounts(std::size_t size) {
    return size % 2 == 0 ? test::accounts_of_root() : test::accounts_of_chi();
}

void check_settings(const ProcessSettings& settings) {
    expect(settings.umask.value_or(0) <= 0777);
    expect(settings.nice.value_or(0) >= -20 && settings.nice.value_or(0) <= 19);
    if (settings.identity) expect(std::ranges::is_sorted(settings.identity->groups));
    if (settings.terminal) expect(settings.terminal->rows > 0 && settings.terminal->columns > 0);
    for (const ResourceLimit& limit : settings.limits) {
        expect(limit.resource < limit_names.size());
        expect(!limit.hard || (limit.soft && *limit.soft <= *limit.hard));
    }
    if (!settings.capabilities) return;
    const CapabilityBounds& bounds = *settings.capabilities;
    expect((bounds.given & ~bounds.kept) == 0);
}

/// Each promise of plan.hpp that does not depend on what was written.
void check_plan(const Plan& plan) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < plan.services.size(); ++i) {
        const ServicePlan& service = plan.services[i];
        expect(names.insert(service.name).second);
        expect(!service.command.argv.empty());
        expect(service.working_dir.starts_with('/'));
        for (const Need& need : service.needs) {
            expect(need.service.index < i);
        }
        for (const ServiceId other : service.restart_with) {
            expect(other.index < plan.services.size());
        }
        for (const DeclaredPort& port : service.ports) {
            expect(port.port.number != 0);
        }
        check_settings(service.process);
        if (service.health) expect(service.health->timeout < service.health->interval);
    }
}

void check_diagnostics(const std::vector<Diagnostic>& diagnostics, const SourceFile& source) {
    for (const Diagnostic& diagnostic : diagnostics) {
        expect(!diagnostic.code.empty() && !diagnostic.message.empty());
        const bool is_here = diagnostic.where.file == source.name();
        if (is_here) expect(diagnostic.line_text == source.line(diagnostic.where.line));
    }
    expect(diagnostics.empty() == render_diagnostics(diagnostics).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{static_cast<const char*>(static_cast<const void*>(data)), size};
    const ReadProfile read = read_profile("devstack.toml", text);
    check_diagnostics(read.diagnostics, read.profile.source);

    Surroundings surroundings{
        "/home/chi/shop", {{"HOME", "/home/chi"}, {"EMPTY", ""}}, {}, find_accounts(size)};
    while (true) {
        const MissingAccounts strangers = find_missing_accounts(read.profile, surroundings);
        add_missing(strangers, surroundings.accounts);
        const auto missing = find_missing_env_files(read.profile, surroundings);
        if (missing.empty() && strangers.is_empty()) break;
        for (const std::string& path : missing) {
            surroundings.env_files.emplace(path, EnvFile{"an.env", text, ""});
        }
    }
    const Checked<Plan> plan = make_plan(read.profile, surroundings);
    check_diagnostics(plan.diagnostics, read.profile.source);
    expect(plan.value.has_value() != has_errors(plan.diagnostics));
    if (plan.value && !has_errors(read.diagnostics)) check_plan(*plan.value);
    return 0;
}
