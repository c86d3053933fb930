// Commands that name a Python module which is not there.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// An api that is started by this command, and ends with this line.
World started_by(const std::vector<std::string>& words, const std::string& line) {
    World world;
    world.end("api", 3);
    ServiceFact& api = world.service("api");
    api.words = words;
    api.command.clear();
    for (const std::string& it : words)
        api.command += (api.command.empty() ? "" : " ") + it;
    api.declared_at = "devstack.toml:3";
    FolderFact folder;
    folder.service = "api";
    folder.path = "backend";
    world.facts.folders.push_back(folder);
    world.facts.modules = {{"api", "main", {"app", "router"}}, {"api", "jobs.clean", {"run"}}};
    world.say("api", line);
    return world;
}

}  // namespace

TEST_CASE("a command that names a module which is not there is told with those that are",
          "[unit][doctor]") {
    World world = started_by({"gunicorn", "-b", "127.0.0.1:3101", "server:app"},
                             "ModuleNotFoundError: No module named 'server'");
    CHECK(world.said() ==
          "[app-module-not-found] The command of api names the module server (server:app), which "
          "is not in its working directory backend; there are main and jobs.clean.\n");
    CHECK(world.findings()[0].fix ==
          "write main:app for server:app in the command of api (devstack.toml:3)");
    world = started_by({"uvicorn", "app.main:api"},
                       "ERROR:    Error loading ASGI app. Could not import module \"app.main\".");
    CHECK(world.findings()[0].id == "app-module-not-found");
    world = started_by({"python3", "-m", "shop.server"},
                       "/usr/bin/python3: No module named shop.server");
    world.facts.modules.clear();
    CHECK(world.said() ==
          "[app-module-not-found] The command of api names the module shop.server (shop.server), "
          "which is not in its working directory backend; there is no Python module at all.\n");
}

TEST_CASE("a name that a module does not have is told with those that it has", "[unit][doctor]") {
    const World world = started_by({"gunicorn", "main:application"},
                                   "Failed to find attribute 'application' in 'main'.");
    CHECK(world.said() ==
          "[app-name-not-found] The command of api names application of the module main "
          "(main:application), which has no such name; it defines app and router.\n");
    CHECK(world.findings()[0].fix == "write main:app in the command of api (devstack.toml:3)");
}

TEST_CASE("a package that a module imports is to be installed", "[unit][doctor]") {
    const World world =
        started_by({"uvicorn", "main:app"}, "ModuleNotFoundError: No module named 'stripe'");
    CHECK(world.findings()[0].id == "python-module-missing");
    // Also when it has the name of the one that is asked for, which is there.
    const World other =
        started_by({"uvicorn", "main:app"}, "ModuleNotFoundError: No module named 'main'");
    CHECK(other.findings()[0].id == "python-module-missing");
}

TEST_CASE("a module of an own package is not to be installed", "[unit][doctor]") {
    World world = started_by({"python3", "manage.py", "runserver"},
                             "ModuleNotFoundError: No module named 'site_.settings.local'");
    world.facts.modules = {{"api", "site_", {}},
                           {"api", "site_.settings", {}},
                           {"api", "site_.settings.base", {"DEBUG"}}};
    CHECK(world.said() ==
          "[module-file-missing] api imports its own module site_.settings.local, and "
          "site_/settings/local.py does not exist in backend; there is only "
          "site_.settings.base.\n");
    CHECK(world.findings()[0].fix ==
          "make site_/settings/local.py, or write site_.settings.base for it: "
          "DJANGO_SETTINGS_MODULE, in the env of api, manage.py or wsgi.py");
    // A directory that is no package: an installed one would go before it.
    world = started_by({"alembic", "upgrade", "head"},
                       "ModuleNotFoundError: No module named 'alembic.config'");
    world.facts.modules = {{"api", "alembic.env", {"run"}}};
    CHECK(world.findings()[0].fix ==
          "make alembic/config.py, or write alembic.env for it where it is imported; or, if an "
          "installed package alembic is meant, install it");
}

TEST_CASE("a file that hides a package is told", "[unit][doctor]") {
    World world = started_by({"python3", "main.py"},
                             "ModuleNotFoundError: No module named 'redis.asyncio'; 'redis' is not "
                             "a package");
    world.facts.modules = {{"api", "redis", {"connect"}}};
    CHECK(world.said() ==
          "[module-is-no-package] api imports redis.asyncio, and redis is its own file redis.py in "
          "backend, which is no package and hides one of that name.\n");
}

TEST_CASE("a module of a package that is not the program's own is to be installed",
          "[unit][doctor]") {
    const World world =
        started_by({"python3", "main.py"}, "ModuleNotFoundError: No module named 'redis.asyncio'");
    CHECK(world.findings()[0].id == "python-module-missing");
}

TEST_CASE("an own package that a script below it can not see is told", "[unit][doctor]") {
    World world =
        started_by({"python3", "shop/main.py"}, "ModuleNotFoundError: No module named 'shop'");
    world.facts.modules = {{"api", "shop", {}}, {"api", "shop.main", {"app"}}};
    CHECK(world.said() ==
          "[module-not-on-path] api imports its own shop, which is in backend, and Python looks "
          "for it beside shop/main.py only, the script that it runs.\n");
    CHECK(world.findings()[0].fix ==
          "python -m shop.main for shop/main.py in the command of api (devstack.toml:3), or "
          "PYTHONPATH = \".\" in the env of api");
    // No package of its own: one that is installed may be meant.
    world.facts.modules = {{"api", "shop.main", {"app"}}};
    CHECK(world.findings()[0].id == "python-module-missing");
}
