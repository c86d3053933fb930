// Limits and settings that are taken for others, and protocols that two ends do not share.

#include "unit/core/doctor/log_examples.hpp"

using namespace devstack::core::doctor;
using namespace devstack::test;

namespace {

constexpr Told told[] = {
    // ---- Java
    {"Exception in thread \"main\" java.lang.OutOfMemoryError: Metaspace",
     "metaspace-exhausted",
     "api has used up its memory for classes (Metaspace), which is no part of the heap."},
    {"java.lang.OutOfMemoryError: Cannot reserve 8192 bytes of direct buffer memory (allocated: "
     "1048000, limit: 1048576)",
     "direct-memory-exhausted",
     "api has used up its memory for direct buffers, which is no part of the heap."},
    {"java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or "
     "process/resource limits reached",
     "native-thread-refused",
     "api can not start another thread: a limit of processes, threads or address space is "
     "reached, not that of the heap."},
    {"java.lang.OutOfMemoryError: Requested array size exceeds VM limit",
     "java-array-too-large",
     "api wants an array that is larger than Java allows, whatever the heap is: Requested array "
     "size exceeds VM limit."},
    {"java.lang.OutOfMemoryError: GC overhead limit exceeded",
     "heap-exhausted",
     "api has run out of memory: GC overhead limit exceeded."},
    {"java.lang.OutOfMemoryError: Java heap space",
     "heap-exhausted",
     "api has run out of memory: Java heap space."},
    {"Exception in thread \"main\" java.lang.reflect.InaccessibleObjectException: Unable to make "
     "field private final byte[] java.lang.String.value accessible: module java.base does not "
     "\"opens java.lang\" to unnamed module @69eee410",
     "java-module-closed",
     "api, or a library of it, uses what is inside of java.lang by reflection, which this Java "
     "does not allow any more."},
    // ---- Python
    {"ModuleNotFoundError: No module named 'tkinter'",
     "python-part-missing",
     "api imports tkinter, a part of Python itself that this installation lacks."},
    {"ModuleNotFoundError: No module named '_sqlite3'",
     "python-part-missing",
     "The Python of api was built without _sqlite3, since the library that it needs was not "
     "there."},
    {"ModuleNotFoundError: No module named 'distutils'",
     "python-module-removed",
     "api, or a package of it, imports distutils, which Python has no longer since 3.12."},
    {"ModuleNotFoundError: No module named 'telnetlib'",
     "python-module-removed",
     "api, or a package of it, imports telnetlib, which Python has no longer (3.12 and 3.13 have "
     "taken out such modules)."},
    {"ModuleNotFoundError: No module named 'ConfigParser'",
     "python-two-code",
     "api is written for Python 2: it imports ConfigParser, which Python 3 calls otherwise."},
    {"ModuleNotFoundError: No module named 'tomllib'",
     "python-too-old",
     "api imports tomllib, which the Python that runs it is too old for."},
    {"ModuleNotFoundError: No module named 'encodings'",
     "python-home-wrong",
     "The Python of api does not find its own library, of which encodings is a part: PYTHONHOME "
     "names another place, or its installation is not whole."},
    {"ModuleNotFoundError: No module named 'email.mime'",
     "python-own-module-hidden",
     "api imports email.mime, a part of Python itself, and does not find it: as a rule a file or "
     "directory email of its own hides Python's."},
    {"ModuleNotFoundError: No module named 'requests'",
     "python-module-missing",
     "api imports the Python module requests, which is not installed."},
    {"RuntimeError: context has already been set",
     "python-spawn-runs-main",
     "A process that api starts by multiprocessing ends at once: with spawn it runs the main "
     "module again, which starts it outside of if __name__ == \"__main__\"."},
    // ---- Time zones
    {"zoneinfo._common.ZoneInfoNotFoundError: 'No time zone found with key Europe/Munich'",
     "time-zone-unknown",
     "api asks for the time zone Europe/Munich, which does not exist here."},
    {"Exception in thread \"main\" java.time.zone.ZoneRulesException: Unknown time-zone ID: "
     "Europe/Munich",
     "time-zone-unknown",
     "api asks for the time zone Europe/Munich, which does not exist here."},
    {"panic: unknown time zone Europe/Munich",
     "time-zone-unknown",
     "api asks for the time zone Europe/Munich, which does not exist here."},
    {"RangeError: Invalid time zone specified: Europe/Munich",
     "time-zone-unknown",
     "api asks for the time zone Europe/Munich, which does not exist here."},
    // ---- Locales, limits, options
    {"app.rb:2:in `split': invalid byte sequence in US-ASCII (ArgumentError)",
     "locale-not-utf8",
     "api (Ruby) takes text in UTF-8 for ASCII: its locale is not UTF-8."},
    {"OSError: [Errno 27] File too large",
     "file-size-limit",
     "api has reached the limit of the size of a file that it may write (ulimit -f)."},
    {"Error: EMFILE: too many open files, watch '.'",
     "inotify-instances",
     "api can not watch its files: its user has no inotify instance left "
     "(fs.inotify.max_user_instances), which Node.js calls too many open files."},
    {"OSError: [Errno 24] inotify instance limit reached",
     "inotify-instances",
     "api can not watch its files: its user has no inotify instance left "
     "(fs.inotify.max_user_instances)."},
    {"RuntimeError: /dev/shmem doesn't exist. Can't create workertmp.",
     "directory-missing",
     "The directory /dev/shmem, where api (gunicorn) keeps files of its workers, does not exist."},
    {"RuntimeError: gevent worker requires gevent 1.4 or higher",
     "gunicorn-worker-class",
     "api (gunicorn) is to work with gevent, which is not installed in version 1.4 or higher."},
    {"Error: class uri 'uvicorn.workers.UvicornWorker' invalid or not found: ",
     "gunicorn-worker-class",
     "api (gunicorn) can not load its worker class uvicorn.workers.UvicornWorker."},
    {"node: .env.local: not found",
     "env-file-missing",
     ".env.local, which node is told to read by --env-file, does not exist in api."},
    {"Error: Invalid value for '--env-file': Path '.env.local' does not exist.",
     "env-file-missing",
     ".env.local, which api is told to read by --env-file, does not exist in api."},
    // ---- Python servers
    {"TypeError: FastAPI.__call__() missing 1 required positional argument: 'send'",
     "asgi-in-wsgi-server",
     "api is an ASGI application (FastAPI), and is run by a server that speaks WSGI, so that each "
     "request fails."},
    {"TypeError: Flask.__call__() missing 1 required positional argument: 'start_response'",
     "wsgi-in-asgi-server",
     "api is a WSGI application (Flask), and is run by a server that speaks ASGI, so that each "
     "request fails."},
    {"TypeError: WSGIHandler.__call__() takes 3 positional arguments but 4 were given",
     "wsgi-in-asgi-server",
     "api is a WSGI application (WSGIHandler), and is run by a server that speaks ASGI, so that "
     "each request fails."},
    // ---- gRPC
    {"rpc error: code = Unimplemented desc = unknown service shop.v2.Inventory",
     "grpc-method-missing",
     "api calls a gRPC method that the server does not have: unknown service shop.v2.Inventory."},
    {"Error: 12 UNIMPLEMENTED: The server does not implement the method /shop.v2.Inventory/Get",
     "grpc-method-missing",
     "api calls a gRPC method that the server does not have: /shop.v2.Inventory/Get."},
    {"inventory call failed: UNAVAILABLE failed to connect to all addresses; last error: "
     "UNAVAILABLE: ipv4:127.0.0.1:3200: Failed parsing HTTP/2",
     "grpc-to-http",
     "api speaks gRPC to 127.0.0.1:3200 (web), which speaks no HTTP/2."},
    {"last error: UNKNOWN: ipv4:127.0.0.1:50051: Ssl handshake failed: SSL_ERROR_SSL: "
     "error:0A00010B:SSL routines::wrong version number",
     "tls-to-plain-port",
     "api speaks gRPC with TLS to 127.0.0.1:50051, where plain text is spoken."},
    {"desc = grpc: received message larger than max (5000000 vs. 4194304)",
     "grpc-message-too-large",
     "api gets a message of 5000000 bytes by gRPC, and takes 4194304 at most."},
    // ---- Go, Elixir, Erlang
    {"go: cannot find GOROOT directory: /usr/local/go",
     "go-root-wrong",
     "GOROOT of api names /usr/local/go, where there is no Go."},
    {"go: inconsistent vendoring in /srv/api:",
     "go-vendor-outdated",
     "The directory vendor of api does not fit its go.mod."},
    {"** (System.EnvError) could not fetch environment variable \"DATABASE_URL\" because it is "
     "not set",
     "variable-missing",
     "The variable DATABASE_URL that api needs is not set."},
    {"** (MatchError) no match of right hand side value: {:error, :eaddrinuse}",
     "port-in-use",
     "api can not listen: the address was in use."},
    {"[error] Running Shop.Endpoint with Bandit 1.5.7 at http failed, port 4000 already in use",
     "port-in-use",
     "api can not listen on port 4000: it was in use."},
    {"Protocol 'inet_tcp': the name app@localhost seems to be in use by another Erlang node",
     "erlang-name-in-use",
     "api can not start its Erlang node: the name app@localhost is taken by another one that "
     "runs."},
    // ---- PHP
    {"PHP Warning:  require(): open_basedir restriction in effect. File(/srv/config/app.php) is "
     "not within the allowed path(s): (/srv/public:/tmp) in /srv/public/index.php on line 2",
     "php-open-basedir",
     "PHP of api may not use /srv/config/app.php: open_basedir allows it only /srv/public:/tmp."},
    {"PHP Warning:  session_start(): open(/var/lib/php/app/sess_4f2, O_RDWR) failed: No such file "
     "or directory (2) in /srv/public/index.php on line 2",
     "php-session-path",
     "PHP of api can not keep its sessions in /var/lib/php/app (session.save_path): No such file "
     "or directory."},
    // ---- Perl, Ruby, native code
    {"Can't locate object method \"total\" via package \"Shop::Cart\" at /srv/app.psgi line 3.",
     "perl-method-missing",
     "/srv/app.psgi line 3 of api calls the method total of Shop::Cart, which has none of that "
     "name."},
    {"*** stack smashing detected ***: terminated",
     "memory-corrupted",
     "api has written beyond the end of a local array (stack smashing), and was ended for it "
     "(SIGABRT)."},
    {"free(): invalid pointer",
     "memory-corrupted",
     "The heap of api is corrupted (free(): invalid pointer): it has written beyond the end of an "
     "allocation, or released one twice, some time before."},
};

constexpr const char* harmless[] = {
    "INFO  Java heap space 512m, metaspace 64m",
    "using the time zone Europe/Berlin",
    "INFO grpc: UNIMPLEMENTED is answered to reflection",
    "node: listening on 3000",
    "free() called for 3 sessions",
    "upload of avatar.png refused: file too large",
    "--> GET /files (watching . for changes)",
};

}  // namespace

TEST_CASE("limits and settings that are taken for others are told", "[doctor][logs]") {
    check_told(told);
}

TEST_CASE("words that only look like limits mean nothing", "[doctor][logs]") {
    check_harmless(harmless);
}

TEST_CASE("a value of which a program complains is told with where it is set", "[doctor][logs]") {
    World world;
    world.end("api", 1);
    ServiceFact& api = world.service("api");
    VariableFact zone;
    zone.name = "APP_TZ";
    zone.value = "Europe/Munich";
    zone.where = ".env:1";
    VariableFact home;
    home.name = "PYTHONHOME";
    home.value = "/opt/python3.9";
    home.where = ".env:2";
    api.variables = {zone, home};

    SECTION("a variable") {
        world.say("api", "ZoneInfoNotFoundError: 'No time zone found with key Europe/Munich'");
        CHECK(world.findings()[0].what ==
              "api asks for the time zone Europe/Munich (APP_TZ, .env:1), which does not exist "
              "here.");
    }
    SECTION("a variable that the message does not name") {
        world.say("api", "ModuleNotFoundError: No module named 'encodings'");
        CHECK(world.findings()[0].what ==
              "The Python of api does not find its own library, of which encodings is a part: "
              "PYTHONHOME (.env:2) names another place, or its installation is not whole.");
    }
    SECTION("an option of the command") {
        api.command = "gunicorn --worker-tmp-dir /dev/shmem app:app";
        world.say("api", "RuntimeError: /dev/shmem doesn't exist. Can't create workertmp.");
        CHECK(world.findings()[0].what ==
              "The directory /dev/shmem (--worker-tmp-dir in its command, devstack.toml:1), where "
              "api (gunicorn) keeps files of its workers, does not exist.");
    }
    SECTION("an option with its value") {
        api.command = "java -XX:MaxMetaspaceSize=9m -jar app.jar";
        world.say("api", "java.lang.OutOfMemoryError: Metaspace");
        CHECK(world.findings()[0].fix ==
              "raise -XX:MaxMetaspaceSize=9m (devstack.toml:1) (or CompressedClassSpaceSize), or "
              "look for what loads ever new classes; -Xmx does not help");
    }
    SECTION("a limit that the command sets") {
        api.command = "sh -c 'ulimit -f 16; exec python3 ingest.py'";
        world.say("api", "OSError: [Errno 27] File too large");
        CHECK(world.findings()[0].what ==
              "api has reached the limit of the size of a file that it may write (ulimit -f 16 in "
              "its command (devstack.toml:1)).");
    }
    SECTION("the package of a module that is called otherwise") {
        world.say("api", "ModuleNotFoundError: No module named 'yaml'");
        CHECK(world.findings()[0].fix ==
              "install the package of yaml in the environment of api (pip install PyYAML), and "
              "add it to its requirements");
    }
}
