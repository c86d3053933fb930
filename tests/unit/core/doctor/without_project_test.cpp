// Where there is no profile: processes that serve something stand for services.

#include "core/doctor/without_project.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// app.py on 8000 reads .env; nginx on 80 passes requests to it, and to a port where nobody is.
class Host : public World {
public:
    Host() {
        facts.profile = "";
        facts.daemon = "none";
        facts.services.clear();
        facts.dials.clear();
        facts.listeners.clear();
        add("nginx (pid 7)", 7, 80, "nginx -c n.conf");
        add("app.py (pid 9)", 9, 8000, "python3 app.py");
        DialFact& database = refer("app.py (pid 9)", "DATABASE_URL", "postgresql", 5433);
        database = refused(database);
        say("app.py (pid 9)", "could not connect: ECONNREFUSED 127.0.0.1:5433");
        ReferenceFact pass;
        pass.service = "nginx (pid 7)";
        pass.kind = "nginx";
        pass.name = "proxy_pass";
        pass.where = "n.conf:4";
        pass.host = "127.0.0.1";
        pass.port = 8001;
        pass.path = "/";
        pass.dial = "behind";
        facts.references.push_back(pass);
        DialFact behind;
        behind.id = "behind";
        behind.protocol = "tcp";
        behind.host = "127.0.0.1";
        behind.port = 8001;
        facts.dials.push_back(refused(behind));
    }

    void ask(int port, const std::string& path, int status) {
        facts.subject = {"url", "http://127.0.0.1:" + std::to_string(port) + path, port};
        DialFact dial;
        dial.id = "asked";
        dial.purpose = "asked";
        dial.protocol = "http";
        dial.host = "127.0.0.1";
        dial.port = port;
        dial.path = path;
        dial.stage = "done";
        dial.status = status;
        dial.is_unexpected = status >= 400;
        dial.addresses = {{"127.0.0.1", "connected"}};
        if (status == 0) dial = refused(dial);
        facts.dials.push_back(dial);
    }

private:
    void add(const std::string& name, int pid, int port, const std::string& command) {
        ServiceFact process;
        process.name = name;
        process.kind = "process";
        process.phase = "ready";
        process.phase_seconds = 600;
        process.is_wanted = true;
        process.pid = pid;
        process.ports = {std::to_string(port)};
        process.command = command;
        facts.services.push_back(process);
        facts.listeners.push_back({port, "127.0.0.1", pid, command, "chi", "/srv", name, "", 0});
    }
};

constexpr const char* no_database =
    "[server-not-running] PostgreSQL is not running: nothing listens on localhost:5433, where "
    "DATABASE_URL (app.py (pid 9)/.env:3) sends app.py (pid 9).\n";

}  // namespace

TEST_CASE("without a profile nobody misses a daemon", "[unit][doctor]") {
    CHECK(Host{}.said() == no_database);
}

TEST_CASE("a request that is answered well has nothing to do with what else is wrong",
          "[unit][doctor]") {
    Host host;
    host.ask(80, "/api/x", 200);
    CHECK(host.said().empty());
}

TEST_CASE("a port where nobody listens is told by the one who should be there", "[unit][doctor]") {
    Host host;
    host.ask(5433, "/", 0);
    CHECK(host.said() ==
          no_database + std::string{"  why Nothing listens on 127.0.0.1:5433: connection "
                                    "refused.\n"});
}

TEST_CASE("a cache that a process goes on without is not missed", "[unit][doctor]") {
    Host host;
    host.facts.logs.clear();
    CHECK(host.said().empty());
    // In a directory where nobody runs it may be why.
    host.facts.services[1].kind = "directory";
    host.facts.services[1].pid = 0;
    CHECK(host.said() == no_database);
}

TEST_CASE("a unit that does not run is why a proxy finds nobody", "[unit][doctor]") {
    Host host;
    ServiceFact unit;
    unit.name = "shop.service";
    unit.kind = "unit";
    unit.phase = "stopped";
    unit.command = "/usr/bin/node server.js";
    unit.ports = {"8001"};
    unit.unit = unit.name;
    host.facts.services.push_back(unit);
    host.ask(80, "/", 502);
    host.say("nginx (pid 7)",
             "connect() failed (111: Connection refused) while connecting to "
             "upstream: http://127.0.0.1:8001/");
    const auto findings = host.findings();
    REQUIRE_FALSE(findings.empty());
    CHECK(findings[0].what ==
          "shop.service (/usr/bin/node server.js) is not running; nothing listens on port 8001.");
    CHECK(findings[0].fix ==
          "systemctl start shop.service; systemctl status shop.service tells how it has ended, and "
          "journalctl -u shop.service why");
}

TEST_CASE("processes may share a port", "[unit][doctor]") {
    Host host;
    host.facts.services[0].ports = {"8000"};
    CHECK(host.said() == no_database);
}

TEST_CASE("a port that nobody names is told alone", "[unit][doctor]") {
    Host host;
    host.facts.subject = {"port", "9000", 9000};
    CHECK(host.said() == "[nothing-listens] Nothing listens on port 9000.\n");
}

TEST_CASE("what two processes read in one file is told once", "[unit][doctor]") {
    Host host;
    ReferenceFact second = host.facts.references.front();
    second.service = "nginx (pid 7)";
    host.facts.references.push_back(second);
    host.say("nginx (pid 7)", "could not connect: ECONNREFUSED 127.0.0.1:5433");
    CHECK(host.said() == no_database);
}

TEST_CASE("processes are restarted by those who run them", "[unit][doctor]") {
    const auto speak = [](const std::string& unit, const std::string& fix) {
        Host host;
        host.facts.services[1].unit = unit;
        Finding finding;
        finding.what = "app.py (pid 9) (python3 app.py, pid 9) is busy.";
        finding.fix = fix;
        finding.evidence = {"devstack says: app.py (pid 9) is ready", "state R"};
        speak_of_processes(host.facts, finding);
        CHECK(finding.what == "app.py (pid 9) is busy.");
        CHECK(finding.evidence == std::vector<std::string>{"state R"});
        return finding.fix;
    };
    CHECK(speak("", "devstack restart app.py (pid 9) for now") == "restart app.py (pid 9) for now");
    CHECK(speak("app.service", "devstack restart app.py (pid 9)") ==
          "systemctl restart app.service");
    CHECK(speak("", "see devstack logs app.py (pid 9)") == "see the log of app.py (pid 9)");
    CHECK(speak("app.service", "see devstack logs app.py (pid 9)") ==
          "see journalctl -u app.service");
    CHECK(speak("", "devstack restart other app.py (pid 9)") == "restart other app.py (pid 9)");
}
