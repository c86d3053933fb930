#include "devstack/daemon/probe_runner.hpp"

#include "devstack/base/match.hpp"
#include "devstack/platform/clock.hpp"

#include "name_resolver.hpp"
#include "probe_attempt.hpp"
#include "tls_contexts.hpp"

#include <unordered_map>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace devstack::daemon {

namespace asio = boost::asio;

class ProbeRunner::Implementation : public std::enable_shared_from_this<Implementation> {
public:
    Implementation(asio::io_context& loop, CommandLauncher& launcher)
        : loop_{loop}, resolver_{loop}, tools_{loop, resolver_, tls_contexts_, launcher} {}

    std::uint64_t ask(const core::Probe& probe,
                      const CommandSetting& setting,
                      Duration timeout,
                      Answer answer) {
        const std::uint64_t ticket = ++last_ticket_;
        auto question = std::make_unique<Question>(loop_);
        question->asked_at = platform::now();
        question->timeout = timeout;
        question->answer = std::move(answer);
        question->attempt = make_attempt(ticket, probe, setting, timeout);
        question->deadline.expires_after(timeout);
        question->deadline.async_wait(
            [self = weak_from_this(), ticket](const boost::system::error_code& error) {
                const auto runner = self.lock();
                if (runner && !error) runner->expire(ticket);
            });
        questions_.emplace(ticket, std::move(question));
        // From the loop: an attempt may fail at once, and must not answer from inside `ask`.
        asio::post(loop_, [self = weak_from_this(), ticket] {
            if (const auto runner = self.lock()) runner->begin(ticket);
        });
        return ticket;
    }

    void cancel(std::uint64_t ticket) {
        if (const auto question = take(ticket)) question->attempt->stop();
    }

    void cancel_all() {
        for (const auto& [ticket, question] : std::exchange(questions_, {}))
            question->attempt->stop();
    }

private:
    struct Question {
        explicit Question(asio::io_context& loop) : deadline{loop} {}

        TimePoint asked_at{};
        Duration timeout{};
        Answer answer;
        std::shared_ptr<ProbeAttempt> attempt;
        asio::steady_timer deadline;
    };

    std::shared_ptr<ProbeAttempt> make_attempt(std::uint64_t ticket,
                                               const core::Probe& probe,
                                               const CommandSetting& setting,
                                               Duration timeout) {
        auto finish = [self = weak_from_this(), ticket](bool is_success, std::string detail) {
            if (const auto runner = self.lock())
                runner->finish(ticket, is_success, std::move(detail));
        };
        return match(
            probe,
            [&](const core::UrlProbe& url) {
                return make_url_attempt(tools_, url, timeout, std::move(finish));
            },
            [&](const core::TcpProbe& tcp) {
                return make_tcp_attempt(tools_, tcp, timeout, std::move(finish));
            },
            [&](const core::CommandProbe& command) {
                return make_command_attempt(tools_, command, setting, std::move(finish));
            });
    }

    void begin(std::uint64_t ticket) {
        const auto found = questions_.find(ticket);
        if (found == questions_.end()) return;
        const auto attempt = found->second->attempt;  // It may be finished before `start` returns.
        attempt->start();
    }

    void expire(std::uint64_t ticket) {
        const auto question = take(ticket);
        if (!question) return;
        const std::string stage = question->attempt->stage();
        question->attempt->stop();
        reply(*question,
              false,
              "no answer within " + render_duration(question->timeout) + " (" + stage + ")");
    }

    void finish(std::uint64_t ticket, bool is_success, std::string detail) {
        const auto question = take(ticket);
        if (question) reply(*question, is_success, std::move(detail));
    }

    /// The question, no longer known to the runner: whatever comes for its ticket now is dropped.
    std::unique_ptr<Question> take(std::uint64_t ticket) {
        const auto node = questions_.extract(ticket);
        return node.empty() ? nullptr : std::move(node.mapped());
    }

    static void reply(const Question& question, bool is_success, std::string detail) {
        const Duration latency = platform::now() - question.asked_at;
        question.answer({is_success, std::move(detail), latency});
    }

    asio::io_context& loop_;
    NameResolver resolver_;
    TlsContexts tls_contexts_;
    ProbeTools tools_;
    std::uint64_t last_ticket_ = 0;
    std::unordered_map<std::uint64_t, std::unique_ptr<Question>> questions_;
};

ProbeRunner::ProbeRunner(asio::io_context& loop, CommandLauncher& launcher)
    : implementation_{std::make_shared<Implementation>(loop, launcher)} {}

ProbeRunner::~ProbeRunner() {
    implementation_->cancel_all();
}

std::uint64_t ProbeRunner::ask(const core::Probe& probe,
                               const CommandSetting& setting,
                               Duration timeout,
                               Answer answer) {
    return implementation_->ask(probe, setting, timeout, std::move(answer));
}

void ProbeRunner::cancel(std::uint64_t ticket) {
    implementation_->cancel(ticket);
}

}  // namespace devstack::daemon
