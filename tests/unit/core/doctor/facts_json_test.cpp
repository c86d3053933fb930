#include "devstack/core/doctor/facts_json.hpp"

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace devstack;
using namespace devstack::core::doctor;

namespace {

Facts some_facts() {
    Facts facts;
    facts.project = "shop";
    facts.subject = {"port", "3101", 3101};
    ServiceFact service;
    service.name = "api";
    service.pid = 7;
    service.uptime_seconds = 1.5;
    service.needs = {{"db", "ready"}};
    service.variables = {{"A", "1", false, true, ".env:1", "", ""}};
    facts.services = {service};
    facts.machine.memory_bytes = 123456789012345;
    DialFact dial;
    dial.id = "probe of api";
    dial.is_unexpected = true;
    dial.addresses = {{"::1", "refused"}};
    dial.body = "a\nb\"c";
    facts.dials = {dial};
    return facts;
}

}  // namespace

TEST_CASE("facts survive being written down", "[unit][doctor]") {
    const Facts facts = some_facts();
    const std::string text = to_text(facts);
    const Result<Facts> read = parse_facts(text);
    REQUIRE(read);
    CHECK(to_text(*read) == text);
    CHECK(read->services.at(0).variables.at(0).is_secret);
    CHECK(read->dials.at(0).body == "a\nb\"c");
    CHECK(read->machine.memory_bytes == 123456789012345);
    // Another reader agrees, and what is not so is left out.
    const auto json = nlohmann::json::parse(text);
    CHECK(json["services"][0]["needs"][0]["service"] == "db");
    CHECK_FALSE(json["services"][0].contains("restarts"));
}

TEST_CASE("facts that are none are refused with the field's name", "[unit][doctor]") {
    const Result<Facts> read = parse_facts(R"({"services": [{"pid": "seven"}]})");
    REQUIRE_FALSE(read);
    CHECK(read.error().message == "services[0].pid: expected a whole number, found a string");
}
