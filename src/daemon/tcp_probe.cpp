#include "probe_attempt.hpp"
#include "tcp_connector.hpp"

#include <utility>

namespace devstack::daemon {

namespace {

class TcpAttempt : public ProbeAttempt {
public:
    TcpAttempt(ProbeTools& tools, const core::TcpProbe& probe, Duration timeout, Finish finish)
        : connector_{std::make_shared<TcpConnector>(
              tools.loop, tools.resolver, probe.host, probe.port)},
          timeout_{timeout},
          finish_{std::move(finish)} {}

    void start() override {
        // By value: the call may end this object.
        connector_->start(
            timeout_, [connector = connector_.get(), finish = finish_](const std::string& failure) {
                const bool is_success = failure.empty();
                std::string detail = is_success ? "connected to " + connector->peer() : failure;
                connector->stop();
                finish(is_success, std::move(detail));
            });
    }
    std::string stage() const override { return connector_->stage(); }
    void stop() override { connector_->stop(); }

private:
    std::shared_ptr<TcpConnector> connector_;
    Duration timeout_;
    Finish finish_;
};

}  // namespace

std::shared_ptr<ProbeAttempt> make_tcp_attempt(ProbeTools& tools,
                                               const core::TcpProbe& probe,
                                               Duration timeout,
                                               ProbeAttempt::Finish finish) {
    return std::make_shared<TcpAttempt>(tools, probe, timeout, std::move(finish));
}

}  // namespace devstack::daemon
