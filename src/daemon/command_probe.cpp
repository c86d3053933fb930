#include "devstack/base/text.hpp"
#include "devstack/core/supervisor/run.hpp"

#include "probe_attempt.hpp"

#include <csignal>
#include <utility>

namespace devstack::daemon {

namespace {

constexpr std::size_t last_line_size_max = 200;
constexpr std::size_t output_max = 4096;

/// The last line with something in it: usually the reason.
std::string last_line(const std::string& output) {
    std::string_view rest = output;
    while (!rest.empty()) {
        const std::size_t begin = rest.rfind('\n') + 1;
        std::string line = sane_text(rest.substr(begin).substr(0, last_line_size_max));
        if (line.find_first_not_of(" \t") != line.npos) return line;
        rest = rest.substr(0, begin == 0 ? 0 : begin - 1);
    }
    return {};
}

class CommandAttempt : public ProbeAttempt, public std::enable_shared_from_this<CommandAttempt> {
public:
    CommandAttempt(ProbeTools& tools,
                   const core::CommandProbe& probe,
                   const ProbeRunner::CommandSetting& setting,
                   Finish finish)
        : launcher_{tools.launcher}, finish_{std::move(finish)} {
        request_.argv = probe.command.argv;
        request_.environment = setting.environment;
        request_.working_dir = setting.working_dir;
        request_.settings = setting.settings;
        // Nobody would wait for it any more, nor end it.
        request_.parent_death_signal = SIGKILL;
    }

    void start() override {
        const std::uint64_t ticket = launcher_.launch(
            std::move(request_),
            [self = weak_from_this()](auto ended) {
                if (const auto attempt = self.lock()) attempt->end(ended);
            },
            output_max);
        if (!is_over_) ticket_ = ticket;
    }

    std::string stage() const override { return "the command still runs"; }

    void stop() override {
        is_over_ = true;
        if (ticket_ != 0) launcher_.cancel(std::exchange(ticket_, 0));
    }

private:
    void end(const CommandLauncher::Ended& ended) {
        if (std::exchange(is_over_, true)) return;
        ticket_ = 0;
        if (!ended.was_spawned) {
            finish_(false, ended.spawn_error);
            return;
        }
        const core::ExitStatus status{ended.code, ended.signal};
        const bool is_success = ended.code == 0 && ended.signal == 0;
        std::string detail = core::describe(status);
        const std::string said = is_success ? std::string{} : last_line(ended.last_output);
        if (!said.empty()) detail += ": " + said;
        finish_(is_success, std::move(detail));
    }

    CommandLauncher& launcher_;
    platform::SpawnRequest request_;
    Finish finish_;
    std::uint64_t ticket_ = 0;
    bool is_over_ = false;
};

}  // namespace

std::shared_ptr<ProbeAttempt> make_command_attempt(ProbeTools& tools,
                                                   const core::CommandProbe& probe,
                                                   const ProbeRunner::CommandSetting& setting,
                                                   ProbeAttempt::Finish finish) {
    return std::make_shared<CommandAttempt>(tools, probe, setting, std::move(finish));
}

}  // namespace devstack::daemon
