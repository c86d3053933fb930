#include "diagnosis/collectors.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <fstream>

using namespace devstack;
using namespace devstack::diagnosis;

namespace {

class Folder {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "mentionsXXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    void write(const std::string& name, const std::string& text) const {
        const std::filesystem::path file = std::filesystem::path{path_} / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream{file} << text;
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

std::vector<std::string> find_places(const std::string& folder, const std::string& line) {
    Facts facts;
    facts.services.emplace_back();
    facts.services[0].name = "web";
    facts.services[0].working_dir = folder;
    facts.logs = {{"web", "web.log", {{"2026-11-20T18:37:05.000Z", line}}}};
    collect_mentions(facts);
    std::vector<std::string> places;
    for (const auto& it : facts.mentions)
        places.push_back(it.service + " " + std::to_string(it.port) + " " + it.where);
    return places;
}

}  // namespace

TEST_CASE("a port of which a log complains is found in the project's own files",
          "[unit][diagnosis]") {
    const Folder folder;
    folder.write("config/database.yml", "production:\n  host: localhost\n  port: 5433\n");
    folder.write("node_modules/pg/index.js", "const port = 5433;\n");
    folder.write(".git/config.yml", "5433\n");
    folder.write("data.bin", "5433\n");
    folder.write("app.rb", "# 54331 and 15433 are others\n");
    const std::vector<std::string> found{"web 5433 config/database.yml:3"};
    CHECK(find_places(folder.path(), "connect ECONNREFUSED 127.0.0.1:5433") == found);
    CHECK(find_places(folder.path(), "listen tcp 127.0.0.1:5433: bind: address already in use") ==
          found);
    CHECK(find_places(folder.path(), "connected to 127.0.0.1:5433").empty());
    CHECK(find_places(folder.path() + "/none", "connect ECONNREFUSED 127.0.0.1:5433").empty());
}

TEST_CASE("a missing file is found in the project's own files by its whole name",
          "[unit][diagnosis]") {
    const Folder folder;
    folder.write("config/default.json", "{\n  \"file\": \"data/template.json\"\n}\n");
    folder.write("server.js", "// my-template.json, template.json5\n");
    Facts facts;
    facts.services.emplace_back();
    facts.services[0].name = "web";
    facts.services[0].working_dir = folder.path();
    facts.logs = {{"web", "web.log", {}}};
    core::doctor::FileFact file;
    file.service = "web";
    file.trouble = "missing";
    file.path = folder.path() + "/data/template.json";
    file.is_missing = true;
    facts.files = {file};
    collect_mentions(facts);
    REQUIRE(facts.mentions.size() == 1);
    CHECK(facts.mentions[0].where == "config/default.json:2");
    CHECK(facts.mentions[0].file == "template.json");
    facts.mentions.clear();
    facts.files[0].is_missing = false;
    collect_mentions(facts);
    CHECK(facts.mentions.empty());
}

TEST_CASE("a port that somebody else holds is found where a program listens", "[unit][diagnosis]") {
    const Folder folder;
    folder.write("app.exs", "{:ok, l} = :gen_tcp.listen(4000, [:binary])\n");
    folder.write("client.exs", "url = \"http://localhost:4000/port\"\nsize = 4000\n");
    folder.write("devstack.toml", "port = 4000\n");
    Facts facts;
    facts.services.emplace_back();
    facts.services[0].name = "api";
    facts.services[0].working_dir = folder.path();
    facts.listeners.emplace_back();
    facts.listeners[0].port = 4000;
    facts.listeners[0].service = "old";
    facts.logs = {{"api", "api.log", {{"2026-11-20T18:37:05.000Z", "{:error, :eaddrinuse}"}}}};
    SECTION("of somebody else") {
        collect_mentions(facts);
        REQUIRE(facts.mentions.size() == 1);
        CHECK(facts.mentions[0].where == "app.exs:1");
    }
    SECTION("its own") {
        facts.listeners[0].service = "api";
        collect_mentions(facts);
        CHECK(facts.mentions.empty());
    }
}

TEST_CASE("what an error names without its place is found", "[unit][diagnosis]") {
    const Folder folder;
    folder.write("server.js", "import http from \"http\";\nimport cfg from \"./config.json\";\n");
    folder.write("web.py", "app.secret_key = os.environ.get(\"SECRET_KEY\")\n");
    CHECK(find_places(folder.path(),
                      "TypeError [ERR_IMPORT_ATTRIBUTE_MISSING]: Module "
                      "\"file:///srv/config.json\" needs an import attribute of type \"json\"") ==
          std::vector<std::string>{"web 0 server.js:2"});
    CHECK(find_places(folder.path(),
                      "RuntimeError: The session is unavailable because no secret key was set.") ==
          std::vector<std::string>{"web 0 web.py:1"});
}
