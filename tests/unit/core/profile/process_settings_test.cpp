#include "plan_of.hpp"
#include "support/catch.hpp"

using namespace devstack::core;
using namespace devstack::test;

namespace {

const std::string minimal = "[service.api]\ncommand = 'x'\n";

ProcessSettings settings_of(const std::string& keys,
                            const Variables& environment = {},
                            const Accounts& accounts = accounts_of_root()) {
    return plan_of(minimal + keys, environment, {}, accounts).services[0].process;
}

/// What is wrong with keys that stand in the third line and after it.
std::string mistakes_in(const std::string& keys, const Accounts& accounts = accounts_of_root()) {
    return mistakes_of(minimal + keys, {}, {}, accounts);
}

CapabilitySet set_of(std::initializer_list<std::string_view> names) {
    CapabilitySet set = 0;
    for (const std::string_view name : names)
        set |= CapabilitySet{1} << find_name(capability_names, name).value();
    return set;
}

const CapabilitySet every = accounts_of_root().capabilities;

}  // namespace

TEST_CASE("a service that asks for nothing gets nothing", "[unit][process_settings]") {
    CHECK(settings_of("") == ProcessSettings{});
}

// ---- Users and groups ---------------------------------------------------------------------------

TEST_CASE("a user comes with its group and all groups that it is in", "[unit][process_settings]") {
    const Identity chi{"chi", 1000, 1000, {27, 1000, 1001}};
    CHECK(settings_of("user = 'chi'").identity == chi);
    CHECK(settings_of("user = 1000").identity == chi);
    CHECK(settings_of("user = '1000'").identity == chi);
    CHECK(settings_of("user = '${WHO}'", {{"WHO", "chi"}}).identity == chi);
    const Identity with_group{"chi", 1000, 33, {27, 33, 1001}};
    CHECK(settings_of("user = 'chi:www-data'").identity == with_group);
    CHECK(settings_of("user = 'chi:33'").identity == with_group);
    CHECK(settings_of("user = 'chi'\ngroup = 'www-data'").identity == with_group);
    CHECK(settings_of("user = 'chi'\ngroup_add = ['docker', 44, 27]").identity ==
          Identity{"chi", 1000, 1000, {27, 44, 999, 1000, 1001}});
}

TEST_CASE("numbers need no account, and a group no user", "[unit][process_settings]") {
    CHECK(settings_of("user = '4711:4712'").identity == Identity{"4711", 4711, 4712, {4712}});
    CHECK(settings_of("group = 'docker'").identity == Identity{"root", 0, 999, {999}});
    CHECK(settings_of("group_add = ['docker']").identity == Identity{"root", 0, 0, {0, 999}});
}

TEST_CASE("a user's home, name and shell are in the environment unless the profile sets them",
          "[unit][process_settings]") {
    const auto environment_of = [](const std::string& keys, const std::string& file) {
        const Plan plan = plan_of("[project]\nenv_file = '.env'\n" + minimal + keys,
                                  {{"HOME", "/root"}, {"USER", "root"}, {"SHELL", "/bin/bash"}},
                                  {{"/home/chi/shop/.env", file}});
        std::string text;
        for (const char* name : {"HOME", "USER", "LOGNAME", "SHELL"})
            text += variable(plan, "api", name) + " ";
        return text;
    };
    CHECK(environment_of("", "") == "/root root (not set) /bin/bash ");
    CHECK(environment_of("user = 'chi'", "") == "/home/chi chi chi /bin/zsh ");
    CHECK(environment_of("user = 'nobody'", "") == "/ nobody nobody /bin/sh ");
    CHECK(environment_of("user = '1:1'", "") == "/ 1 1 /bin/sh ");
    CHECK(environment_of("user = 'chi'\nenv = { HOME = '/x' }", "USER=u") == "/x u chi /bin/zsh ");
    // Whoever may not become anybody else can be asked to stay who it is.
    CHECK(environment_of("group = 'docker'", "") == "/root root (not set) /bin/bash ");
}

TEST_CASE("a tilde is the home of the service's user", "[unit][process_settings]") {
    const Plan plan = plan_of(minimal + "user = 'chi'\nworking_dir = '~/x'", {{"HOME", "/root"}});
    CHECK(plan.services[0].working_dir == "/home/chi/x");
}

TEST_CASE("somebody who is not root can name only what they are", "[unit][process_settings]") {
    const Accounts chi = accounts_of_chi();
    CHECK(settings_of("user = 'chi'", {}, chi) == ProcessSettings{});
    CHECK(settings_of("user = 'chi:1000'\ngroup_add = [27]", {}, chi) == ProcessSettings{});
    CHECK(mistakes_in("user = 'nobody'", chi) ==
          "devstack.toml:3:8: error: `user`: devstack runs as chi; only root can start a service "
          "as another user [needs-root]\n"
          "  user = 'nobody'\n"
          "         ^\n"
          "  hint: start devstack as root, or remove `user`\n");
    CHECK(mistakes_in("group = 'docker'", chi) ==
          "devstack.toml:3:9: error: `group`: devstack runs as chi; only root can start a service "
          "with other groups [needs-root]\n"
          "  group = 'docker'\n"
          "          ^\n"
          "  hint: start devstack as root, or remove `group`\n");
    CHECK(mistakes_in("group_add = [27, 999]", chi) ==
          "devstack.toml:3:14: error: `group_add`: devstack runs as chi; only root can start a "
          "service with other groups [needs-root]\n"
          "  group_add = [27, 999]\n"
          "               ^\n"
          "  hint: start devstack as root, or remove `group_add`\n");
}

TEST_CASE("a user without an account has a group only if it is told", "[unit][process_settings]") {
    CHECK(mistakes_in("user = 4711") ==
          "devstack.toml:3:8: error: user 4711 has no account on this machine, so its group is not "
          "known [unknown-user]\n"
          "  user = 4711\n"
          "         ^\n"
          "  hint: write its group too: \"4711:GROUP\"\n");
}

// ---- The rest -----------------------------------------------------------------------------------

TEST_CASE("numbers of a process are taken as they are", "[unit][process_settings]") {
    CHECK(settings_of("umask = '0027'").umask == 027);
    CHECK(settings_of("umask = '0'").umask == 0);
    CHECK(settings_of("nice = -20").nice == -20);
    CHECK(settings_of("oom_score_adj = 1000").oom_score_adj == 1000);
    CHECK(settings_of("no_new_privileges = true").no_new_privileges);
    CHECK(settings_of("stdin_open = true").stdin_open);
}

TEST_CASE("a limit is one number, or a soft and a hard one", "[unit][process_settings]") {
    const auto limits = settings_of(
                            "ulimits = { nofile = 65536, core = 0, memlock = 'unlimited', nproc = "
                            "{ soft = 100, hard = 'unlimited' } }")
                            .limits;
    CHECK(limits == std::vector<ResourceLimit>{{7, 65536, 65536},
                                               {4, 0, 0},
                                               {8, std::nullopt, std::nullopt},
                                               {6, 100, std::nullopt}});
}

TEST_CASE("capabilities are added, dropped, or both from all", "[unit][process_settings]") {
    const auto bounds_of = [](const std::string& keys) {
        return settings_of(keys).capabilities.value();
    };
    CHECK(bounds_of("cap_add = ['NET_ADMIN', 'cap_sys_time']") ==
          CapabilityBounds{~CapabilitySet{}, set_of({"NET_ADMIN", "SYS_TIME"})});
    CHECK(bounds_of("cap_drop = ['NET_ADMIN']") == CapabilityBounds{~set_of({"NET_ADMIN"}), 0});
    CHECK(bounds_of("cap_drop = ['ALL']") == CapabilityBounds{0, 0});
    CHECK(bounds_of("cap_drop = ['ALL']\ncap_add = ['KILL']") ==
          CapabilityBounds{set_of({"KILL"}), set_of({"KILL"})});
    CHECK(bounds_of("cap_drop = ['KILL']\ncap_add = ['ALL']") ==
          CapabilityBounds{~set_of({"KILL"}), every & ~set_of({"KILL"})});
}

TEST_CASE("what devstack does not have it cannot give, nor take without right",
          "[unit][process_settings]") {
    Accounts contained = accounts_of_root();
    contained.capabilities = set_of({"CHOWN"});
    CHECK(mistakes_in("cap_add = ['SYS_TIME', 'CHOWN', 'NET_ADMIN']", contained) ==
          "devstack.toml:3:11: error: `cap_add`: devstack runs as root without NET_ADMIN and "
          "SYS_TIME, so it cannot give it [needs-root]\n"
          "  cap_add = ['SYS_TIME', 'CHOWN', 'NET_ADMIN']\n"
          "            ^\n"
          "  hint: the container or unit that devstack runs in must leave it to devstack\n");
    CHECK(mistakes_in("cap_drop = ['ALL']", contained) ==
          "devstack.toml:3:12: error: `cap_drop`: devstack runs as root without SETPCAP, so it "
          "cannot take any [needs-root]\n"
          "  cap_drop = ['ALL']\n"
          "             ^\n"
          "  hint: the container or unit that devstack runs in must leave it to devstack\n");
    CHECK(mistakes_in("cap_add = ['NET_BIND_SERVICE']\ncap_drop = ['ALL']", accounts_of_chi()) ==
          "devstack.toml:3:11: error: `cap_add`: devstack runs as chi without NET_BIND_SERVICE, so "
          "it cannot give it [needs-root]\n"
          "  cap_add = ['NET_BIND_SERVICE']\n"
          "            ^\n"
          "  hint: start devstack as root\n"
          "devstack.toml:4:12: error: `cap_drop`: devstack runs as chi; only root can take "
          "capabilities from a service [needs-root]\n"
          "  cap_drop = ['ALL']\n"
          "             ^\n"
          "  hint: no_new_privileges = true keeps it from gaining any, and needs no root\n");
}

TEST_CASE("a capability cannot be both added and dropped", "[unit][process_settings]") {
    CHECK(mistakes_in("cap_add = ['CHOWN', 'KILL']\ncap_drop = ['chown']") ==
          "devstack.toml:4:12: error: `cap_add` and `cap_drop` both name CHOWN [contradiction]\n"
          "  cap_drop = ['chown']\n"
          "             ^\n");
    CHECK(mistakes_in("cap_add = ['ALL']\ncap_drop = ['ALL']") ==
          "devstack.toml:4:12: error: `cap_add` and `cap_drop` both name ALL [contradiction]\n"
          "  cap_drop = ['ALL']\n"
          "             ^\n");
}

TEST_CASE("a terminal has the usual size, or that of COLUMNS and LINES",
          "[unit][process_settings]") {
    CHECK(settings_of("tty = true").terminal == TerminalSize{24, 80});
    CHECK_FALSE(settings_of("tty = false").terminal);
    CHECK(settings_of("tty = true", {{"COLUMNS", "200"}}).terminal == TerminalSize{24, 200});
    CHECK(settings_of("tty = true\nenv = { LINES = 50, COLUMNS = 'wide' }").terminal ==
          TerminalSize{50, 80});
}

TEST_CASE("a service with a terminal knows of which kind it is", "[unit][process_settings]") {
    const auto kind_of = [](const Variables& environment, const std::string& keys) {
        return variable(plan_of(minimal + keys, environment), "api", "TERM");
    };
    CHECK(kind_of({}, "") == "(not set)");
    CHECK(kind_of({}, "tty = true") == "xterm-256color");
    CHECK(kind_of({{"TERM", "dumb"}}, "tty = true") == "xterm-256color");
    CHECK(kind_of({{"TERM", "screen"}}, "tty = true") == "screen");
    CHECK(kind_of({}, "tty = true\nenv = { TERM = 'dumb' }") == "dumb");
}
