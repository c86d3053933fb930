#include "plan_of.hpp"
#include "support/catch.hpp"

using namespace devstack::core;
using namespace devstack::test;

namespace {

const std::string minimal = "[service.api]\ncommand = 'x'\n";

}  // namespace

TEST_CASE("later sources of variables win over earlier ones", "[unit][plan]") {
    const Plan plan = plan_of(
        "[project]\nenv_file = '.env'\n"
        "[service.api]\ncommand = 'x'\nworking_dir = 'apps/api'\nenv_file = ['.env']\n"
        "env = { D = 'service', E = '${A} ${B} ${C} ${D}' }\n",
        {{"A", "own"}, {"B", "own"}, {"C", "own"}, {"D", "own"}},
        {{"/home/chi/shop/.env", "B=project\nC=project\nD=project\n"},
         {"/home/chi/shop/apps/api/.env", "C=file\nD=file\n"}});
    CHECK(variable(plan, "api", "A") == "own");
    CHECK(variable(plan, "api", "B") == "project");
    CHECK(variable(plan, "api", "C") == "file");
    CHECK(variable(plan, "api", "D") == "service");
    CHECK(variable(plan, "api", "E") == "own project file service");
}

TEST_CASE("env files see what lies below them, and what stands above", "[unit][plan]") {
    const Plan plan = plan_of(
        "[service.api]\ncommand = 'x'\nport = 3101\nenv_file = ['a.env', '${SECOND}.env']\n",
        {{"SECOND", "b"}, {"PATH", "/bin"}},
        {{"/home/chi/shop/a.env", "HOST=db\nURL=pg://${HOST}:${port}\nPATH=/opt:${PATH}\n"},
         {"/home/chi/shop/b.env", "ALL=${URL}/x\nRAW='${URL}'\n"}});
    CHECK(variable(plan, "api", "ALL") == "pg://db:3101/x");
    CHECK(variable(plan, "api", "RAW") == "${URL}");
    CHECK(variable(plan, "api", "PATH") == "/opt:/bin");
}

TEST_CASE("a service knows its own name and that of its project", "[unit][plan]") {
    const Plan plan = plan_of("[project]\nname = 'sora'\n" + minimal, {{"DEVSTACK_SERVICE", "x"}});
    CHECK(plan.services[0].environment ==
          std::vector<std::string>{"DEVSTACK_PROJECT=sora", "DEVSTACK_SERVICE=api"});
    CHECK(variable(plan_of(minimal), "api", "DEVSTACK_PROJECT") == "shop");
}

TEST_CASE("what services share is kept once, and their own stands in for it", "[unit][plan]") {
    const Plan plan =
        plan_of("[project]\nname = 'sora'\n" + minimal + "env = { A = '2', A1 = '3' }\n",
                {{"A", "1"}, {"A_B", "4"}, {"Z", "5"}});
    CHECK(plan.environment == std::vector<std::string>{"A=1", "A_B=4", "Z=5"});
    CHECK(plan.services[0].environment ==
          std::vector<std::string>{"A=2", "A1=3", "DEVSTACK_PROJECT=sora", "DEVSTACK_SERVICE=api"});
    CHECK(complete_environment(plan, plan.services[0]) ==
          std::vector<std::string>{
              "A=2", "A1=3", "A_B=4", "DEVSTACK_PROJECT=sora", "DEVSTACK_SERVICE=api", "Z=5"});
}

TEST_CASE("PORT is the declared port unless the profile or an env file says otherwise",
          "[unit][plan]") {
    const std::string with_port = minimal + "port = 3101\n";
    CHECK(variable(plan_of(with_port), "api", "PORT") == "3101");
    CHECK(variable(plan_of(with_port, {{"PORT", "8080"}}), "api", "PORT") == "3101");
    CHECK(variable(plan_of(with_port + "env = { PORT = 'x' }\n"), "api", "PORT") == "x");
    CHECK(variable(plan_of(minimal), "api", "PORT") == "(not set)");
    CHECK(variable(plan_of(minimal + "ports = { http = 80 }\n"), "api", "PORT") == "(not set)");
    CHECK(mistakes_of(
              with_port + "env_file = '.env'\n", {}, {{"/home/chi/shop/.env", "PORT=3000"}}) ==
          "devstack.toml:3:8: warning: service `api` declares port 3101, but its environment sets "
          "PORT to 3000 [port-differs]\n"
          "  port = 3101\n"
          "         ^\n"
          "  hint: env = { PORT = \"${port}\" } makes them agree\n");
}

TEST_CASE("numbers and booleans in env are taken as written", "[unit][plan]") {
    const Plan plan = plan_of(minimal + "env = { N = 3000, B = true, 'a.b-c' = 'odd' }\n");
    CHECK(variable(plan, "api", "N") == "3000");
    CHECK(variable(plan, "api", "B") == "true");
    CHECK(variable(plan, "api", "a.b-c") == "odd");
}

TEST_CASE("required variables must be there and not be empty", "[unit][plan]") {
    CHECK(mistakes_of("[project]\nenv_file = '.env'\n" + minimal +
                          "require_env = ['A', 'B', 'C']\nenv = { B = '' }\n",
                      {{"A", "1"}},
                      {{"/home/chi/shop/.env", ""}}) ==
          "devstack.toml:5:21: error: `api` requires variable `B`, which is empty "
          "[missing-variable]\n"
          "  require_env = ['A', 'B', 'C']\n"
          "                      ^\n"
          "  hint: set it in .env, `env` or the environment of devstack\n"
          "devstack.toml:5:26: error: `api` requires variable `C`, which is not set "
          "[missing-variable]\n"
          "  require_env = ['A', 'B', 'C']\n"
          "                           ^\n"
          "  hint: set it in .env, `env` or the environment of devstack\n");
}

TEST_CASE("a missing env file is reported where it is asked for", "[unit][plan]") {
    CHECK(mistakes_of("[project]\nenv_file = 'a.env'\n" + minimal +
                      "working_dir = 'apps'\nenv_file = 'b.env'\n") ==
          "devstack.toml:2:12: error: cannot read env file a.env: no such file "
          "[missing-env-file]\n"
          "  env_file = 'a.env'\n"
          "             ^\n"
          "  hint: create it, or remove it from `env_file`\n"
          "devstack.toml:6:12: error: cannot read env file apps/b.env: no such file "
          "[missing-env-file]\n"
          "  env_file = 'b.env'\n"
          "             ^\n"
          "  hint: create it, or remove it from `env_file`; paths in a service begin in its "
          "`working_dir`\n");
}

TEST_CASE("mistakes in an env file are told with its name, and show no value", "[unit][plan]") {
    CHECK(mistakes_of(minimal + "env_file = '.env'\n",
                      {},
                      {{"/home/chi/shop/.env", "A=hunter22${NONE}\nB=\"x\n${C\"\n"}}) ==
          ".env:1:11: error: variable `NONE` is not set [missing-variable]\n"
          "  hint: give it a default with ${NAME:-…}, or put the value in single quotes to leave "
          "it as it is\n"
          ".env:3:1: error: cannot read the `${…}` in the value of `B` [bad-interpolation]\n"
          "  hint: write \\$ in double quotes, or use single quotes, for a dollar that is meant "
          "as such\n");
}

TEST_CASE("references that refer to references cannot grow without end", "[unit][plan]") {
    std::string file = "A0=0123456789\n";
    for (int i = 1; i < 60; ++i) {
        const std::string before = "${A" + std::to_string(i - 1) + "}";
        file += "A" + std::to_string(i) + "=" + before + before + "\n";
    }
    const std::string text =
        mistakes_of(minimal + "env_file = '.env'\n", {}, {{"/home/chi/shop/.env", file}});
    CHECK(text.find("which Linux refuses [too-large]") != std::string::npos);
}

TEST_CASE("an environment that Linux would refuse is refused", "[unit][plan]") {
    const std::string value(100'000, 'x');
    std::string file;
    for (int i = 0; i < 30; ++i) {
        file += "A" + std::to_string(i) + "=" + value + "\n";
    }
    CHECK(mistakes_of(minimal + "env_file = '.env'\n", {}, {{"/home/chi/shop/.env", file}}) ==
          "devstack.toml:1:10: error: the environment of `api` has 2.86 MiB, and Linux accepts "
          "about 1.94 MiB [too-large]\n"
          "  [service.api]\n"
          "           ^\n");
}

TEST_CASE("secrets of all services are collected once", "[unit][plan]") {
    const Plan plan = plan_of(minimal +
                                  "env = { A_TOKEN = 'hunter22' }\n"
                                  "[service.b]\ncommand = 'x'\n"
                                  "env = { A_TOKEN = 'hunter22', DB = 'pg://a:pass99@h' }\n",
                              {{"MY_SECRET", "very secret"}});
    CHECK(plan.secrets == std::vector<std::string>{"very secret", "hunter22", "pass99"});
}
