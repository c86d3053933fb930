#include "diagnosis/units.hpp"

#include "support/catch.hpp"
#include "unit/project/temporary_directory.hpp"

using namespace devstack::diagnosis;
using devstack::test::TemporaryDirectory;

namespace {

std::string render(const std::vector<Unit>& units) {
    std::string text;
    for (const Unit& it : units) {
        text += it.name + ": " + it.said.command.at(0) + ",";
        for (const int pid : it.pids)
            text += " " + std::to_string(pid);
        text += "\n";
    }
    return text;
}

}  // namespace

TEST_CASE("enabled units are found, with who belongs to them", "[unit][doctor]") {
    const TemporaryDirectory machine;
    const UnitPlaces places{{machine.at("etc"), machine.at("run")}, machine.at("cgroup")};
    machine.write("etc/web.service", "[Service]\nExecStart=/srv/web\n");
    machine.write("etc/off.service", "[Service]\nExecStart=/srv/off\n");
    machine.write("etc/each@.service", "[Service]\nExecStart=/srv/each\n");
    machine.write("run/job.service", "[Service]\nExecStart=/srv/job\n");
    machine.write("etc/multi-user.target.wants/web.service", "");
    machine.write("etc/multi-user.target.wants/each@.service", "");
    machine.write("run/multi-user.target.requires/job.service", "");
    // Not booted by systemd.
    CHECK(find_units(places).empty());
    machine.write("cgroup/web.service/cgroup.procs", "31\n7\n");
    CHECK(render(find_units(places)) == "web.service: /srv/web, 7 31\njob.service: /srv/job,\n");
    CHECK(find_units(places).front().file == machine.at("etc/web.service"));
}
