// What tells programs who is where and what time it is.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// Somebody asks web for something, and is refused.
DialFact& ask(World& world, int status) {
    DialFact asked = world.probe("web");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/items";
    asked.status = status;
    asked.is_unexpected = status >= 400;
    world.facts.time = "2026-11-20T18:37:02.900Z";
    world.facts.dials.push_back(asked);
    return world.facts.dials.back();
}

std::string first(const World& world) {
    const auto findings = world.findings();
    if (findings.empty()) return "";
    return "[" + findings[0].id + "] " + findings[0].what + "\nfix " + findings[0].fix;
}

}  // namespace

TEST_CASE("a line of /etc/hosts sends a name to nobody", "[unit][doctor]") {
    World world;
    ask(world, 502);
    DialFact& dial = world.refer("web", "API_URL", "http", 3101);
    world.facts.references.back().host = dial.host = "api.local";
    dial.stage = "connect";
    dial.error = "unreachable";
    dial.addresses = {{"10.0.0.5", "unreachable"}};
    world.say("web", "call failed: http://api.local:3101/items: Network is unreachable");
    CHECK(first(world).starts_with("[endpoint-unreachable]"));
    world.facts.host_entries = {{"api.local", "10.0.0.5", "/etc/hosts:9"}};
    CHECK(first(world) ==
          "[hosts-entry-wrong] /etc/hosts:9 sends api.local to 10.0.0.5, where nobody answers on "
          "port 3101 (unreachable): API_URL (web/.env:3) leads web there; api listens on that port "
          "of this machine.\n"
          "fix write 127.0.0.1 api.local in /etc/hosts:9; or correct API_URL (web/.env:3)");
    // It is not by that line.
    world.facts.host_entries[0].address = "10.0.0.6";
    CHECK(first(world).starts_with("[endpoint-unreachable]"));
    // Somebody is there.
    world.facts.host_entries[0].address = "10.0.0.5";
    for (DialFact& it : world.facts.dials) {
        if (it.host != "api.local") continue;
        it.stage = "done";
        it.error.clear();
        it.addresses = {{"10.0.0.5", "connected"}};
    }
    CHECK_FALSE(first(world).starts_with("[hosts-entry-wrong]"));
}

TEST_CASE("a name server does not answer", "[unit][doctor]") {
    World world;
    DialFact& asked = ask(world, 0);
    asked.stage = "first byte";
    asked.error = "no answer";
    DialFact& dial = world.refer("web", "API_URL", "http", 9002);
    world.facts.references.back().host = dial.host = "api.corp.example";
    dial.stage = "resolve";
    dial.error = "does not resolve: no answer from the name server";
    dial.addresses.clear();
    world.facts.name_servers = {{"10.1.1.1", "/etc/resolv.conf:2", "no answer"}};
    CHECK(first(world) ==
          "[name-server-silent] The name api.corp.example, where API_URL (web/.env:3) sends web, "
          "can not be looked up: the name server 10.1.1.1 (/etc/resolv.conf:2) does not answer, "
          "and who asks it waits for 5 s or more.\n"
          "fix correct nameserver in /etc/resolv.conf:2, or start what should answer there "
          "(systemd-resolved, dnsmasq, a VPN); a name of this machine may as well be in "
          "/etc/hosts");
    world.facts.name_servers[0].outcome = "answers";
    CHECK_FALSE(first(world).starts_with("[name-server-silent]"));
    // Nobody misses it.
    world.facts.name_servers[0].outcome = "no answer";
    world.facts.dials.erase(world.facts.dials.end() - 2);
    CHECK(world.findings().empty());
}

TEST_CASE("two clocks disagree", "[unit][doctor]") {
    World world;
    ask(world, 502);
    world.say("api", "jwt rejected: token used before issued (iat in the future)");
    CHECK(first(world).starts_with(
        "[clocks-disagree] api is given something from the future: \"token used before issued\"."));
    world.facts.dials.back().headers = {{"date", "Fri, 20 Nov 2026 17:37:02 GMT"}};
    CHECK(first(world) ==
          "[clocks-differ] The clock of 127.0.0.1:3200 is 60 min behind that of this machine: what "
          "is dated by the one is wrong to the other.\n"
          "fix set both clocks by NTP (timedatectl; date -u shows what they say)");
    world.facts.clocks = {{"api", 10, "-1h"}};
    CHECK(first(world) ==
          "[clock-shifted] The clock of api is shifted by -1h (FAKETIME in the environment of pid "
          "10), so that api refuses something for its time: two clocks disagree.\n"
          "fix start api without faketime (FAKETIME, LD_PRELOAD), or all that talk to it with the "
          "same, then devstack restart api");
    // That is what it is for, and nobody complains.
    world.facts.logs.clear();
    world.facts.dials.pop_back();
    CHECK(world.findings().empty());
}

TEST_CASE("a small disk was full while the service ran", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.facts.disks = {{"/", 1ULL << 40U, 1ULL << 39U, 1000, 900, {}},
                         {"/tmp", 64 * 1024, 64 * 1024, 1000, 900, {}}};
    world.say("api", "OSError: [Errno 28] No space left on device");
    CHECK(first(world).starts_with("[disk-full] api can not write: no space left on the device."));
    world.facts.logs[0].lines.insert(
        world.facts.logs[0].lines.begin(),
        {"2026-11-20T18:37:03.000Z", "  File \"/usr/lib/python3.11/tempfile.py\", line 638, in f"});
    CHECK(first(world) ==
          "[disk-full] api has found no space left in /tmp, which has 64 KiB in all (64 KiB are "
          "free now that it has ended): what it writes there is larger.\n"
          "fix let it write elsewhere (TMPDIR=… in the env of api, if these are temporary files), "
          "or make /tmp larger (mount -o remount,size=1G /tmp for a tmpfs)");
    // It has been told another place, which is large.
    world.service("api").variables = {{"TMPDIR", "/scratch", false, false, "", "", "", ""}};
    CHECK(first(world).starts_with("[disk-full] api can not write: no space left on the device."));
}

TEST_CASE("a locale is named by its variable", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.say("api", "locale.Error: unsupported locale setting");
    CHECK(first(world).starts_with("[locale-missing] The locale that LC_ALL or LANG of api names"));
    world.service("api").variables = {
        {"LANG", "C.UTF-8", false, false, "api/.env:1", "", "", ""},
        {"LC_ALL", "de_DE.UTF-8", false, false, "api/.env:2", "", "", ""}};
    CHECK(first(world) ==
          "[locale-missing] The locale de_DE.UTF-8, which LC_ALL (api/.env:2) of api names, is not "
          "installed here.\n"
          "fix LC_ALL=C.UTF-8 in api/.env:2, or install it (locale -a lists what there is; "
          "locale-gen de_DE.UTF-8)");
}

TEST_CASE("what a script does not find after a failed cd is no cause", "[unit][doctor]") {
    World world;
    world.end("api", 2);
    world.say("api", "./start.sh: 2: cd: can't cd to backend");
    world.facts.logs[0].lines.push_back(
        {"2026-11-20T18:37:03.100Z",
         "python3: can't open file '/srv/api/server.py': [Errno 2] No such file or directory"});
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "directory-missing");
    // By itself it is one.
    world.facts.logs[0].lines.erase(world.facts.logs[0].lines.begin());
    CHECK(world.findings().at(0).id == "file-missing");
}
