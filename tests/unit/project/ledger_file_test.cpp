#include "devstack/project/ledger_file.hpp"

#include "support/catch.hpp"
#include "temporary_directory.hpp"

#include <unistd.h>

using namespace devstack;
using namespace devstack::project;
using devstack::core::api::LedgerHeader;
using devstack::core::api::LedgerTurn;
using devstack::test::TemporaryDirectory;

namespace {

core::ServiceRecord record(std::string service, core::Phase phase) {
    core::ServiceRecord it;
    it.service = std::move(service);
    it.phase = std::move(phase);
    it.why = "because";
    return it;
}

std::string line(const LedgerTurn& turn) {
    return to_text(turn) + "\n";
}

std::vector<std::string> phases_of(const RecalledLedger& ledger) {
    std::vector<std::string> phases;
    for (const core::ServiceRecord& it : ledger.services)
        phases.push_back(it.service + " " + std::string{name_of(it.phase)});
    return phases;
}

core::api::EventMessage event(std::uint64_t sequence) {
    core::api::EventMessage message;
    message.sequence = sequence;
    message.time = "2026-11-21T12:00:03.000Z";
    message.kind = "phase";
    message.why = "because";
    return message;
}

const LedgerHeader header{"boot", 12, 34, "shop", "2026-11-21T12:00:00.000Z"};

}  // namespace

TEST_CASE("the last record of each service counts", "[unit][project]") {
    const TemporaryDirectory directory;
    directory.write("ledger.jsonl",
                    to_text(header) + "\n" +
                        line({{event(1)}, {record("api", core::Stopped{})}, {}, false}) +
                        line({{event(2)}, {record("db", core::Completed{})}, {}, false}) +
                        line({{event(3)}, {record("api", core::Failed{"no"})}, {}, true}));
    const auto ledger = recall_ledger(directory.path());
    REQUIRE(ledger.has_value());
    CHECK(ledger->header == header);
    CHECK(phases_of(*ledger) == std::vector<std::string>{"api failed", "db completed"});
    CHECK(ledger->is_shutting_down);
    REQUIRE(ledger->last_events.size() == 1);
    CHECK(ledger->last_events.front().sequence == 3);
}

TEST_CASE("a turn that is torn was never written", "[unit][project]") {
    const TemporaryDirectory directory;
    const std::string whole =
        to_text(header) + "\n" + line({{event(1)}, {record("api", core::Stopped{})}, {}, false, 1});
    const std::string torn = line({{event(2)}, {record("api", core::Failed{"no"})}, {}, true, 2});
    for (std::size_t size = 0; size < torn.size(); ++size) {
        directory.write("ledger.jsonl", whole + torn.substr(0, size));
        const auto ledger = recall_ledger(directory.path());
        REQUIRE(ledger.has_value());
        CHECK(phases_of(*ledger) == std::vector<std::string>{"api stopped"});
        CHECK_FALSE(ledger->is_shutting_down);
        // So its plan is not in force either.
        CHECK(ledger->inputs == 1);
        CHECK(ledger->last_events.front().sequence == 1);
    }
}

TEST_CASE("a ledger without a header says nothing", "[unit][project]") {
    const TemporaryDirectory directory;
    CHECK_FALSE(recall_ledger(directory.path()).has_value());
    directory.write("ledger.jsonl", to_text(header));
    CHECK_FALSE(recall_ledger(directory.path()).has_value());
    directory.write("ledger.jsonl", "{}\n");
    CHECK_FALSE(recall_ledger(directory.path()).has_value());
}

TEST_CASE("a keeper is who the ledger means, not who has its pid", "[unit][project]") {
    const TemporaryDirectory directory;
    auto now = identify_keeper(::getpid());
    REQUIRE(now.has_value());
    now->started_at = header.started_at;
    const auto find = [&] {
        directory.write("ledger.jsonl", to_text(*now) + "\n");
        return find_living_keeper(directory.path());
    };
    CHECK(find() == ::getpid());
    now->keeper_start_ticks += 1;
    CHECK(find() == std::nullopt);
    now->keeper_start_ticks -= 1;
    now->boot_id = "another boot";
    CHECK(find() == std::nullopt);
}
