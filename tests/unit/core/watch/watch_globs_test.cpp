#include "devstack/core/watch/watch_globs.hpp"

#include "support/catch.hpp"

using devstack::core::WatchGlobs;

TEST_CASE("`**` is any number of directories", "[unit][watch]") {
    const WatchGlobs globs{{"/p/src/**"}};
    CHECK(globs.matches("/p/src/app.js"));
    CHECK(globs.matches("/p/src/a/b/c.js"));
    CHECK_FALSE(globs.matches("/p/app.js"));
    CHECK_FALSE(globs.matches("/p/srcs/app.js"));
    CHECK(globs.roots() == std::vector<std::string>{"/p/src"});
    const WatchGlobs between{{"/p/**/*.py"}};
    CHECK(between.matches("/p/main.py"));
    CHECK(between.matches("/p/a/b/main.py"));
    CHECK_FALSE(between.matches("/p/a/b/main.js"));
}

TEST_CASE("other wildcards stay within a name", "[unit][watch]") {
    const WatchGlobs globs{{"/p/src/*.js", "/p/{lib,apps/[ab]}/?.ts"}};
    CHECK(globs.matches("/p/src/app.js"));
    CHECK_FALSE(globs.matches("/p/src/a/app.js"));
    CHECK(globs.matches("/p/lib/x.ts"));
    CHECK(globs.matches("/p/apps/a/x.ts"));
    CHECK_FALSE(globs.matches("/p/apps/c/x.ts"));
    CHECK_FALSE(globs.matches("/p/lib/xx.ts"));
    CHECK(globs.roots() == std::vector<std::string>{"/p/apps", "/p/lib", "/p/src"});
}

TEST_CASE("a path without wildcards is the file, or all that is in the directory",
          "[unit][watch]") {
    const WatchGlobs globs{{"/p/config.yml", "/p/src"}};
    CHECK(globs.matches("/p/config.yml"));
    CHECK(globs.matches("/p/src/a/b.js"));
    CHECK_FALSE(globs.matches("/p/config.yaml"));
}

TEST_CASE("what tools and editors write for themselves is not meant", "[unit][watch]") {
    const WatchGlobs globs{{"/p/**"}};
    for (const char* path : {"/p/node_modules/x/index.js",
                             "/p/a/.git/HEAD",
                             "/p/a/__pycache__/x.pyc",
                             "/p/.venv/bin/python",
                             "/p/dist/app.js",
                             "/p/.devstack/logs/api.log",
                             "/p/src/.app.js.swp",
                             "/p/src/app.js~",
                             "/p/src/4913",
                             "/p/src/.#app.js",
                             "/p/src/app.js___jb_tmp___"}) {
        INFO(path);
        CHECK_FALSE(globs.matches(path));
    }
    CHECK(globs.matches("/p/src/build.js"));
    CHECK_FALSE(globs.may_hold("/p/a/node_modules"));
    CHECK(globs.may_hold("/p/a"));

    SECTION("unless a glob names it") {
        const WatchGlobs named{{"/p/dist/**", "/p/src/settings.tmp"}};
        CHECK(named.matches("/p/dist/app.js"));
        CHECK_FALSE(named.matches("/p/dist/node_modules/x.js"));
        CHECK(named.may_hold("/p/dist"));
        CHECK(named.matches("/p/src/settings.tmp"));
    }
    SECTION("and where the project lies does not matter") {
        CHECK(WatchGlobs{{"/home/chi/build/shop/src/**"}}.matches("/home/chi/build/shop/src/a.js"));
    }
}

TEST_CASE("a directory may hold what matches, or may not", "[unit][watch]") {
    const WatchGlobs globs{{"/p/src/*/x.js"}};
    CHECK(globs.may_hold("/p"));
    CHECK(globs.may_hold("/p/src"));
    CHECK(globs.may_hold("/p/src/any"));
    CHECK_FALSE(globs.may_hold("/p/src/any/deeper"));
    CHECK_FALSE(globs.may_hold("/p/lib"));
}
