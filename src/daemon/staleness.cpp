#include "daemon/staleness.hpp"

#include "daemon/file_signature.hpp"

#include <utility>

namespace devstack::daemon {

namespace {

std::string signature_of(const std::vector<std::string>& files) {
    std::string signature;
    for (const std::string& file : files)
        signature += signature_of_file(file);
    return signature;
}

}  // namespace

const core::PlanComparison& Staleness::look(const core::Plan& running,
                                            const project::LoadRequest& load) {
    // What is built into the program does not change.
    if (load.profile_path.empty()) return comparison_;
    const bool is_known = number_ == running.number && !files_.empty();
    if (is_known && signature_of(files_) == signature_) return comparison_;
    number_ = running.number;
    // From before it is read: what is written meanwhile is read again.
    signature_ = signature_of(files_);
    comparison_ = {};
    const Checked<project::LoadedPlan> loaded = project::load_plan(load);
    std::vector<std::string> files;
    if (loaded.value) {
        comparison_ = core::compare_plans(running, loaded.value->plan);
        for (const project::InputFile& input : loaded.value->inputs)
            files.push_back(input.path);
    }
    // Made from other files than we looked at, or from nobody knows which: read again next time.
    if (files != files_) signature_.clear();
    files_ = std::move(files);
    return comparison_;
}

std::vector<std::string> Staleness::reasons_of(const core::Supervisor& supervisor,
                                               core::ServiceId service,
                                               const core::PlanComparison& comparison,
                                               const PrepareStamps& stamps) {
    std::vector<std::string> reasons;
    const bool is_running = core::pid_of(supervisor.phase(service)) != 0;
    if (!is_running) return reasons;
    const core::ServiceChange* const change = comparison.find(supervisor.settings(service).name);
    if (change != nullptr) reasons = change->reasons;
    if (change != nullptr && change->kind == core::ServiceChange::Kind::removed) {
        reasons.emplace_back("it has gone from the profile");
    }
    std::string of_inputs = look_at_inputs(supervisor, service, stamps);
    if (!of_inputs.empty()) reasons.push_back(std::move(of_inputs));
    return reasons;
}

std::string Staleness::look_at_inputs(const core::Supervisor& supervisor,
                                      core::ServiceId service,
                                      const PrepareStamps& stamps) {
    const core::ServicePlan& plan = supervisor.settings(service);
    const core::Phase& phase = supervisor.phase(service);
    // One that is on its way looks by itself.
    const bool is_asked = plan.prepare && !plan.prepare->inputs.empty() &&
                          core::pid_of(phase) != 0 &&
                          !std::holds_alternative<core::Preparing>(phase) &&
                          !std::holds_alternative<core::Stopping>(phase);
    if (!is_asked) return "";
    const std::string signature = stamps.signature_of(plan);
    Answer& known = of_inputs_[plan.name];
    if (known.signature == signature) return known.reason;
    const PrepareStamps::Answer answer = stamps.check(plan, supervisor.plan().project_dir);
    known = {signature, answer.is_needed ? "its prepare step is due: " + answer.why : ""};
    return known.reason;
}

}  // namespace devstack::daemon
