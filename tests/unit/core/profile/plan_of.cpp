#include "plan_of.hpp"

#include "devstack/core/plan/make_plan.hpp"

#include "support/catch.hpp"

#include <algorithm>

namespace devstack::test {

namespace {

const std::string project_dir = "/home/chi/shop";

Checked<core::Plan> check(const std::string& text,
                          const Variables& environment,
                          const Variables& files,
                          const core::Accounts& accounts) {
    core::ReadProfile read = core::read_profile("devstack.toml", text);
    core::Surroundings surroundings{project_dir, environment, {}, accounts};
    while (true) {
        const auto strangers = core::find_missing_accounts(read.profile, surroundings);
        add_missing(strangers, surroundings.accounts);
        const auto missing = core::find_missing_env_files(read.profile, surroundings);
        if (missing.empty() && strangers.is_empty()) break;
        for (const std::string& path : missing) {
            core::EnvFile file{path.substr(std::min(path.size(), project_dir.size() + 1)),
                               std::nullopt,
                               "no such file"};
            if (files.count(path) > 0) file.text = files.at(path);
            surroundings.env_files.emplace(path, file);
        }
    }
    Checked<core::Plan> plan = core::make_plan(read.profile, surroundings);
    plan.diagnostics.insert(
        plan.diagnostics.begin(), read.diagnostics.begin(), read.diagnostics.end());
    return plan;
}

}  // namespace

core::Plan plan_of(const std::string& text,
                   const Variables& environment,
                   const Variables& files,
                   const core::Accounts& accounts) {
    const Checked<core::Plan> result = check(text, environment, files, accounts);
    INFO(render_diagnostics(result.diagnostics));
    REQUIRE_FALSE(has_errors(result.diagnostics));
    REQUIRE(result.value.has_value());
    return *result.value;
}

std::string mistakes_of(const std::string& text,
                        const Variables& environment,
                        const Variables& files,
                        const core::Accounts& accounts) {
    return render_diagnostics(check(text, environment, files, accounts).diagnostics);
}

std::string variable(const core::Plan& plan, const std::string& service, const std::string& name) {
    const auto id = plan.find(service);
    REQUIRE(id.has_value());
    for (const std::string& entry : core::complete_environment(plan, plan.services[id->index])) {
        if (entry.starts_with(name + "=")) return entry.substr(name.size() + 1);
    }
    return "(not set)";
}

}  // namespace devstack::test
