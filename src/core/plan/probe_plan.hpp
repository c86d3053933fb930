#pragma once

#include "devstack/core/plan/plan.hpp"

#include "service_environment.hpp"

#include <optional>
#include <string>
#include <vector>

namespace devstack::core {

/// Makes the plans of one service's probes; reports what is wrong with them.
/// Nothing for a service that is asked.
std::optional<ReadySign> make_ready_sign(const ProbeSetting& setting);

class ProbeMaker {
public:
    ProbeMaker(const ServiceSurroundings& surroundings, std::vector<Diagnostic>& diagnostics)
        : surroundings_{surroundings}, diagnostics_{diagnostics} {}

    std::optional<ReadyCheck> make_ready(const ProbeSetting& setting);
    std::optional<HealthCheck> make_health(const ProbeSetting& setting);

private:
    std::optional<Probe> make_probe(const ProbeSetting& setting);
    std::optional<Probe> make_url_probe(const ProbeSetting& setting);
    std::optional<Probe> make_tcp_probe(const ProbeSetting& setting);
    std::string expand_text(const std::optional<SourceText>& text);
    void error(std::string code, Place place, std::string message);

    const ServiceSurroundings& surroundings_;
    std::vector<Diagnostic>& diagnostics_;
};

CommandLine make_command(const CommandSetting& setting,
                         const Scope& scope,
                         std::vector<Diagnostic>& diagnostics);

}  // namespace devstack::core
