#pragma once

#include "devstack/base/result.hpp"
#include "devstack/base/time.hpp"
#include "devstack/core/api/diagnosis_message.hpp"
#include "devstack/daemon/probe_runner.hpp"
#include "devstack/project/project_paths.hpp"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

namespace devstack::daemon {

/// Asks the doctor, which is a process of its own: it may take its time, read what it likes, crash
/// and be killed, and the loop goes on. Its arguments are read by cli/process_modes.cpp.
class DoctorRunner {
public:
    struct Question {
        /// "evidence": of a service that hangs, with its threads; "causes": why services are not
        /// well, without what only repeats the symptom; "all": what `devstack doctor` says.
        std::string kind;
        std::string service;    ///< Empty: the whole project.
        Duration look_limit{};  ///< What the doctor gives itself …
        Duration limit{};       ///< … and after which it is ended.
    };
    using Done = std::function<void(Result<core::api::DiagnosisMessage>)>;

    DoctorRunner(boost::asio::io_context& loop, CommandLauncher& launcher)
        : loop_{loop}, launcher_{launcher} {}
    ~DoctorRunner();
    DoctorRunner(const DoctorRunner&) = delete;
    DoctorRunner& operator=(const DoctorRunner&) = delete;

    /// One answer per question, within its limit and never from inside `ask`. `environment` is
    /// devstack's own: the profile is read with it.
    void ask(const Question& question,
             const project::ProjectPaths& paths,
             const std::map<std::string, std::string>& environment,
             Done done);
    /// No answer is wanted any more.
    void cancel_all();

private:
    struct Look;
    void finish(const std::shared_ptr<Look>& look, Result<core::api::DiagnosisMessage> answer);

    boost::asio::io_context& loop_;
    CommandLauncher& launcher_;
    std::list<std::shared_ptr<Look>> looks_;
};

}  // namespace devstack::daemon
