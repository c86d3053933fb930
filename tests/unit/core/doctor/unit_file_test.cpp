#include "devstack/core/doctor/unit_file.hpp"

#include "support/catch.hpp"

using namespace devstack::core::doctor;

TEST_CASE("a unit of systemd is read", "[unit][doctor]") {
    const UnitFile unit = parse_unit(R"(# the shop
[Unit]
Description=Shop
[Service]
Environment="PORT=3000" 'MOTD=good day' PLAIN=1
; another
Environment=PLAIN=2
EnvironmentFile=-/etc/shop.env
WorkingDirectory = /srv/shop
ExecStart=-/usr/bin/node --max-old-space-size=512 \
    "server one.js"
)");
    CHECK(unit.command ==
          std::vector<std::string>{"/usr/bin/node", "--max-old-space-size=512", "server one.js"});
    CHECK(unit.working_dir == "/srv/shop");
    CHECK(unit.type == "simple");
    CHECK(unit.environment == std::map<std::string, std::string>{
                                  {"PORT", "3000"}, {"MOTD", "good day"}, {"PLAIN", "2"}});
    CHECK(unit.environment_files == std::vector<std::string>{"/etc/shop.env"});
    CHECK(find_ports(unit) == std::vector<std::string>{"3000"});
}

TEST_CASE("a setting of a unit without a value takes back what was said", "[unit][doctor]") {
    const UnitFile unit = parse_unit(
        "[Service]\nType=oneshot\nExecStart=/bin/a\nExecStart=\nEnvironment=A=1\nEnvironment=\n"
        "EnvironmentFile=/a\nEnvironmentFile=\n");
    CHECK(unit.type == "oneshot");
    CHECK(unit.command.empty());
    CHECK(unit.environment.empty());
    CHECK(unit.environment_files.empty());
    CHECK(parse_unit("").type == "simple");
    CHECK(parse_unit("no setting\n\\").command.empty());
}

TEST_CASE("the port of a unit is found in its command", "[unit][doctor]") {
    const auto ports = [](const std::string& command) {
        return find_ports(parse_unit("[Service]\nExecStart=" + command + "\n"));
    };
    using Ports = std::vector<std::string>;
    CHECK(ports("/usr/bin/uvicorn app:app --port 8001") == Ports{"8001"});
    CHECK(ports("/usr/bin/gunicorn -b 127.0.0.1:8002 app:app") == Ports{"8002"});
    CHECK(ports("/srv/api -p 8003 --metrics-port=8003") == Ports{"8003"});
    CHECK(ports("/srv/api --port=8004 --metrics-port=9004") == Ports{"8004", "9004"});
    CHECK(ports("/usr/bin/node server.js --timeout 3000").empty());
}
