// What frameworks, package managers and runtimes write when they do not start, or refuse a request.

#include "unit/core/doctor/log_examples.hpp"

using namespace devstack::core::doctor;
using namespace devstack::test;

namespace {

constexpr Told told[] = {
    // ---- Next.js, Vite, questions
    {" ⨯ ./src/app/api/[...path]/route.js:18:38",
     "compile-error",
     "./src/app/api/[...path]/route.js of api does not compile: line 18, column 38."},
    {"  File: /srv/app/src/main.js:7:0",
     "compile-error",
     "/srv/app/src/main.js of api does not compile: line 7."},
    {"⨯ Another next dev server is already running.",
     "server-runs-already",
     "Another next dev server works in api already: api ends for that."},
    {"Port 8600 may be in use. Continue? [y/N] ",
     "waits-for-input",
     "api asks a question that nobody answers: \"Port 8600 may be in use. Continue? [y/N] \"."},
    {"Ok to proceed? (y) ",
     "waits-for-input",
     "api asks a question that nobody answers: \"Ok to proceed? (y) \"."},
    // ---- Django and other Python
    {"django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.",
     "django-misconfigured",
     "api (Django) has an empty SECRET_KEY: whatever signs (sessions, forms, tokens) fails."},
    {"django.core.exceptions.ImproperlyConfigured: Requested setting INSTALLED_APPS, but settings "
     "are not configured. You must either define the environment variable DJANGO_SETTINGS_MODULE "
     "or call settings.configure() before accessing settings.",
     "django-misconfigured",
     "api (Django) does not know its settings: DJANGO_SETTINGS_MODULE is not set."},
    {"django.core.exceptions.ImproperlyConfigured: WSGI application 'shop.wsgi.application' could "
     "not be loaded; Error importing module.",
     "django-misconfigured",
     "api (Django) is configured wrongly: WSGI application 'shop.wsgi.application' could not be "
     "loaded; Error importing module."},
    {"Forbidden (Referer checking failed - https://notes.example.com/ does not match any trusted "
     "origins.): /add/",
     "csrf-origin",
     "api (Django) refuses forms that come from pages of https://notes.example.com: it believes to "
     "be another host, and does not trust that one."},
    {"Forbidden (Origin checking failed - http://localhost:5173 does not match any trusted "
     "origins.): /add/",
     "csrf-origin",
     "api (Django) refuses forms that come from pages of http://localhost:5173: it believes to be "
     "another host, and does not trust that one."},
    {"django.db.migrations.exceptions.InconsistentMigrationHistory: Migration admin.0001_initial "
     "is applied before its dependency shop.0001_initial on database 'default'.",
     "migrations-invalid",
     "The database of api has the migration admin.0001_initial, and lacks shop.0001_initial, which "
     "it depends on."},
    {"django.template.exceptions.TemplateDoesNotExist: notes/list.html",
     "template-missing",
     "api (Django) does not find the template notes/list.html."},
    {"jinja2.exceptions.TemplateNotFound: list.html",
     "template-missing",
     "api does not find the template list.html."},
    {"alembic.util.exc.CommandError: Can't locate revision identified by '1975ea83b712'",
     "migrations-invalid",
     "The database of api is at the migration 1975ea83b712, which its code (alembic) does not "
     "have."},
    {"FAILED: Target database is not up to date.",
     "migrations-pending",
     "The database of api has not had all migrations (alembic)."},
    {"RuntimeError: Form data requires \"python-multipart\" to be installed.",
     "python-module-missing",
     "api reads forms, for which python-multipart has to be installed."},
    {"ImportError: libGL.so.1: cannot open shared object file: No such file or directory",
     "shared-library-missing",
     "api needs the shared library libGL.so.1, which can not be loaded."},
    {"bin/api: error while loading shared libraries: /srv/libtally.so.1: file too short",
     "shared-library-damaged",
     "api needs the shared library /srv/libtally.so.1, which is damaged or another machine's: file "
     "too short."},
    {"CommandError: You must set settings.ALLOWED_HOSTS if DEBUG is False.",
     "django-misconfigured",
     "api (Django) has no ALLOWED_HOSTS, which it wants when DEBUG is off."},
    {"Error: Could not locate a Flask application. Use the 'flask --app' option, 'FLASK_APP' "
     "environment variable, or a 'wsgi.py' or 'app.py' file in the current directory.",
     "wsgi-app-not-found",
     "api (Flask) is not told which application to run, and api has no app.py or wsgi.py."},
    {"Error: Failed to find Flask application or factory in module 'shop'. Use 'shop:name' to "
     "specify one.",
     "wsgi-app-not-found",
     "api (Flask) is told to load the module shop, which has no application."},
    {"[2026-11-28 06:23:29,881: ERROR/MainProcess] Received unregistered task of type "
     "'shop.tasks.send_mail'.",
     "celery-task-unknown",
     "api (Celery) is sent the task shop.tasks.send_mail, which it does not know."},
    // ---- uWSGI
    {"--- no python application found, check your startup logs for errors ---",
     "wsgi-app-not-found",
     "api (uWSGI) has no application: its module can not be imported, or has none of the name that "
     "uWSGI looks for (application, if none is named)."},
    {"unable to load app 0 (mountpoint='') (callable not found or import error)",
     "wsgi-app-not-found",
     "api (uWSGI) has no application: its module can not be imported, or has none of the name that "
     "uWSGI looks for (application, if none is named)."},
    {"invalid request block size: 21573 (max 4096)...skip",
     "upstream-is-not-http",
     "api (uWSGI) is spoken to in HTTP on a socket where it expects the uwsgi protocol."},
    {"invalid request block size: 4161 (max 4096)...skip",
     "uwsgi-buffer-size",
     "api (uWSGI) drops requests whose headers are larger than its buffer (4161 bytes, of 4096)."},
    // ---- npm, yarn, pnpm
    {"npm error code ENOTCACHED",
     "npm-registry-unreachable",
     "npm can not fetch the packages of api: its registry is not reachable (ENOTCACHED)."},
    {"npm ERR! code ENOTFOUND",
     "npm-registry-unreachable",
     "npm can not fetch the packages of api: its registry is not reachable (ENOTFOUND)."},
    {"npm error ERESOLVE could not resolve",
     "npm-conflict",
     "npm can not install the packages of api: their wishes contradict each other."},
    {"npm error `npm ci` can only install packages when your package.json and package-lock.json or "
     "npm-shrinkwrap.json are in sync. Please update your lock file with `npm install` before "
     "continuing.",
     "npm-lock-mismatch",
     "npm ci installs nothing for api: package.json and package-lock.json do not agree."},
    {"npm error The `npm ci` command can only install with an existing package-lock.json or",
     "npm-lock-mismatch",
     "npm ci installs nothing for api: there is no package-lock.json."},
    {"ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with \"frozen-lockfile\" because pnpm-lock.yaml "
     "is not up to date with package.json",
     "npm-lock-mismatch",
     "pnpm installs nothing for api: package.json and pnpm-lock.yaml do not agree."},
    {"error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.",
     "npm-lock-mismatch",
     "yarn installs nothing for api: package.json and yarn.lock do not agree."},
    {"npm error 404 Not Found - GET https://registry.npmjs.org/expresss - Not found",
     "npm-package-not-found",
     "npm finds no such package of api: https://registry.npmjs.org/expresss is not in the "
     "registry."},
    // ---- Node.js
    {"src/server.ts:3:7 - error TS2322: Type 'string' is not assignable to type 'number'.",
     "compile-error",
     "src/server.ts does not compile: line 3, TS2322: Type 'string' is not assignable to type "
     "'number'."},
    {"SyntaxError: The requested module './config.ts' does not provide an export named 'prot'",
     "node-export-missing",
     "api imports prot from ./config.ts, which exports no such name."},
    {"SyntaxError: Named export 'merge' not found. The requested module 'lodash' is a CommonJS "
     "module, which may not support all module.exports as named exports.",
     "node-export-missing",
     "api imports merge by name from lodash, a CommonJS module, which has no named exports."},
    {"Error [ERR_REQUIRE_ESM]: require() of ES Module /srv/node_modules/node-fetch/src/index.js "
     "from /srv/app.js not supported.",
     "node-require-of-module",
     "api requires /srv/node_modules/node-fetch/src/index.js, an ES module, which this Node.js can "
     "not require."},
    {"Error [ERR_UNSUPPORTED_DIR_IMPORT]: Directory import '/srv/routes' is not supported "
     "resolving ES modules imported from /srv/server.mjs",
     "node-directory-import",
     "api imports the directory /srv/routes: an ES module has to name a file."},
    {"TypeError [ERR_UNKNOWN_FILE_EXTENSION]: Unknown file extension \".ts\" for /srv/server.ts",
     "node-file-extension",
     "api lets node run /srv/server.ts, and node does not know .ts files."},
    {"Error: error:0308010C:digital envelope routines::unsupported",
     "node-openssl-legacy",
     "api uses an old webpack, whose hashes (MD4) the OpenSSL of this Node.js does not offer."},
    {"Error: Nest can't resolve dependencies of the UsersService (?). Please make sure that the "
     "argument \"UserRepository\" at index [0] is available in the UsersModule context.",
     "nest-provider-missing",
     "api (NestJS) has no provider of UserRepository for UsersService: UsersModule neither has nor "
     "imports one."},
    {"[HPM] Error occurred while proxying request 127.0.0.1:8080/users to http://localhost:3000/ "
     "[ECONNREFUSED] (https://nodejs.org/api/errors.html#errors_common_system_errors)",
     "proxy-upstream-refuses",
     "api can not connect to http://localhost:3000/, to which it proxies 127.0.0.1:8080/users: "
     "nothing listens there."},
    {"[HPM] Error occurred while trying to proxy request /api from localhost:3000 to "
     "http://backend:5000 (ENOTFOUND) "
     "(https://nodejs.org/api/errors.html#errors_common_system_errors)",
     "proxy-upstream-refuses",
     "api can not proxy /api to http://backend:5000: ENOTFOUND."},
    {"Proxy error: Could not proxy request /api/users from localhost:3000 to "
     "http://localhost:5000.",
     "proxy-upstream-refuses",
     "api can not connect to http://localhost:5000, to which it proxies /api/users."},
    {"Failed to proxy http://localhost:4000/api Error: connect ECONNREFUSED 127.0.0.1:4000",
     "proxy-upstream-refuses",
     "api (Next.js) can not connect to http://localhost:4000/api, to which it proxies: nothing "
     "listens there."},
    {"PayloadTooLargeError: request entity too large",
     "request-too-large",
     "api refuses a request whose body is larger than its limit (413; Express takes 100 KB, if "
     "none is set)."},
    {"FastifyError [FST_ERR_CTP_BODY_TOO_LARGE]: Request body is too large",
     "request-too-large",
     "api refuses a request whose body is larger than its limit (413; Fastify takes 1 MiB, if none "
     "is set)."},
    {"[plugin:vite:import-analysis] Failed to resolve import \"./Usr.vue\" from \"src/App.vue\". "
     "Does the file exist?",
     "import-unresolved",
     "src/App.vue of api imports ./Usr.vue, which does not exist."},
    {"Module not found: Error: Can't resolve './Usr' in '/srv/web/src'",
     "import-unresolved",
     "api does not compile: a file in /srv/web/src imports ./Usr, which does not exist."},
    {"error: Environment variable not found: DATABASE_URL.",
     "variable-missing",
     "The variable DATABASE_URL that api needs is not set."},
    {"Error: @prisma/client did not initialize yet. Please run \"prisma generate\" and try to "
     "import it again.",
     "prisma-not-generated",
     "The client of Prisma has not been generated for api."},
    {"Authentication failed against database server at `localhost`, the provided database "
     "credentials for `shop` are not valid.",
     "database-wrong-password",
     "The database refuses the log-in of api: the password of shop is wrong, or there is no such "
     "user."},
    {"Database `shop` does not exist on the database server at `localhost:5432`.",
     "database-does-not-exist",
     "The database shop that api names does not exist at localhost:5432."},
    {"The table `public.User` does not exist in the current database.",
     "table-missing",
     "The table public.User that api asks for does not exist in its database: the migrations have "
     "not been applied."},
    {"migrate found failed migrations in the target database, new migrations will not be applied.",
     "migrations-invalid",
     "A migration of api has failed half-way, and Prisma applies no other before that is settled."},
    {"error: Module not found \"file:///srv/routes/users.ts\".",
     "node-file-missing",
     "api starts or imports /srv/routes/users.ts, which does not exist."},
    {"error: Cannot find package \"zod\" from \"/srv/index.ts\"",
     "node-module-missing",
     "api imports the package zod, which is not installed."},
    {"NotCapable: Requires net access to \"0.0.0.0:8000\", run again with the --allow-net flag",
     "deno-permission",
     "api (Deno) has no permission of net to \"0.0.0.0:8000\"."},
    {"error next@15.0.0: The engine \"node\" is incompatible with this module. Expected version "
     "\">=18.18\". Got \"16.20.2\"",
     "runtime-too-old",
     "api wants another version of Node.js than the one that is installed: >=18.18, and this is "
     "16.20.2."},
    {"Module not found: Can't resolve './Usr'",
     "import-unresolved",
     "api imports ./Usr, which does not exist."},
    // ---- Ruby
    {"ActiveRecord::PendingMigrationError (",
     "migrations-pending",
     "The database of api has not had all migrations (Rails)."},
    {"ActiveRecord::NoDatabaseError: We could not find your database: shop_development. Available "
     "database configurations can be found in config/database.yml.",
     "database-does-not-exist",
     "The database shop_development that api names does not exist."},
    {"ActiveRecord::ConnectionNotEstablished: connection to server at \"127.0.0.1\", port 5432 "
     "failed: Connection refused",
     "database-unreachable",
     "api (Rails) has no connection to its database: connection to server at \"127.0.0.1\", port "
     "5432 failed: Connection refused."},
    {"ActiveRecord::ConnectionTimeoutError: could not obtain a connection from the pool within "
     "5.000 seconds (waited 5.001 seconds); all pooled connections were in use",
     "pool-exhausted",
     "api gets no connection from its pool within 5.000 seconds: all are taken."},
    {"A server is already running. Check /srv/tmp/pids/server.pid.",
     "server-already-running",
     "api (Rails) does not start: /srv/tmp/pids/server.pid says that a server of it runs already."},
    {"A server is already running (pid: 4711, file: /srv/tmp/pids/server.pid).",
     "server-already-running",
     "api (Rails) does not start: /srv/tmp/pids/server.pid says that a server of it runs already, "
     "pid 4711."},
    {"ArgumentError: Missing `secret_key_base` for 'production' environment, set this string with "
     "`bin/rails credentials:edit`",
     "rails-secret-missing",
     "api (Rails) has no secret_key_base for production."},
    {"Missing encryption key to decrypt file with. Ask your team for your master key and write it "
     "to /srv/config/master.key or put it in the ENV['RAILS_MASTER_KEY'].",
     "rails-secret-missing",
     "api (Rails) can not read its credentials: it has no master key."},
    {"ActiveSupport::MessageEncryptor::InvalidMessage "
     "(ActiveSupport::MessageEncryptor::InvalidMessage)",
     "rails-secret-missing",
     "api (Rails) can not read its credentials: its master key is another one than they were "
     "written with."},
    {"HTTP Origin header (https://shop.test) didn't match request.base_url (http://shop.test)",
     "csrf-origin",
     "api (Rails) refuses forms that come from pages of https://shop.test: it believes to be "
     "http://shop.test."},
    {"ActionView::Template::Error (The asset \"application.css\" is not present in the asset "
     "pipeline.",
     "asset-missing",
     "api (Rails) wants the asset application.css, which its pipeline does not have."},
    {"bundler: command not found: puma",
     "ruby-gem-missing",
     "api starts puma by bundler, and no gem that is installed has it."},
    {"You have already activated rack 3.0.0, but your Gemfile requires rack 2.2.4. Prepending "
     "`bundle exec` to your command may solve this.",
     "ruby-gem-activated",
     "api has loaded rack 3.0.0, and its Gemfile wants rack 2.2.4."},
    // ---- PHP
    {"PHP Fatal error:  Uncaught Error: Failed opening required "
     "'/srv/public/../vendor/autoload.php' (include_path='.:/usr/share/php') in "
     "/srv/public/index.php:3",
     "packages-not-installed",
     "The PHP packages of api are not installed: /srv/public/../vendor/autoload.php does not "
     "exist."},
    {"PHP Warning:  require(/srv/vendor/autoload.php): Failed to open stream: No such file or "
     "directory in /srv/index.php on line 3",
     "packages-not-installed",
     "The PHP packages of api are not installed: /srv/vendor/autoload.php does not exist."},
    {"PHP Fatal error:  Uncaught Error: Failed opening required 'lib/db.php' "
     "(include_path='.:/usr/share/php') in /srv/index.php:3",
     "php-file-missing",
     "/srv/index.php of api requires lib/db.php, which does not exist."},
    {"PHP Fatal error:  Uncaught Error: Class \"App\\Cart\" not found in /srv/index.php:7",
     "php-class-missing",
     "/srv/index.php line 7 of api uses the class App\\Cart, which no autoloader finds."},
    {"PDOException: could not find driver in /srv/db.php:4",
     "php-extension-missing",
     "api (PHP) has no PDO driver for its database."},
    {"could not find driver (Connection: mysql, SQL: select * from `users`)",
     "php-extension-missing",
     "api (PHP) has no PDO driver for its database."},
    {"PHP Fatal error:  Uncaught Error: Call to undefined function curl_init() in /srv/pay.php:3",
     "php-extension-missing",
     "api calls curl_init, of the PHP extension curl, which is not loaded."},
    {"PHP Fatal error:  Uncaught Error: Call to undefined function App\\mb_strlen() in "
     "/srv/pay.php:3",
     "php-extension-missing",
     "api calls mb_strlen, of the PHP extension mbstring, which is not loaded."},
    {"PHP Fatal error:  Uncaught Error: Call to undefined function pg_connect() in /srv/db.php:3",
     "php-extension-missing",
     "api calls pg_connect, of the PHP extension pgsql, which is not loaded."},
    {"PHP Fatal error:  Uncaught Error: Call to undefined function imagecreatetruecolor() in "
     "/srv/image.php:3",
     "php-extension-missing",
     "api calls imagecreatetruecolor, of the PHP extension gd, which is not loaded."},
    {"PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 "
     "bytes) in /srv/report.php on line 12",
     "heap-exhausted",
     "api has reached PHP's memory_limit (134217728 bytes) in /srv/report.php line 12."},
    {"PHP Fatal error:  Maximum execution time of 30 seconds exceeded in /srv/report.php on line "
     "14",
     "php-timeout",
     "A request to api takes longer than PHP's max_execution_time (30 s), in /srv/report.php line "
     "14."},
    {"production.ERROR: No application encryption key has been specified. "
     "{\"exception\":\"[object]\"}",
     "laravel-key-missing",
     "api (Laravel) has no APP_KEY."},
    {"The stream or file \"/srv/storage/logs/laravel.log\" could not be opened in append mode: "
     "Failed to open stream: Permission denied",
     "permission-denied",
     "api may not write its log /srv/storage/logs/laravel.log."},
    {"Illuminate\\Foundation\\ViteManifestNotFoundException: Vite manifest not found at: "
     "/srv/public/build/manifest.json",
     "assets-not-built",
     "The assets of api have not been built: /srv/public/build/manifest.json does not exist."},
    {"Your Composer dependencies require a PHP version \">= 8.2.0\". You are running 8.1.27.",
     "runtime-too-old",
     "api wants another PHP than the one that runs it: its packages want >= 8.2.0, and this is "
     "8.1.27."},
    // ---- Java
    {"Failed to configure a DataSource: 'url' attribute is not specified and no embedded "
     "datasource could be configured.",
     "spring-datasource-missing",
     "api (Spring) has no URL of its database."},
    {"Parameter 0 of constructor in com.shop.OrderService required a bean of type "
     "'com.shop.OrderRepository' that could not be found.",
     "spring-bean-missing",
     "api (Spring) has no bean of com.shop.OrderRepository, which Parameter 0 of constructor in "
     "com.shop.OrderService wants."},
    {"org.springframework.beans.factory.NoSuchBeanDefinitionException: No qualifying bean of type "
     "'com.shop.Mailer' available: expected at least 1 bean",
     "spring-bean-missing",
     "api (Spring) has no bean of com.shop.Mailer, which another one wants."},
    {"java.lang.IllegalArgumentException: Could not resolve placeholder 'stripe.key' in value "
     "\"${stripe.key}\"",
     "spring-property-missing",
     "api (Spring) has no value for stripe.key."},
    {"java.sql.SQLException: No suitable driver found for jdbc:postgresql://localhost/shop",
     "java-driver-missing",
     "api has no JDBC driver for jdbc:postgresql on its class path."},
    {"java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, "
     "request timed out after 30000ms.",
     "pool-exhausted",
     "api gets no connection from its pool HikariPool-1 within 30000 ms: all are taken, or none "
     "can be opened."},
    {"java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, "
     "request timed out after 30000ms (total=0, active=0, idle=0, waiting=0)",
     "database-unreachable",
     "api has no connection to its database: its pool HikariPool-1 could open none within 30000 "
     "ms."},
    {"com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure",
     "database-unreachable",
     "api has no connection to MySQL (Communications link failure)."},
    {"Unable to determine Dialect without JDBC metadata (please set 'jakarta.persistence.jdbc.url' "
     "or 'hibernate.dialect')",
     "database-unreachable",
     "api (Hibernate) can not ask its database what it is: it has no connection."},
    {"Migration checksum mismatch for migration version 3",
     "migrations-invalid",
     "The migration 3 of api (Flyway) was changed after it had been applied."},
    {"org.flywaydb.core.api.exception.FlywayValidateException: Validate failed: Migrations have "
     "failed validation",
     "migrations-invalid",
     "The migrations of api (Flyway) are not those that its database has had."},
    {"Detected failed migration to version 4 (add carts).",
     "migrations-invalid",
     "The migration 4 of api (Flyway) has failed half-way."},
    {"Found non-empty schema(s) \"public\" but no schema history table. Use baseline() or set "
     "baselineOnMigrate to true to initialize the schema history table.",
     "migrations-invalid",
     "The schema \"public\" of api has tables that Flyway has not made."},
    {"liquibase.exception.LockException: Could not acquire change log lock.  Currently locked by "
     "build (10.0.0.4) since 11/28/26, 6:12 AM",
     "migration-lock-held",
     "api (Liquibase) waits for its change log, which is locked by build (10.0.0.4) since "
     "11/28/26, 6:12 AM."},
    {"ERROR: JAVA_HOME is not set and no 'java' command could be found in your PATH.",
     "java-home-missing",
     "api finds no Java: JAVA_HOME is not set, or wrong."},
    {"Web server failed to start. Port 8080 was already in use.",
     "port-in-use",
     "api can not listen on port 8080: it was in use."},
    {"Unrecognized VM option 'UseConcMarkSweepGC'",
     "java-option",
     "api starts Java with the option UseConcMarkSweepGC, which this version does not know."},
    {"Could not reserve enough space for 8388608KB object heap",
     "heap-too-large",
     "api wants a Java heap of 8388608KB, which this machine can not give."},
    {"java.lang.IllegalArgumentException: Unsupported class file major version 65",
     "java-too-old",
     "A tool of api (Gradle, a plugin) does not know Java 21 yet."},
    {"[ERROR] Fatal error compiling: error: invalid target release: 21",
     "java-too-old",
     "api is compiled for Java 21, and its JDK is older."},
    // ---- .NET
    {"Framework: 'Microsoft.AspNetCore.App', version '8.0.0' (x64)",
     "runtime-too-old",
     "api wants Microsoft.AspNetCore.App 8.0.0, which is not installed."},
    {"You must install or update .NET to run this application.",
     "runtime-too-old",
     "api wants another version of .NET than those that are installed."},
    {"A compatible .NET SDK was not found.",
     "runtime-too-old",
     "api wants another .NET SDK than those that are installed (global.json)."},
    {"System.InvalidOperationException: Unable to resolve service for type 'Shop.IMailer' while "
     "attempting to activate 'Shop.OrderController'.",
     "dotnet-service-missing",
     "api has no service of Shop.IMailer, which Shop.OrderController wants."},
    {"Couldn't find a project to run. Ensure a project exists in /srv/shop, or pass the path to "
     "the project using --project.",
     "project-file-missing",
     "api is started by dotnet run in /srv/shop, where there is no project."},
    {"/srv/shop/Program.cs(10,5): error CS1002: ; expected [/srv/shop/shop.csproj]",
     "compile-error",
     "/srv/shop/Program.cs does not compile: line 10, CS1002: ; expected."},
    {"System.InvalidOperationException: The ConnectionString property has not been initialized.",
     "connection-string-missing",
     "api has no connection string for its database."},
    {"System.InvalidOperationException: Unable to configure HTTPS endpoint. No server certificate "
     "was specified, and the default developer certificate could not be found or is out of date.",
     "certificate-missing",
     "api is to speak HTTPS, and has no certificate."},
    // ---- Go, Rust, Elixir, make
    {"error: could not find `Cargo.toml` in `/srv/shop` or any parent directory",
     "project-file-missing",
     "api is started by cargo in /srv/shop, where there is no Cargo.toml."},
    {"make: *** No rule to make target 'serve'.  Stop.",
     "make-target-missing",
     "api is started by make, and there is neither a rule for serve nor such a file."},
    {"make: *** No targets specified and no makefile found.  Stop.",
     "make-target-missing",
     "api is started by make in api, where there is no Makefile."},
    {"Binary was compiled with 'CGO_ENABLED=0', go-sqlite3 requires cgo to work. This is a stub",
     "go-cgo-off",
     "api was built without cgo, which its package go-sqlite3 needs."},
    {"sql: unknown driver \"postgres\" (forgotten import?)",
     "go-driver-missing",
     "api opens a database by the driver postgres, which it does not import."},
    {"error: set `DATABASE_URL` to use query macros online, or run `cargo sqlx prepare` to update "
     "the query cache",
     "variable-missing",
     "api does not compile: sqlx checks its queries, and DATABASE_URL is not set."},
    {"error: linker `cc` not found", "compiler-missing", "api can not be built: there is no cc."},
    {"cgo: C compiler \"gcc\" not found: exec: \"gcc\": executable file not found in $PATH",
     "compiler-missing",
     "api can not be built: there is no gcc."},
    {"** (DBConnection.ConnectionError) connection not available and request was dropped from "
     "queue after 2804ms. This means requests are coming in",
     "pool-exhausted",
     "api (Ecto) gets no connection within 2804 ms: all are taken, or none can be opened."},
    {"Unchecked dependencies for environment dev:",
     "packages-not-installed",
     "The packages of api (Elixir) are not installed for dev."},
    {"** (Mix) Could not find a Mix.Project, please ensure you are running Mix in a directory with "
     "a mix.exs file",
     "mix-project-missing",
     "api is started by mix in api, where there is no mix.exs."},
    // ---- Docker
    {"permission denied while trying to connect to the Docker daemon socket at "
     "unix:///var/run/docker.sock",
     "docker-not-running",
     "api may not use Docker: its user is not in the group docker."},
    {"docker: Error response from daemon: Conflict. The container name \"/shop-db\" is already in "
     "use by container \"0123\". You have to remove (or rename) that container to be able to reuse "
     "that name.",
     "docker-name-in-use",
     "api starts a container shop-db, and there is one of that name already."},
    {"docker: Error response from daemon: pull access denied for shop-api, repository does not "
     "exist or may require 'docker login'",
     "docker-image-missing",
     "api starts the image shop-api, which is neither here nor in the registry."},
    {"no configuration file provided: not found",
     "compose-file-missing",
     "api is started by docker compose in api, where there is no compose file."},
    // ---- Names, certificates, TLS
    {"psycopg2.OperationalError: could not translate host name \"db\" to address: Name or service "
     "not known",
     "host-does-not-resolve",
     "api looks for PostgreSQL on the host db, which does not resolve on this machine."},
    {"django.db.utils.OperationalError: (2005, \"Unknown MySQL server host 'db' (-2)\")",
     "host-does-not-resolve",
     "api looks for MySQL on the host db, which does not resolve on this machine."},
    {"Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: "
     "Host: api.test. is not in the cert's altnames: DNS:shop.test",
     "certificate-wrong-name",
     "api refuses the certificate of api.test: it is one for DNS:shop.test."},
    {"javax.net.ssl.SSLHandshakeException: PKIX path building failed: "
     "sun.security.provider.certpath.SunCertPathBuilderException",
     "certificate-refused",
     "api (Java) refuses a server's certificate: it knows no authority that has issued it."},
    {"OpenSSL::SSL::SSLError: SSL_connect returned=1 errno=0 peeraddr=127.0.0.1:8443 state=error: "
     "certificate verify failed (self-signed certificate)",
     "certificate-refused",
     "api refuses a server's certificate: self-signed certificate."},
    {"Error: write EPROTO 140:error:0A00010B:SSL routines:ssl3_get_record:wrong version "
     "number:../deps/openssl/openssl/ssl/record/ssl3_record.c:332:",
     "tls-to-plain-port",
     "api speaks TLS to a port where plain text is spoken (wrong version number)."},
    {"ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:992)",
     "tls-to-plain-port",
     "api speaks TLS to a port where plain text is spoken (wrong version number)."},
    {"Get \"https://127.0.0.1:8080/\": http: server gave HTTP response to HTTPS client",
     "tls-to-plain-port",
     "api asks by https:// a server that speaks plain http."},
    {"{\"level\":\"error\",\"logger\":\"http.log.error\",\"msg\":\"tls: first record does not look "
     "like a TLS handshake\"}",
     "tls-to-plain-port",
     "api asks by TLS (https://) a server that speaks plain text."},
    // ---- Apache
    {"DocumentRoot '/srv/public' is not a directory, or is not readable",
     "apache-config",
     "Apache refuses its configuration: its DocumentRoot /srv/public is no directory, or may not "
     "be read."},
    {"httpd: Syntax error on line 3 of /srv/httpd.conf: Cannot load modules/mod_foo.so into "
     "server: /srv/modules/mod_foo.so: cannot open shared object file: No such file or directory",
     "apache-config",
     "Apache refuses its configuration: /srv/httpd.conf line 3: Cannot load modules/mod_foo.so "
     "into server: /srv/modules/mod_foo.so: cannot open shared object file: No such file or "
     "directory."},
};

/// Of nothing that is wrong, or no cause.
constexpr const char* harmless[] = {
    "GET /search?q=install HTTP/1.1",
    "Should we continue? The answer of the survey was yes.",
    "File: uploaded",
    "    raise ImproperlyConfigured(",
    "Forbidden (CSRF cookie not set.): /add/",
    "Forbidden (CSRF token missing.): /add/",
    "*** no app loaded. going in full dynamic mode ***",
    "WSGI app 0 (mountpoint='') ready in 0 seconds on interpreter 0x7f60 pid: 18 (default app)",
    "npm warn ERESOLVE overriding peer dependency",
    "npm warn deprecated glob@7.2.3: Glob versions prior to v9 are no longer supported",
    "npm error code ELIFECYCLE",
    "GET /npm/expresss 404 Not Found",
    "Found 0 errors. Watching for file changes.",
    "[HPM] Proxy created: /api  -> http://localhost:3000",
    "[Nest] 12 - LOG [InstanceLoader] UsersModule dependencies initialized +0ms",
    "Body limit: 100kb, PayloadTooLargeError is answered with 413",
    "Listening on port 8080",
    "Connection in use: 3 of 10",
    "HikariPool-1 - Start completed.",
    "HikariPool-1 - Pool stats (total=10, active=1, idle=9, waiting=0)",
    "Successfully validated 12 migrations (execution time 00:00.021s)",
    "Successfully acquired change log lock",
    "Framework: Gin, version 1.9",
    "Using driver: could not find driver version 8, taking 9",
    "PHP Warning:  Undefined variable $cart in /srv/index.php on line 4",
    "The asset pipeline is ready",
    "Docker daemon is ready",
    "bundle: command found: puma",
    "Environment variable FOO is set",
    "invalid request: block size 4096",
    "http: TLS handshake error from 127.0.0.1:4711: tls: first record does not look like a TLS "
    "handshake",
    "SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL "
    "handshaking, client: 127.0.0.1, server: 0.0.0.0:8443",
    "make: Nothing to be done for 'all'.",
    "[ERROR/MainProcess] Task shop.tasks.send_mail raised unexpected: ValueError()",
    "AH00558: httpd: Could not reliably determine the server's fully qualified domain name",
};

}  // namespace

TEST_CASE("what frameworks and package managers refuse is told in a sentence", "[unit][doctor]") {
    check_told(told);
}

TEST_CASE("what frameworks write while all is well is nothing", "[unit][doctor]") {
    check_harmless(harmless);
}

TEST_CASE("packages are not told to be installed where that is what failed", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    FolderFact folder;
    folder.service = "api";
    folder.path = "api";
    folder.has_package_json = true;
    folder.not_installed = {"express", "ws"};
    folder.install_command = "npm ci";
    world.facts.folders.push_back(folder);
    world.say("api", "npm error code ENOTCACHED");
    CHECK(world.findings()[0].what ==
          "npm can not fetch the packages of api: its registry is not reachable (ENOTCACHED).");
}

TEST_CASE("an application that is not found is less than why it is not", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.facts.logs.push_back(
        {"api",
         "api.log",
         {{"2026-11-20T18:37:03.000Z", "ModuleNotFoundError: No module named 'flask'"},
          {"2026-11-20T18:37:03.001Z",
           "unable to load app 0 (mountpoint='') (callable not found or import error)"}}});
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "python-module-missing");
}

TEST_CASE("an export that is missing is told once", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.facts.logs.push_back(
        {"api",
         "api.log",
         {{"1", "/srv/src/server.ts:2"},
          {"2", "import { prot } from './config.ts';"},
          {"3", "         ^"},
          {"4",
           "SyntaxError: The requested module './config.ts' does not provide an export named "
           "'prot'"},
          {"5", "    at ModuleJob._instantiate (node:internal/modules/esm/module_job:213:21)"}}});
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].what == "api imports prot from ./config.ts, which exports no such name.");
    CHECK(findings[0].evidence[1] ==
          "it happens in /srv/src/server.ts:2: import { prot } from './config.ts';");
}

TEST_CASE("a native module is named though the message goes on", "[unit][doctor]") {
    World world;
    world.end("api", 1);
    world.facts.logs.push_back(
        {"api",
         "api.log",
         {{"1", "Error: The module '/app/node_modules/better-sqlite3/build/better_sqlite3.node'"},
          {"2", "was compiled against a different Node.js version using"},
          {"3", "NODE_MODULE_VERSION 127. This version of Node.js requires"},
          {"4", "NODE_MODULE_VERSION 115. Please try re-compiling or re-installing"},
          {"5", "    at Object.<anonymous> (/app/server.js:1:11)"}}});
    const auto findings = world.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].id == "native-module-mismatch");
    CHECK(findings[0].fix ==
          "npm rebuild better-sqlite3 in api, or run it with the Node.js that it was installed "
          "with");
}
