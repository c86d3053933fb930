#include "daemon/doctor_runner.hpp"

#include "devstack/base/text.hpp"
#include "devstack/core/limits.hpp"
#include "devstack/core/supervisor/run.hpp"

#include <chrono>
#include <csignal>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

namespace api = core::api;

struct DoctorRunner::Look {
    explicit Look(boost::asio::io_context& loop) : timer{loop} {}
    boost::asio::steady_timer timer;
    Done done;
    std::uint64_t ticket = 0;
    bool is_over = false;
};

namespace {

/// Whoever asks by the API while so many look already is told to come again.
constexpr std::size_t looks_max = 4;

std::string milliseconds(Duration duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

platform::SpawnRequest make_request(const DoctorRunner::Question& question,
                                    const project::ProjectPaths& paths,
                                    const std::map<std::string, std::string>& environment) {
    platform::SpawnRequest request;
    // The keeper is of this program, and its child is until it execs.
    request.argv = {"/proc/self/exe",
                    "__doctor",
                    question.kind,
                    milliseconds(question.look_limit),
                    paths.project_dir,
                    paths.state_dir,
                    paths.log_dir,
                    paths.runtime_dir,
                    question.service};
    for (const auto& [name, value] : environment)
        request.environment.push_back(name + "=" + value);
    request.working_dir = paths.project_dir;
    request.parent_death_signal = SIGKILL;
    return request;
}

Result<api::DiagnosisMessage> read_answer(const CommandLauncher::Ended& ended) {
    if (!ended.was_spawned) return Error{Error::Kind::system, ended.spawn_error};
    if (ended.code != 0 || ended.signal != 0) {
        return Error{Error::Kind::system,
                     "the doctor " + core::describe(core::ExitStatus{ended.code, ended.signal})};
    }
    return api::parse_diagnosis(ended.last_output);
}

}  // namespace

DoctorRunner::~DoctorRunner() = default;

void DoctorRunner::ask(const Question& question,
                       const project::ProjectPaths& paths,
                       const std::map<std::string, std::string>& environment,
                       Done done) {
    if (question.kind == "all" && looks_.size() >= looks_max) {
        return boost::asio::post(loop_, [done = std::move(done)] {
            done(Error{Error::Kind::busy, "the doctor is busy with other questions; ask again"});
        });
    }
    const auto look = std::make_shared<Look>(loop_);
    look->done = std::move(done);
    looks_.push_back(look);
    look->timer.expires_after(question.limit);
    look->timer.async_wait([this, look, limit = question.limit](boost::system::error_code error) {
        if (error || look->is_over) return;
        launcher_.cancel(look->ticket);
        finish(look,
               Error{Error::Kind::timed_out,
                     "the doctor has not answered within " + render_duration(limit)});
    });
    look->ticket = launcher_.launch(
        make_request(question, paths, environment),
        [this, weak = std::weak_ptr{look}](const CommandLauncher::Ended& ended) {
            const auto asked = weak.lock();
            if (!asked || asked->is_over) return;
            boost::asio::post(loop_, [this, asked, answer = read_answer(ended)] {
                if (!asked->is_over) finish(asked, answer);
            });
        },
        core::limits::doctor_answer_max);
}

void DoctorRunner::finish(const std::shared_ptr<Look>& look, Result<api::DiagnosisMessage> answer) {
    look->is_over = true;
    look->timer.cancel();
    looks_.remove(look);
    look->done(std::move(answer));
}

void DoctorRunner::cancel_all() {
    for (const auto& look : std::exchange(looks_, {})) {
        look->is_over = true;
        look->timer.cancel();
        launcher_.cancel(look->ticket);
    }
}

}  // namespace devstack::daemon
