// Files that logs complain of.

#include "devstack/core/doctor/logged_files.hpp"

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

FileFact& add_file(World& world, const std::string& word, const std::string& trouble) {
    FileFact file;
    file.service = "api";
    file.word = word;
    file.trouble = trouble;
    file.path = "api/" + word;
    world.facts.files.push_back(file);
    return world.facts.files.back();
}

/// It has ended over a file that is not there.
FileFact& lose(World& world, const std::string& word) {
    world.end("api", 1);
    world.say("api", "Error: ENOENT: no such file or directory, open '" + word + "'");
    FileFact& file = add_file(world, word, "missing");
    file.is_missing = true;
    file.first_missing = file.path;
    return file;
}

FileFact& refuse(World& world,
                 const std::string& barrier,
                 const std::string& refuses,
                 const std::string& mode) {
    world.end("api", 1);
    world.service("api").user = "nobody";
    FileFact& file = add_file(world, "data/orders.txt", "denied");
    file.barrier = barrier;
    file.refuses = refuses;
    file.mode = mode;
    file.owner = "root";
    file.group = "root";
    world.say("api", "PermissionError: [Errno 13] Permission denied: 'data/orders.txt'");
    return file;
}

std::string read(const std::string& line) {
    const FileComplaint it = find_file_complaint(line);
    return it.trouble.empty() ? "" : it.trouble + " " + it.path;
}

}  // namespace

TEST_CASE("what a log complains of is read as each language puts it", "[unit][doctor]") {
    CHECK(read("Error: ENOENT: no such file or directory, open 'a/b.json'") == "missing a/b.json");
    CHECK(read("Error: EACCES: permission denied, mkdir '/srv/up'") == "denied /srv/up");
    CHECK(read("Error: EROFS: read-only file system, open 'x.log'") == "read-only x.log");
    CHECK(read("FileNotFoundError: [Errno 2] No such file or directory: 'conf/a.yml'") ==
          "missing conf/a.yml");
    CHECK(read("PermissionError: [Errno 13] Permission denied: '/srv/a.txt'") ==
          "denied /srv/a.txt");
    CHECK(read("OSError: [Errno 30] Read-only file system: 'b.txt'") == "read-only b.txt");
    CHECK(read("a.rb:1:in `read': No such file or directory @ rb_sysopen - conf/a.yml "
               "(Errno::ENOENT)") == "missing conf/a.yml");
    CHECK(read("java.io.FileNotFoundException: conf/a.properties (No such file or directory)") ==
          "missing conf/a.properties");
    CHECK(read("java.io.FileNotFoundException: out/a.log (Permission denied)") ==
          "denied out/a.log");
    CHECK(read("java.nio.file.NoSuchFileException: conf/a.yaml") == "missing conf/a.yaml");
    CHECK(read("java.nio.file.AccessDeniedException: /srv/a.yaml") == "denied /srv/a.yaml");
    CHECK(read("PHP Warning:  fopen(/srv/app.log): Failed to open stream: Permission denied in "
               "/srv/a.php on line 3") == "denied /srv/app.log");
    CHECK(read("2026/11/20 18:37:03 open config.yaml: no such file or directory") ==
          "missing config.yaml");
    CHECK(read("Can't open 'conf/app.ini': No such file or directory at a.pl line 3.") ==
          "missing conf/app.ini");
    CHECK(read("cat: ./seed.sql: No such file or directory") == "missing ./seed.sql");
    CHECK(read("could not read /etc/shop.conf (Permission denied)") == "denied /etc/shop.conf");
    CHECK(read("sqlite3.OperationalError: attempt to write a readonly database") == "database ");
    CHECK(read("permission denied for table orders").empty());
    CHECK(read("connect EACCES 127.0.0.1:80: permission denied").empty());
    CHECK(read("open() \"/srv/a.html\" failed (2: No such file or directory)").empty());
    CHECK(read("read config.yaml").empty());
}

TEST_CASE("of a missing file it is told what there is, and who names it", "[unit][doctor]") {
    World world;
    FileFact& file = lose(world, "data/template.json");
    CHECK(world.findings()[0].what == "api opens data/template.json, which does not exist.");
    file.nearest = "api/data/templates.json";
    world.facts.mentions = {{"api", 0, "config/default.json:4", "template.json"},
                            {"web", 0, "other.json:1", "template.json"}};
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "file-missing");
    CHECK(finding.what ==
          "api opens data/template.json, which does not exist; there is api/data/templates.json.");
    CHECK(finding.evidence[1] == "config/default.json:4 names it");
    CHECK(finding.fix ==
          "correct the name in config/default.json:4: templates.json, not template.json");
}

TEST_CASE("a missing directory, and a file that lies elsewhere, are told as such",
          "[unit][doctor]") {
    World world;
    FileFact& file = lose(world, "data/seed.json");
    file.first_missing = "api/data";
    Finding finding = world.findings()[0];
    CHECK(finding.what ==
          "api opens data/seed.json, which does not exist: there is no directory api/data.");
    CHECK(finding.fix == "mkdir -p api/data and put there what belongs there, or correct the path");
    file.first_missing = file.path;
    file.nearest = "shared/seed.json";
    finding = world.findings()[0];
    CHECK(finding.fix ==
          "correct the path or the working directory of api (devstack.toml:1): it lies at "
          "shared/seed.json");
    file.nearest.clear();
    file.leads_to = "../releases/42";
    finding = world.findings()[0];
    CHECK(finding.what ==
          "api opens data/seed.json, which does not exist: api/data/seed.json is a link to "
          "../releases/42, where nothing is.");
    CHECK(finding.fix ==
          "let the link lead to what is there (ln -sfn TARGET api/data/seed.json), or make "
          "../releases/42");
    file.is_missing = false;
    finding = world.findings()[0];
    CHECK(finding.evidence[1] == "api/data/seed.json is there now");
    CHECK(finding.fix == "devstack restart api: the file is there now");
}

TEST_CASE("what a service's user may not use is told with its owner and mode", "[unit][doctor]") {
    World world;
    FileFact& file = refuse(world, "api/data/orders.txt", "read", "-rw-------");
    Finding finding = world.findings()[0];
    CHECK(finding.id == "permission-denied");
    CHECK(finding.confidence == Confidence::sure);
    CHECK(finding.what ==
          "api runs as nobody, who may not read api/data/orders.txt: it belongs to root:root "
          "(-rw-------).");
    CHECK(finding.fix == "chown nobody api/data/orders.txt, or chmod o+r api/data/orders.txt");
    file.barrier = "api/data";
    file.mode = "drwx------";
    file.refuses = "enter";
    finding = world.findings()[0];
    CHECK(finding.what ==
          "api runs as nobody, who may not reach api/data/orders.txt: the directory api/data "
          "belongs to root:root (drwx------).");
    CHECK(finding.fix == "chmod o+x api/data, or chown nobody api/data");
    file.refuses = "write";
    file.mode = "drwxr-xr-x";
    finding = world.findings()[0];
    CHECK(finding.what ==
          "api runs as nobody, who may not make api/data/orders.txt: the directory api/data "
          "belongs to root:root (drwxr-xr-x).");
    CHECK(finding.fix == "chown nobody api/data, or run api as root");
}

TEST_CASE("a read-only mount is told with its place", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    FileFact& file = add_file(world, "out.log", "read-only");
    file.barrier = "/srv";
    file.refuses = "read-only mount";
    world.say("api", "Error: EROFS: read-only file system, open 'out.log'");
    const Finding finding = world.findings()[0];
    CHECK(finding.id == "read-only-file-system");
    CHECK(finding.what == "api may not write api/out.log: /srv is mounted read-only.");
    CHECK(finding.fix ==
          "mount -o remount,rw /srv (findmnt /srv and dmesg tell why it is), or let api write "
          "elsewhere");
}

TEST_CASE("SQLite's own file, and the directory of its journal, are told by name",
          "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.service("api").user = "nobody";
    world.say("api", "sqlite3.OperationalError: attempt to write a readonly database");
    FileFact& file = add_file(world, "", "database");
    file.path = "api/audit.db";
    file.barrier = file.path;
    file.refuses = "write";
    file.mode = "-rw-r--r--";
    file.owner = "root";
    file.group = "root";
    Finding finding = world.findings()[0];
    CHECK(finding.id == "sqlite-read-only");
    CHECK(finding.what ==
          "api runs as nobody, who may not write its SQLite database api/audit.db: it belongs to "
          "root:root (-rw-r--r--).");
    file.barrier = "api";
    file.mode = "drwxr-xr-x";
    finding = world.findings()[0];
    CHECK(finding.what ==
          "api runs as nobody, who may not make a journal beside its SQLite database api/audit.db: "
          "the directory api belongs to root:root (drwxr-xr-x).");
}

TEST_CASE("why a database of SQLite can not be opened is told", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.service("api").user = "nobody";
    world.say("api", "sqlite3.OperationalError: unable to open database file");
    CHECK(world.findings()[0].what ==
          "api can not open its SQLite database: its directory does not exist, or may not be "
          "written.");
    FileFact& file = add_file(world, "nable to open", "database-open");
    file.path = "api/data/app.db";
    file.is_missing = true;
    file.first_missing = "api/data";
    world.facts.mentions = {{"api", 0, "api/app.py:3", "app.db"}};
    Finding finding = world.findings()[0];
    CHECK(finding.what ==
          "api can not open its SQLite database api/data/app.db (api/app.py:3): there is no "
          "directory api/data.");
    CHECK(finding.fix ==
          "mkdir -p api/data (SQLite makes the file, and no directories), or correct the path");
    file.first_missing.clear();
    file.barrier = "api/data";
    file.refuses = "read-only mount";
    CHECK(world.findings()[0].what ==
          "api can not open its SQLite database api/data/app.db (api/app.py:3): api/data is "
          "mounted read-only.");
    file.refuses = "write";
    file.mode = "drwxr-xr-x";
    file.owner = "root";
    file.group = "root";
    CHECK(world.findings()[0].what ==
          "api can not open its SQLite database api/data/app.db (api/app.py:3): it runs as nobody, "
          "and the directory api/data belongs to root:root (drwxr-xr-x).");
}

TEST_CASE("an old complaint of a service that is well is nobody's business", "[unit][doctor]") {
    World world;
    world.facts.time = "2026-11-20T19:37:05.000Z";
    FileFact& file = add_file(world, "data/orders.txt", "denied");
    file.barrier = file.path;
    file.refuses = "read";
    world.say("api", "PermissionError: [Errno 13] Permission denied: 'data/orders.txt'");
    FileFact& lost = add_file(world, "optional.json", "missing");
    lost.is_missing = true;
    world.say("api", "Error: ENOENT: no such file or directory, open 'optional.json'");
    CHECK(world.said().empty());
}

TEST_CASE("the file of a PHP class whose name has another case is told", "[doctor][files]") {
    World world;
    world.end("api", 1);
    world.say("api",
              "PHP Fatal error:  Uncaught Error: Class \"App\\Services\\Invoice\" not found in "
              "/srv/public/index.php:3");
    FileFact file;
    file.service = "api";
    file.word = "App\\Services\\Invoice";
    file.trouble = "class";
    file.path = "src/Services/Invoice.php";
    file.is_missing = true;

    SECTION("there is one that differs by case") {
        file.nearest = "src/Services/invoice.php";
        world.facts.files = {file};
        CHECK(world.findings()[0].what ==
              "/srv/public/index.php line 3 of api uses the class App\\Services\\Invoice, which "
              "no autoloader finds: its file is src/Services/invoice.php, and should be "
              "Invoice.php, in that case.");
        CHECK(world.findings()[0].fix ==
              "git mv src/Services/invoice.php src/Services/Invoice.php");
    }
    SECTION("there is none") {
        world.facts.files = {file};
        CHECK(world.findings()[0].fix ==
              "make src/Services/Invoice.php, or correct the namespace or name where it is used");
    }
    SECTION("it is where it should be") {
        file.is_missing = false;
        world.facts.files = {file};
        CHECK(world.findings()[0].fix ==
              "see that src/Services/Invoice.php says its namespace and name as they are used, "
              "and composer dump-autoload");
    }
}
