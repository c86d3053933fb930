#include "support/catch.hpp"
#include "support/test_project.hpp"

#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include <nlohmann/json.hpp>

using namespace devstack::test;
using nlohmann::json;

// What is shipped for Prometheus and Grafana, against what /metrics really serves.

namespace {

const std::string folder = std::string{DEVSTACK_SOURCE_DIR} + "/packaging/";

std::string read_text(const std::string& name) {
    std::ifstream file{folder + name, std::ios::binary};
    REQUIRE(file);
    return {std::istreambuf_iterator<char>{file}, {}};
}

CommandResult promtool(const std::vector<std::string>& words) {
    CommandSpec spec;
    spec.argv = {"/usr/bin/promtool"};
    spec.argv.insert(spec.argv.end(), words.begin(), words.end());
    spec.directory = folder + "prometheus";
    return run_command(spec);
}

std::string metrics_of(const TestProject& project) {
    CommandSpec spec;
    spec.argv = {"/usr/bin/curl",
                 "-s",
                 "--unix-socket",
                 project.directory() + "/.devstack/run/control.sock",
                 "http://localhost/metrics"};
    return run_command(spec).output;
}

std::set<std::string> names_in(const std::string& text) {
    const std::regex name{R"(\b(?:devstack|process)_[a-z_]+(?=[{\[\s)\\,]|$))"};
    std::set<std::string> names;
    for (std::sregex_iterator it{text.begin(), text.end(), name}; it != std::sregex_iterator{};
         ++it)
        names.insert(it->str());
    return names;
}

/// Of a Grafana dashboard: everything that it asks Prometheus.
std::string questions_in(const json& part) {
    std::string all;
    if (part.is_object()) {
        for (const auto& [key, value] : part.items()) {
            const bool is_question = value.is_string() && (key == "expr" || key == "definition");
            all += is_question ? value.get<std::string>() + "\n" : questions_in(value);
        }
    } else if (part.is_array()) {
        for (const json& value : part)
            all += questions_in(value);
    }
    return all;
}

}  // namespace

TEST_CASE("the alert rules are sound, and tell what they are for", "[integration][packaging]") {
    const CommandResult checked = promtool({"check", "rules", "devstack-alerts.yml"});
    INFO(checked.error);
    CHECK(checked.code == 0);
    const CommandResult tested = promtool({"test", "rules", "devstack-alerts-test.yml"});
    INFO(tested.output << tested.error);
    CHECK(tested.code == 0);
    // Each of them is tested.
    const std::string rules = read_text("prometheus/devstack-alerts.yml");
    const std::string tests = read_text("prometheus/devstack-alerts-test.yml");
    const std::regex alert{R"(alert: (\w+))"};
    for (std::sregex_iterator it{rules.begin(), rules.end(), alert}; it != std::sregex_iterator{};
         ++it) {
        INFO(it->str());
        CHECK(tests.find("alertname: " + (*it)[1].str() + "\n        exp_alerts:\n") !=
              std::string::npos);
    }
}

TEST_CASE("alerts and Grafana's dashboard ask for what is served", "[integration][packaging]") {
    const std::uint16_t port = free_port();
    const TestProject project{"[service.api]\ncommand = [\"@CHILD@\", \"listen\", \"" +
                              std::to_string(port) + "\"]\nport = " + std::to_string(port) + "\n"};
    project.bring_up();
    const std::set<std::string> served = names_in(metrics_of(project));
    REQUIRE(served.contains("devstack_service_phase"));
    const json board = json::parse(read_text("grafana/devstack.json"));
    const std::set<std::string> shown = names_in(questions_in(board));
    CHECK(shown.size() > 15);
    CHECK(shown.contains("devstack_service_probe_duration_seconds_bucket"));
    for (const std::set<std::string>& asked :
         {shown, names_in(read_text("prometheus/devstack-alerts.yml"))}) {
        for (const std::string& name : asked) {
            INFO(name);
            CHECK(served.contains(name));
        }
    }
    // Phases that are named are phases that there are.
    const std::regex phase{R"(phase(?:=~?|=\\?~?)\\?"([a-z|-]+))"};
    const std::string all = questions_in(board) + read_text("prometheus/devstack-alerts.yml");
    const std::string metrics = metrics_of(project);
    for (std::sregex_iterator it{all.begin(), all.end(), phase}; it != std::sregex_iterator{};
         ++it) {
        const std::regex word{"[a-z-]+"};
        const std::string list = (*it)[1];
        for (std::sregex_iterator one{list.begin(), list.end(), word};
             one != std::sregex_iterator{};
             ++one) {
            INFO(one->str());
            CHECK(metrics.find("phase=\"" + one->str() + "\"") != std::string::npos);
        }
    }
}

TEST_CASE("Grafana's dashboard has its panels side by side", "[integration][packaging]") {
    const json board = json::parse(read_text("grafana/devstack.json"));
    std::set<int> ids;
    std::set<std::pair<int, int>> cells;
    for (const json& panel : board.at("panels")) {
        INFO(panel.at("title"));
        CHECK(ids.insert(panel.at("id").get<int>()).second);
        CHECK_FALSE(panel.at("targets").empty());
        const json& at = panel.at("gridPos");
        for (int x = at.at("x"); x < at.at("x").get<int>() + at.at("w").get<int>(); ++x) {
            for (int y = at.at("y"); y < at.at("y").get<int>() + at.at("h").get<int>(); ++y) {
                CHECK(x < 24);
                CHECK(cells.insert({x, y}).second);
            }
        }
    }
}
