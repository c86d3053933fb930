// What programs of Java, PHP, Perl, Ruby, Go, Rust and C++ write of why they do not run.

#include "unit/core/doctor/log_examples.hpp"

using namespace devstack::core::doctor;
using namespace devstack::test;

namespace {

constexpr Told told[] = {
    // ---- Java
    {"Error: Could not find or load main class shop.Application",
     "java-class-missing",
     "api starts the class shop.Application, which is not on its class path."},
    {"Initial heap size set to a larger value than the maximum heap size",
     "java-option",
     "api starts Java with a heap size that it refuses: Initial heap size set to a larger value "
     "than the maximum heap size."},
    {"Invalid maximum heap size: -Xmx2x",
     "java-option",
     "api starts Java with a heap size that it refuses: Invalid maximum heap size: -Xmx2x."},
    {"Unrecognized option: -server2",
     "java-option",
     "api starts Java with the option -server2, which this version does not know."},
    {"Error opening zip file or JAR manifest missing : /opt/agent.jar",
     "jar-missing",
     "api starts Java with the agent /opt/agent.jar, which does not exist or is no jar."},
    {"Error: Invalid or corrupt jarfile target/app.jar",
     "jar-missing",
     "api starts target/app.jar, which is no jar, or an incomplete one."},
    {"ERROR: transport error 202: bind failed: Address already in use",
     "port-in-use",
     "api can not open its port for debuggers (JDWP): the address was in use."},
    {"Exception: java.lang.OutOfMemoryError thrown from the UncaughtExceptionHandler in thread "
     "\"HTTP-Dispatcher\"",
     "heap-exhausted",
     "api has run out of memory: its threads end for it (HTTP-Dispatcher)."},
    {"java.lang.IllegalStateException: Cannot load driver class: org.postgresql.Driver",
     "java-driver-missing",
     "api has no JDBC driver org.postgresql.Driver on its class path."},
    {"Caused by: java.lang.RuntimeException: Failed to load driver class com.mysql.cj.jdbc.Driver "
     "in either of HikariConfig class loader or Thread context classloader",
     "java-driver-missing",
     "api has no JDBC driver com.mysql.cj.jdbc.Driver on its class path."},
    {"org.postgresql.util.PSQLException: Connection to db.internal:5432 refused. Check that the "
     "hostname and port are correct and that the postmaster is accepting TCP/IP connections.",
     "database-unreachable",
     "api can not connect to its PostgreSQL at db.internal:5432: nothing listens there."},
    {"The dependencies of some of the beans in the application context form a cycle:",
     "spring-bean-cycle",
     "Beans of api (Spring) want each other in a circle."},
    {"Failed to bind properties under 'server.port' to java.lang.Integer:",
     "spring-property-invalid",
     "api (Spring) can not read its property server.port as java.lang.Integer."},
    {"[ERROR] /srv/src/main/java/shop/Main.java:[12,34] cannot find symbol",
     "compile-error",
     "/srv/src/main/java/shop/Main.java does not compile: line 12, cannot find symbol."},
    {"/srv/src/main/java/shop/Main.java:12: error: ';' expected",
     "compile-error",
     "/srv/src/main/java/shop/Main.java does not compile: line 12, ';' expected."},
    {"e: file:///srv/src/main/kotlin/Main.kt:3:5 Unresolved reference: foo",
     "compile-error",
     "/srv/src/main/kotlin/Main.kt does not compile: line 3, Unresolved reference: foo."},
    {"[ERROR] The goal you specified requires a project to execute but there is no POM in this "
     "directory (/srv). Please verify you invoked Maven from the correct directory.",
     "project-file-missing",
     "api is started by Maven in /srv, where there is no pom.xml."},
    {"Directory '/srv' does not contain a Gradle build.",
     "project-file-missing",
     "api is started by Gradle in /srv, where there is no build."},
    {"Task 'bootRunn' not found in root project 'shop'.",
     "gradle-task-missing",
     "api is started by Gradle with the task bootRunn, which root project 'shop' does not have."},
    {"[ERROR] No plugin found for prefix 'spring-boot' in the current project and in the plugin "
     "groups",
     "maven-plugin-missing",
     "api is started by Maven with a goal of spring-boot, a plugin that its pom.xml does not "
     "name."},
    {"> Could not find artifact com.acme:pricing:jar:1.2 in central "
     "(https://repo.maven.apache.org/maven2)",
     "java-package-missing",
     "A package of api can not be fetched: com.acme:pricing:jar:1.2."},
    {"   > Could not resolve com.acme:pricing:1.2.",
     "java-package-missing",
     "A package of api can not be fetched: com.acme:pricing:1.2."},
    // ---- PHP and PHP-FPM
    {"[28-Nov-2026 09:09:13] ERROR: [fpm.conf:13] unknown entry 'pm.max_childs'",
     "fpm-config",
     "api (PHP-FPM) refuses its configuration: fpm.conf line 13, unknown entry 'pm.max_childs'."},
    {"[28-Nov-2026 09:09:19] ERROR: [pool www] cannot get uid for user 'deploy'",
     "user-missing",
     "api (PHP-FPM) does not start: its pool www is to run as deploy, and there is no such user or "
     "group on this machine."},
    {"[28-Nov-2026 09:09:19] ERROR: [pool www] the chdir path '/srv/app' does not exist or is not "
     "a "
     "directory",
     "fpm-config",
     "api (PHP-FPM) does not start: chdir of its pool www names /srv/app, which does not exist."},
    {"[28-Nov-2026 09:09:19] ERROR: No pool defined. at least one pool section must be specified "
     "in "
     "config file",
     "fpm-config",
     "api (PHP-FPM) does not start: its configuration has no pool."},
    {"[28-Nov-2026 09:56:02] WARNING: [pool www] child 16 said into stderr: \"NOTICE: Access to "
     "the "
     "script '/srv/public/index.phtml' has been denied (see security.limit_extensions)\"",
     "fpm-script-refused",
     "PHP-FPM refuses to run /srv/public/index.phtml: its name ends in nothing that "
     "security.limit_extensions allows (.php, if it is not set)."},
    {"[28-Nov-2026 09:57:22] WARNING: [pool www] child 18, script '/srv/public/index.php' "
     "(request: "
     "\"GET /index.php\") execution timed out (1.255842 sec), terminating",
     "php-timeout",
     "api (PHP-FPM) has ended /srv/public/index.php (GET /index.php), which took longer than "
     "request_terminate_timeout: 1.255842 s."},
    {"[28-Nov-2026 09:57:04] WARNING: [pool www] child 18 exited on signal 11 (SIGSEGV) after "
     "1.070508 seconds from start",
     "php-crash",
     "PHP itself crashes in a worker of api (SIGSEGV): it is an extension, or a recursion without "
     "end, rather than the code of a page."},
    {"[Sat Nov 28 10:15:21 2026] PHP Fatal error:  Uncaught Error: Class \"Redis\" not found in "
     "/srv/src/Orders.php:6",
     "php-extension-missing",
     "api uses the class Redis of a PHP extension that is not loaded."},
    {"PHP Fatal error:  Uncaught Error: Call to undefined function numfmt_create() in /srv/a.php:3",
     "php-extension-missing",
     "api calls numfmt_create, of the PHP extension intl, which is not loaded."},
    {"PHP Fatal error:  Uncaught Error: Call to undefined function App\\utf8_encode() in "
     "/srv/a.php:3",
     "php-extension-missing",
     "api calls utf8_encode, of the PHP extension xml, which is not loaded."},
    {"PHP Fatal error:  Uncaught Error: Call to undefined function apcu_fetch() in /srv/a.php:3",
     "php-extension-missing",
     "api calls apcu_fetch, of the PHP extension apcu, which is not loaded."},
    {"PHP Fatal error:  Uncaught Error: Call to undefined function mysql_connect() in /srv/a.php:3",
     "php-function-removed",
     "api calls mysql_connect, which PHP has no longer: its code is older than the PHP that runs "
     "it."},
    {"Could not open input file: artisan",
     "file-missing",
     "api starts PHP with artisan, which does not exist in api."},
    {"Directory web does not exist.",
     "directory-missing",
     "api (php -S) is to serve the directory web, which does not exist in api."},
    {"PHP Fatal error:  Uncaught LogicException: Dependencies are missing. Try running \"composer "
     "install\". in /srv/bin/console:8",
     "packages-not-installed",
     "The PHP packages of api are not installed."},
    {"Environment variable not found: \"DATABASE_URL\".",
     "variable-missing",
     "The variable DATABASE_URL that api needs is not set."},
    // ---- Ruby
    {"definition.rb:486:in `materialize': Could not find puma-6.4.2, nio4r-2.7.3 in any of the "
     "sources (Bundler::GemNotFound)",
     "ruby-gem-missing",
     "Gems that Gemfile.lock of api names are not installed: puma-6.4.2, nio4r-2.7.3."},
    {"validate_ruby!': Your Ruby version is 3.1.2, but your Gemfile specified 3.3.0 "
     "(Bundler::RubyVersionMismatch)",
     "runtime-too-old",
     "api wants another Ruby than the one that runs it: its Gemfile says 3.3.0, and this is "
     "3.1.2."},
    {"can't find executable puma for gem puma. puma is not currently included in the bundle, "
     "perhaps you meant to add it to your Gemfile? (Gem::Exception)",
     "ruby-gem-missing",
     "api starts puma with bundler, and the Gemfile in api does not name the gem puma."},
    {"/srv/app.rb:4:in `fetch': key not found: \"SECRET_KEY_BASE\" (KeyError)",
     "variable-missing",
     "The variable SECRET_KEY_BASE that api reads from its environment is not set."},
    {"dsl.rb:87:in `read': No such file or directory @ rb_sysopen - config/puma/production.rb "
     "(Errno::ENOENT)",
     "file-missing",
     "api opens config/puma/production.rb, which does not exist (from api)."},
    {"binder.rb:196:in `realdirpath': No such file or directory @ realpath_rec - /srv/tmp "
     "(Errno::ENOENT)",
     "file-missing",
     "api looks for /srv/tmp, which does not exist (from api)."},
    {"ERROR: No application configured, nothing to run",
     "file-missing",
     "api (puma) has no application: there is no config.ru in api."},
    {"[128] ! Unable to start worker",
     "worker-can-not-start",
     "The workers of api (puma) can not load its application: each ends at once, and is started "
     "again."},
    {"config.ru:1:in `require_relative': /srv/app.rb:18: syntax error, unexpected end-of-input, "
     "expecting `end' (SyntaxError)",
     "syntax-error",
     "/srv/app.rb line 18 of api has a syntax error: syntax error, unexpected end-of-input, "
     "expecting `end' (SyntaxError)."},
    // ---- Perl
    {"Error while loading /srv/app.psgi: Can't locate Mojo/UserAgent.pm in @INC (you may need to "
     "install the Mojo::UserAgent module) (@INC contains: lib /etc/perl) at lib/Orders.pm line 4.",
     "perl-module-missing",
     "api uses the Perl module Mojo::UserAgent, which is not installed."},
    {"install_driver(Pg) failed: Can't locate DBD/Pg.pm in @INC (you may need to install the "
     "DBD::Pg module) (@INC contains: /etc/perl) at (eval 5) line 3.",
     "perl-module-missing",
     "api uses the Perl module DBD::Pg, which is not installed."},
    {"Can't locate lib/config.pl in @INC (@INC contains: /etc/perl) at app.pl line 3.",
     "perl-module-missing",
     "api loads the Perl file lib/config.pl, which is in no folder of @INC."},
    {"Error while loading /srv/app.psgi: syntax error at lib/Shop/Orders.pm line 7, near \"@_",
     "syntax-error",
     "lib/Shop/Orders.pm line 7 of api has a syntax error near: @_."},
    {"Global symbol \"$total\" requires explicit package name (did you forget to declare \"my "
     "$total\"?) at app.pl line 9.",
     "syntax-error",
     "app.pl line 9 of api has a syntax error: Global symbol \"$total\" requires explicit package "
     "name (did you forget to declare \"my $total\"?)."},
    {"DBI connect('dbname=shop;host=db','shop',...) failed: could not connect to server: "
     "Connection "
     "timed out at lib/Orders.pm line 6.",
     "database-unreachable",
     "api has no connection to its database (dbname=shop;host=db): could not connect to server: "
     "Connection timed out."},
    {"Can't open perl script \"app.pl\": No such file or directory",
     "file-missing",
     "api starts perl with app.pl, which does not exist in api."},
    {"Perl v5.40.0 required--this is only v5.36.0, stopped at app.pl line 1.",
     "runtime-too-old",
     "api wants Perl v5.40.0, and this is v5.36.0."},
    // ---- Files
    {"2026/11/28 10:34:30 license: open /etc/cart/license.key: no such file or directory",
     "file-missing",
     "api opens /etc/cart/license.key, which does not exist."},
    {"Error: ENOENT: no such file or directory, open '/srv/config.json'",
     "file-missing",
     "api opens /srv/config.json, which does not exist."},
    {"FileNotFoundError: [Errno 2] No such file or directory: 'config.yml'",
     "file-missing",
     "api opens config.yml, which does not exist."},
    {"Caused by: java.io.FileNotFoundException: conf/app.yml (No such file or directory)",
     "file-missing",
     "api opens conf/app.yml, which does not exist."},
    {"java.nio.file.NoSuchFileException: conf/app.yml",
     "file-missing",
     "api opens conf/app.yml, which does not exist."},
    {"Unhandled exception. System.IO.FileNotFoundException: Could not find file '/srv/a.json'.",
     "file-missing",
     "api opens /srv/a.json, which does not exist."},
    // ---- C++, Go, Rust
    {"./bin/catalogue: symbol lookup error: ./bin/catalogue: undefined symbol: _Z9item_pagei",
     "shared-library-outdated",
     "./bin/catalogue of api wants the symbol _Z9item_pagei, which none of the shared libraries "
     "that are loaded has: one of them is of another version than it was built against."},
    {"main.cpp:1:10: fatal error: nlohmann/json.hpp: No such file or directory",
     "compile-error",
     "main.cpp does not compile: line 1 includes nlohmann/json.hpp, which is not where the "
     "compiler "
     "looks."},
    {"main.cpp:1:10: fatal error: 'nlohmann/json.hpp' file not found",
     "compile-error",
     "main.cpp does not compile: line 1 includes nlohmann/json.hpp, which is not where the "
     "compiler "
     "looks."},
    {"main.cpp:(.text+0x5): undefined reference to `f()'",
     "compile-error",
     "api can not be linked: f() is used, and defined nowhere."},
    {"package shop/store is not a main package",
     "go-package-missing",
     "api is started by go run with the package shop/store, which is no program: its files do not "
     "say package main."},
    {"/srv/go.mod:3: invalid go version '1.22.0': must match format 1.23",
     "runtime-too-old",
     "/srv/go.mod line 3 of api says go 1.22.0, a form that the Go that is installed does not "
     "know: "
     "it is older than 1.21."},
    {"/srv/go.mod:5: unknown directive: toolchain",
     "runtime-too-old",
     "/srv/go.mod line 5 of api has the directive toolchain, which the Go that is installed is too "
     "old for."},
    {"note: module requires Go 1.21",
     "runtime-too-old",
     "api wants Go 1.21, and the one that is installed is older."},
    {"main.go:12:2: cannot find module providing package github.com/gorilla/mux: import lookup "
     "disabled by -mod=vendor",
     "go-module-missing",
     "api imports the Go package github.com/gorilla/mux, and no module in go.mod provides it."},
    {"error: package `clap v4.5.0` cannot be built because it requires rustc 1.74 or newer, while "
     "the currently active rustc version is 1.63.0",
     "runtime-too-old",
     "clap v4.5.0, which api uses, wants Rust 1.74, and this is 1.63.0."},
    {"  lock file version 4 requires `-Znext-lockfile-bump`",
     "runtime-too-old",
     "Cargo.lock of api has version 4, which the cargo that is installed is too old for."},
    {"error: no bin target named `server` in default-run packages",
     "cargo-target-missing",
     "api is started by cargo with --bin server, and its package has no such target."},
    {"error: a bin target must be available for `cargo run`",
     "cargo-target-missing",
     "api is started by cargo run, and its package has no program: it is a library."},
};

constexpr const char* harmless[] = {
    "HikariPool-1 - Added connection org.postgresql.jdbc.PgConnection@5b0abc94",
    "Picked up JAVA_TOOL_OPTIONS: -Xmx128m",
    "Listening for transport dt_socket at address: 5005",
    "OpenJDK 64-Bit Server VM warning: Options -Xverify:none and -noverify were deprecated",
    "Loaded driver class names from META-INF",
    "> Task :bootRun",
    "[INFO] --- spring-boot:3.2.0:run (default-cli) @ shop ---",
    "[28-Nov-2026 09:56:11] NOTICE: fpm is running, pid 15",
    "[28-Nov-2026 09:56:11] NOTICE: [pool www] 'user' directive is ignored when FPM is not running "
    "as root",
    "[28-Nov-2026 09:57:22] NOTICE: [pool www] child 26 started",
    "[28-Nov-2026 09:57:22] WARNING: [pool www] child 18 exited on signal 15 (SIGTERM) after 2.3 "
    "seconds from start",
    "[28-Nov-2026 09:57:22] WARNING: [pool www] child 18, script '/srv/index.php' (request: \"GET "
    "/index.php\") executing too slow (1.2 sec), logging",
    "Directory listing of web",
    "Class \"btn\" applied",
    "[128] - Worker 0 (PID: 130) booted in 0.01s, phase: 0",
    "Use of uninitialized value $x in addition (+) at app.pl line 3.",
    "2026/11/28-10:00:00 Starman::Server (type Net::Server::PreFork) starting! pid(11)",
    "Compiling shop v0.1.0 (/srv)",
    "go: downloading github.com/gorilla/mux v1.8.1",
    "    Blocking waiting for file lock on package cache",
};

}  // namespace

TEST_CASE("what languages and their tools refuse is told in a sentence", "[unit][doctor]") {
    check_told(told);
}

TEST_CASE("what languages write while all is well is nothing", "[unit][doctor]") {
    check_harmless(harmless);
}
