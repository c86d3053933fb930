// What clients of databases, caches and brokers write, and what these write when they do not start.

#include "unit/core/doctor/log_examples.hpp"

using namespace devstack::core::doctor;
using namespace devstack::test;

namespace {

constexpr Told told[] = {
    // ---- PostgreSQL
    {"psycopg2.OperationalError: connection to server at \"127.0.0.1\", port 5432 failed: "
     "fe_sendauth: no password supplied",
     "database-password-missing",
     "api gives PostgreSQL no password, which it asks for."},
    {"Error: SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string",
     "database-password-missing",
     "api gives PostgreSQL no password, which it asks for: the value is no string."},
    {"org.postgresql.util.PSQLException: The server requested SCRAM-based authentication, but no "
     "password was provided.",
     "database-password-missing",
     "api gives PostgreSQL no password, which it asks for."},
    {"pq: password authentication failed for user \"app\"",
     "database-wrong-password",
     "PostgreSQL refuses the log-in of api: the password of the role app is wrong, or there is no "
     "such role."},
    {"asyncpg.exceptions.InvalidCatalogNameError: database \"app\" does not exist",
     "database-does-not-exist",
     "The database app that api names does not exist in its PostgreSQL."},
    {"psycopg2.OperationalError: connection to server at \"db\", port 5432 failed: FATAL:  role "
     "\"webapp\" does not exist",
     "database-role-missing",
     "The role webapp that api names does not exist in its PostgreSQL."},
    {"psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: No "
     "such file or directory",
     "database-socket-missing",
     "api looks for PostgreSQL at the socket /var/run/postgresql/.s.PGSQL.5432, which does not "
     "exist."},
    {"pq: SSL is not enabled on the server",
     "database-has-no-tls",
     "api insists on TLS, which its PostgreSQL does not offer."},
    {"psycopg2.errors.ReadOnlySqlTransaction: cannot execute UPDATE in a read-only transaction",
     "database-read-only",
     "api writes (UPDATE) to a PostgreSQL that is read-only: a standby, or "
     "default_transaction_read_only is on."},
    {"psycopg2.errors.UndefinedFunction: function uuid_generate_v4() does not exist",
     "database-extension-missing",
     "The function uuid_generate_v4 that api calls is of the extension uuid-ossp, which its "
     "database does not have."},
    {"error: function gen_salt(unknown) does not exist",
     "database-extension-missing",
     "The function gen_salt that api calls is of the extension pgcrypto, which its database does "
     "not have."},
    {"ERROR: operator class \"gin_trgm_ops\" does not exist for access method \"gin\" (SQLSTATE "
     "42704)",
     "database-extension-missing",
     "The operator class gin_trgm_ops that api uses is of the extension pg_trgm, which its "
     "database does not have."},
    {"PG::UndefinedFunction: ERROR:  function st_makepoint(numeric, numeric) does not exist",
     "database-extension-missing",
     "The function st_makepoint that api calls is of PostGIS, which its database does not have."},
    {"django.db.utils.ProgrammingError: type \"geography\" does not exist",
     "database-extension-missing",
     "The type geography that api uses is of PostGIS, which its database does not have."},
    {"ERROR: type \"vector\" does not exist (SQLSTATE 42704)",
     "database-extension-missing",
     "The type vector that api uses is of the extension vector, which its database does not have."},
    {"PG::UndefinedFunction: ERROR:  function unaccent(text) does not exist",
     "database-extension-missing",
     "The function unaccent that api calls is of the extension unaccent, which its database does "
     "not have."},
    {"error: extension \"postgis\" is not available",
     "database-extension-not-installed",
     "api wants the PostgreSQL extension postgis, which is not installed where the server runs."},
    {"PG::InsufficientPrivilege: ERROR:  permission denied to create extension \"pg_trgm\"",
     "database-extension-not-installed",
     "api may not create the PostgreSQL extension pg_trgm: its role has no right to."},
    {"psycopg2.errors.InsufficientPrivilege: permission denied for table secrets",
     "database-permission-denied",
     "The role of api has no rights to the table secrets of its PostgreSQL."},
    {"error: permission denied for schema public",
     "database-permission-denied",
     "The role of api has no rights to the schema public of its PostgreSQL."},
    {"pq: permission denied for sequence orders_id_seq",
     "database-permission-denied",
     "The role of api has no rights to the sequence orders_id_seq of its PostgreSQL."},
    {"ERROR: must be owner of table orders (SQLSTATE 42501)",
     "database-permission-denied",
     "The role of api changes the table orders of its PostgreSQL, and is not its owner."},
    {"stock update failed: deadlock detected",
     "database-deadlock",
     "Transactions in PostgreSQL have waited for each other (deadlock detected): one of api was "
     "ended, and what it did is undone."},
    {"ERROR: canceling statement due to statement timeout (SQLSTATE 57014)",
     "database-statement-timeout",
     "PostgreSQL has ended a statement of api that took longer than statement_timeout."},
    {"2026-11-28 06:38:45.210 GMT [22] LOG:  unrecognized configuration parameter "
     "\"shared_bufers\" in file \"/srv/pgdata/postgresql.conf\" line 819",
     "postgres-config",
     "PostgreSQL refuses its configuration: /srv/pgdata/postgresql.conf line 819 sets "
     "shared_bufers, a parameter that it does not know."},
    {"2026-11-28 06:38:45.210 GMT [22] LOG:  syntax error in file \"/srv/pgdata/postgresql.conf\" "
     "line 12, near token \"=\"",
     "postgres-config",
     "PostgreSQL refuses its configuration: /srv/pgdata/postgresql.conf line 12 has a syntax error "
     "near token \"=\"."},
    {"2026-11-28 06:38:45.210 GMT [22] LOG:  invalid value for parameter \"max_connections\": "
     "\"many\"",
     "postgres-config",
     "PostgreSQL refuses the value many of its parameter max_connections."},
    {"2026-11-28 06:38:25.765 UTC [22] DETAIL:  The data directory was initialized by PostgreSQL "
     "version 13, which is not compatible with this version 15.18 (Debian 15.18-0+deb12u1).",
     "postgres-version",
     "The data directory of api was made by PostgreSQL 13, and this is 15.18."},
    {"\"root\" execution of the PostgreSQL server is not permitted.",
     "database-runs-as-root",
     "api starts PostgreSQL as root, which it refuses."},
    {"postgres: could not access the server configuration file \"/srv/pgdata/postgresql.conf\": No "
     "such file or directory",
     "database-not-initialised",
     "PostgreSQL of api finds no data directory: /srv/pgdata/postgresql.conf does not exist."},
    {"pg_ctl: directory \"/srv/pgdata\" is not a database cluster directory",
     "database-not-initialised",
     "PostgreSQL of api finds no database in /srv/pgdata."},
    {"Error: Database is uninitialized and superuser password is not specified.",
     "database-not-initialised",
     "The container of api has no database yet, and is given no password for its first user."},
    {"2026-11-28 06:38:25.765 UTC [22] FATAL:  could not create lock file "
     "\"/var/run/postgresql/.s.PGSQL.5432.lock\": No such file or directory",
     "postgres-socket-directory",
     "PostgreSQL of api can not make its socket in /var/run/postgresql/: No such file or "
     "directory."},
    {"2026-11-28 06:38:25.765 UTC [22] HINT:  Is another postmaster already running on port 5432? "
     "If not, wait a few seconds and retry.",
     "port-in-use",
     "api can not listen on port 5432: it was in use."},
    {"error: no pg_hba.conf entry for host \"172.17.0.1\", user \"app\", database \"shop\", no "
     "encryption",
     "database-login-refused",
     "PostgreSQL lets api not in: its pg_hba.conf has no line for the user app and the database "
     "shop from 172.17.0.1."},
    {"FATAL:  remaining connection slots are reserved for non-replication superuser connections",
     "database-too-many-connections",
     "PostgreSQL has no connection left for api: too many clients."},
    {"pq: too many connections for role \"app\"",
     "database-too-many-connections",
     "PostgreSQL has no connection left for api: too many for the role app."},
    // ---- PgBouncer
    {"2026-11-28 06:46:43.796 UTC [30] LOG S-0x557a063bfbc0: appdb/app@127.0.0.1:5433 closing "
     "because: connect failed (age=0s)",
     "pooler-server-refuses",
     "PgBouncer (api) can not connect to 127.0.0.1:5433, where its [databases] has appdb."},
    {"2026-11-28 06:46:58.644 UTC [30] LOG C-0x5617fe5414e0: (nodb)/app@127.0.0.1:34908 closing "
     "because: no such database: appdb (age=0s)",
     "pooler-database-missing",
     "PgBouncer (api) is asked for the database appdb, which its [databases] does not name."},
    {"psycopg2.OperationalError: connection to server at \"127.0.0.1\", port 6432 failed: FATAL:  "
     "no such database: appdb",
     "pooler-database-missing",
     "api asks PgBouncer for the database appdb, which its [databases] does not name."},
    // ---- MySQL
    {"pymysql.err.OperationalError: (1045, \"Access denied for user 'shop'@'localhost' (using "
     "password: YES)\")",
     "database-wrong-password",
     "MySQL (or MariaDB) refuses the log-in of api: the password of 'shop'@'localhost' is wrong, "
     "or there is no such user."},
    {"ERROR 1045 (28000): Access denied for user 'shop'@'localhost' (using password: NO)",
     "database-password-missing",
     "api gives MySQL (or MariaDB) no password for 'shop'@'localhost', which it asks for."},
    {"pymysql.err.OperationalError: (1044, \"Access denied for user 'shop'@'%' to database "
     "'shopdb'\")",
     "database-access-denied",
     "The database shopdb that api names does not exist, or 'shop'@'%' has no rights to it."},
    {"Error 1049 (42000): Unknown database 'shopdb'",
     "database-does-not-exist",
     "The database shopdb that api names does not exist in its MySQL (or MariaDB)."},
    {"ERROR 2002 (HY000): Can't connect to local MySQL server through socket "
     "'/var/run/mysqld/mysqld.sock' (2)",
     "database-socket-missing",
     "api looks for MySQL (or MariaDB) at the socket /var/run/mysqld/mysqld.sock, which does not "
     "exist."},
    {"pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on 'localhost' ([Errno "
     "2] No such file or directory)\")",
     "database-socket-missing",
     "api looks for MySQL (or MariaDB) at a socket that does not exist."},
    {"SQLSTATE[HY000] [2002] No such file or directory (Connection: mysql, SQL: select 1)",
     "database-socket-missing",
     "api looks for MySQL (or MariaDB) at a socket that does not exist: for PHP the host localhost "
     "means the socket."},
    {"Error: ER_CON_COUNT_ERROR: Too many connections",
     "database-too-many-connections",
     "MySQL (or MariaDB) has no connection left for api: too many connections."},
    {"ERROR 1130 (HY000): Host '172.17.0.1' is not allowed to connect to this MariaDB server",
     "database-login-refused",
     "MariaDB lets no user of api in from the host 172.17.0.1."},
    {"ERROR 2059 (HY000): Authentication plugin 'caching_sha2_password' cannot be loaded: "
     "/usr/lib/x.so: cannot open shared object file: No such file or directory",
     "database-auth-plugin",
     "The MySQL client of api does not know the way of logging in that the server wants: "
     "caching_sha2_password."},
    {"Error: ER_NOT_SUPPORTED_AUTH_MODE: Client does not support authentication protocol requested "
     "by server; consider upgrading MySQL client",
     "database-auth-plugin",
     "The MySQL client of api does not know the way of logging in that the server wants."},
    {"django.db.utils.OperationalError: (1213, 'Deadlock found when trying to get lock; try "
     "restarting transaction')",
     "database-deadlock",
     "Transactions in MySQL (or MariaDB) have waited for each other (deadlock): one of api was "
     "ended, and what it did is undone."},
    {"Error 1205 (HY000): Lock wait timeout exceeded; try restarting transaction",
     "database-lock-wait",
     "api has waited in vain for a lock in MySQL (or MariaDB): another transaction holds it too "
     "long."},
    {"ERROR 1290 (HY000): The MySQL server is running with the --read-only option so it cannot "
     "execute this statement",
     "database-read-only",
     "api writes to a MySQL that is read-only."},
    {"ERROR 1142 (42000): SELECT command denied to user 'shop'@'localhost' for table 'secrets'",
     "database-permission-denied",
     "The user of api ('shop'@'localhost') has no right to SELECT on secrets."},
    {"mariadbd: Can't change dir to '/usr/mydata/' (Errcode: 2 \"No such file or directory\")",
     "database-data-directory",
     "api can not enter its data directory /usr/mydata/: No such file or directory."},
    {"2026-11-28  6:41:23 0 [ERROR] mariadbd: Can't create/write to file './ddl_recovery.log' "
     "(Errcode: 13 \"Permission denied\")",
     "permission-denied",
     "api may not write ./ddl_recovery.log: permission denied."},
    {"2026-11-28T06:41:23Z 1 [ERROR] [MY-012271] [InnoDB] InnoDB: The innodb_system data file "
     "'ibdata1' must be writable",
     "permission-denied",
     "api may not write its data file ibdata1."},
    {"2026-11-28  6:41:23 0 [ERROR] InnoDB: Unable to lock ./ibdata1 error: 11",
     "database-data-locked",
     "Another MySQL or MariaDB server has the data directory of api open (./ibdata1)."},
    {"2026-11-28  6:41:23 0 [ERROR] Fatal error: Can't open and lock privilege tables: Table "
     "'mysql.db' doesn't exist",
     "database-not-initialised",
     "The data directory of api holds no system tables: Table 'mysql.db' doesn't exist."},
    {"2026-11-28  6:41:23 0 [ERROR] /usr/sbin/mariadbd: unknown variable 'max_conections=5'",
     "database-config",
     "api refuses its configuration: it does not know the variable max_conections=5."},
    // ---- SQLite
    {"Database file at path [/srv/database/database.sqlite] does not exist. Ensure this is an "
     "absolute path to the database.",
     "sqlite-can-not-open",
     "The SQLite database /srv/database/database.sqlite of api does not exist."},
    {"sqlite3.OperationalError: unable to open database file",
     "sqlite-can-not-open",
     "api can not open its SQLite database: its directory does not exist, or may not be written."},
    {"TypeError: Cannot open database because the directory does not exist",
     "sqlite-can-not-open",
     "api can not open its SQLite database: its directory does not exist."},
    {"SqliteError: attempt to write a readonly database",
     "sqlite-read-only",
     "api may not write its SQLite database: the file or its directory belongs to another user, or "
     "has no write permission."},
    // ---- MongoDB
    {"MongoServerError: Authentication failed.",
     "database-wrong-password",
     "MongoDB refuses the log-in of api: user or password are wrong, or are not of the database "
     "that authSource names."},
    {"auth error: sasl conversation error: unable to authenticate using mechanism "
     "\"SCRAM-SHA-256\": (AuthenticationFailed) Authentication failed.",
     "database-wrong-password",
     "MongoDB refuses the log-in of api: user or password are wrong, or are not of the database "
     "that authSource names."},
    {"MongoServerError: command find requires authentication",
     "database-password-missing",
     "api asks MongoDB (find) without having logged in, which it wants."},
    {"pymongo.errors.ServerSelectionTimeoutError: localhost:27017: [Errno 111] Connection refused, "
     "Timeout: 1.5s, Topology Description: <TopologyDescription>",
     "database-unreachable",
     "api finds no MongoDB at localhost:27017: Connection refused."},
    {"MongooseServerSelectionError: connect ECONNREFUSED ::1:27017",
     "database-unreachable",
     "api finds no MongoDB that answers: connect ECONNREFUSED ::1:27017."},
    {"server selection error: server selection timeout, current topology: { Type: Unknown, "
     "Servers: [] }",
     "database-unreachable",
     "api finds no MongoDB that answers: server selection timeout."},
    {"MongooseError: Operation `users.find()` buffering timed out after 10000ms",
     "database-unreachable",
     "api asks MongoDB (users.find()), and has had no connection to it for 10000 ms."},
    {"MongoTopologyClosedError: Topology is closed",
     "database-client-closed",
     "api uses its MongoDB client after it was closed (Topology is closed)."},
    // ---- Redis
    {"GET /hit WRONGTYPE Operation against a key holding the wrong kind of value",
     "redis-wrong-type",
     "api uses a Redis key as another type than it holds (WRONGTYPE)."},
    {"45:C 28 Nov 2026 06:39:24.947 # Failed opening the temp RDB file temp-45.rdb (in server root "
     "dir /srv/rdb) for saving: Operation not permitted",
     "redis-can-not-save",
     "Redis (api) can not save its snapshots in /srv/rdb: Operation not permitted."},
    {"Reading the configuration file, at line 3",
     "redis-config",
     "Redis (api) refuses its configuration: line 3 of the file."},
    {"redis.exceptions.ResponseError: DENIED Redis is running in protected mode because protected "
     "mode is enabled",
     "redis-protected",
     "Redis refuses api, which comes from another host: it runs in protected mode, without a "
     "password."},
    {"ReplyError: MOVED 3999 127.0.0.1:6381",
     "redis-cluster-client",
     "api asks a Redis cluster with a client that does not follow it: the key is on "
     "127.0.0.1:6381."},
    {"ReplyError: CLUSTERDOWN Hash slot not served",
     "redis-cluster-down",
     "The Redis cluster that api asks does not work: Hash slot not served."},
    {"redis.exceptions.AuthenticationError: NOAUTH Authentication required.",
     "cache-wants-password",
     "Redis wants a password of api, which gives none."},
    {"ReplyError: WRONGPASS invalid username-password pair or user is disabled.",
     "cache-wrong-password",
     "Redis refuses the password of api."},
    {"GET /hit OOM command not allowed when used memory > 'maxmemory'.",
     "redis-out-of-memory",
     "Redis has reached its maxmemory and refuses to write for api."},
    // ---- Brokers
    {"[2026-11-28 06:23:29,881: ERROR/MainProcess] consumer: Cannot connect to "
     "amqp://guest:**@127.0.0.1:5672//: [Errno 111] Connection refused.",
     "broker-unreachable",
     "api can not connect to RabbitMQ on 127.0.0.1:5672, Celery's default where no broker is "
     "configured: Connection refused."},
    {"[2026-11-28 06:23:29,881: ERROR/MainProcess] consumer: Cannot connect to "
     "redis://cache:6379/0: Error 111 connecting to cache:6379. Connection refused..",
     "broker-unreachable",
     "api can not connect to its broker redis://cache:6379/0: Connection refused."},
    {"pika.exceptions.AMQPConnectionError",
     "broker-unreachable",
     "api can not connect to RabbitMQ."},
    {"kombu.exceptions.OperationalError: [Errno 111] Connection refused",
     "broker-unreachable",
     "api can not reach its broker: Connection refused."},
    {"Error: Handshake terminated by server: 403 (ACCESS-REFUSED) with message \"ACCESS_REFUSED - "
     "Login was refused using authentication mechanism PLAIN. For details see the broker "
     "logfile.\"",
     "broker-login-refused",
     "RabbitMQ refuses the log-in of api: user or password are wrong (guest may come from this "
     "machine only)."},
    {"pika.exceptions.ChannelClosedByBroker: (403, \"ACCESS_REFUSED - access to queue 'jobs' in "
     "vhost '/' refused for user 'shop'\")",
     "broker-login-refused",
     "RabbitMQ gives the user shop of api no right to the queue jobs in the vhost /."},
    {"pika.exceptions.ConnectionClosedByBroker: (530, \"NOT_ALLOWED - vhost shop not found\")",
     "broker-vhost-missing",
     "RabbitMQ has no vhost shop, which api names."},
    {"pika.exceptions.ChannelClosedByBroker: (404, \"NOT_FOUND - no queue 'jobs' in vhost '/'\")",
     "broker-queue-missing",
     "RabbitMQ has no queue jobs in the vhost /, which api uses."},
    {"pika.exceptions.ChannelClosedByBroker: (406, \"PRECONDITION_FAILED - inequivalent arg "
     "'durable' for queue 'jobs' in vhost '/': received 'false' but current is 'true'\")",
     "broker-queue-differs",
     "api declares the queue jobs of RabbitMQ with durable 'false', and it exists with 'true'."},
    {"WARN [Producer clientId=p1] Connection to node -1 (localhost/127.0.0.1:9092) could not be "
     "established. Broker may not be available.",
     "broker-unreachable",
     "api can not connect to Kafka at localhost/127.0.0.1:9092."},
    {"WARN [Consumer clientId=c1] Connection to node 1 (kafka/172.18.0.4:9092) could not be "
     "established. Node may not be available.",
     "broker-unreachable",
     "api can not connect to the Kafka broker 1 at kafka/172.18.0.4:9092, an address that Kafka "
     "itself has told it."},
    {"KafkaJSConnectionError: Connection error: connect ECONNREFUSED 127.0.0.1:9092",
     "broker-unreachable",
     "api can not connect to Kafka: connect ECONNREFUSED 127.0.0.1:9092."},
    {"kafka.errors.NoBrokersAvailable: NoBrokersAvailable",
     "broker-unreachable",
     "api finds no Kafka broker."},
    {"java.lang.RuntimeException: can not run elasticsearch as root",
     "database-runs-as-root",
     "api starts elasticsearch as root, which it refuses."},
    {"ClusterBlockException[index [orders] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded "
     "flood-stage watermark, index has read-only-allow-delete block];]",
     "search-index-read-only",
     "The index orders that api writes has been made read-only, since the disk of the search "
     "engine is almost full."},
    // ---- Ports
    {"Errno::EADDRINUSE: Address already in use - bind(2) for \"127.0.0.1\" port 3000",
     "port-in-use",
     "api can not listen on port 3000: it was in use."},
    {"[2026-11-28 06:48:17 +0000] [20] [ERROR] Connection in use: ('127.0.0.1', 8000)",
     "port-in-use",
     "api can not listen on port 8000: it was in use."},
    {"docker: Error response from daemon: Bind for 0.0.0.0:5432 failed: port is already allocated.",
     "port-in-use",
     "api can not publish port 5432 of its container: it was in use."},
    {"Error: That port is already in use.",
     "port-in-use",
     "api can not listen: its port was in use."},
    {"Failed to bind to address http://127.0.0.1:5000: address already in use.",
     "port-in-use",
     "api can not listen on port 5000: it was in use."},
    {"listen tcp :8080: bind: address already in use",
     "port-in-use",
     "api can not listen on port 8080: it was in use."},
    // ---- Node.js
    {"src/server.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.",
     "compile-error",
     "src/server.ts does not compile: line 3, TS2322: Type 'string' is not assignable to type "
     "'number'."},
    {"Error: The module '/app/node_modules/better-sqlite3/build/Release/better_sqlite3.node'",
     "native-module-mismatch",
     "The native module better_sqlite3.node of the package better-sqlite3 of api was built for "
     "another version of Node.js than the one that runs it."},
    {"Error: The module '/app/node_modules/@serialport/bindings/build/Release/b.node' was compiled "
     "against a different Node.js version using NODE_MODULE_VERSION 127. This version of Node.js "
     "requires NODE_MODULE_VERSION 115. Please try re-compiling",
     "native-module-mismatch",
     "The native module of the package @serialport/bindings of api was built for another version "
     "of Node.js (ABI 127) than the one that runs it (ABI 115)."},
    // ---- Hosts
    {"Invalid HTTP_HOST header: '127.0.0.1:8000'. You may need to add '127.0.0.1' to "
     "ALLOWED_HOSTS.",
     "host-not-allowed",
     "api (Django) refuses requests for the host 127.0.0.1:8000: it is not in ALLOWED_HOSTS."},
    {"Invalid HTTP_HOST header: 'notes_backend'. The domain name provided is not valid according "
     "to RFC 1034/1035.",
     "host-not-allowed",
     "api (Django) refuses requests for the host notes_backend, which is no valid name: the proxy "
     "in front of it sends the name of its upstream instead of the host that its clients name."},
    {"Error: ER_BAD_FIELD_ERROR: Unknown column 'orders.total' in 'field list'",
     "column-missing",
     "The column orders.total that api asks for does not exist: code and schema of the database do "
     "not fit."},
    {"sqlite3.OperationalError: no such column: total",
     "column-missing",
     "The column total that api asks for does not exist: code and schema of the database do not "
     "fit."},
};

/// Of nothing that is wrong, or told of by somebody else.
constexpr const char* harmless[] = {
    "2026-11-28 06:38:44.639 UTC [68] FATAL:  password authentication failed for user \"app\"",
    "2026-11-28 06:38:44.639 UTC [68] app@shop FATAL:  database \"shop\" does not exist",
    "2026-11-28 06:36:56.560 UTC [69] ERROR:  function uuid_generate_v4() does not exist at "
    "character 8",
    "2026-11-28 06:36:41.893 UTC [47] ERROR:  deadlock detected",
    "2026-11-28 06:36:41.893 UTC [47] ERROR:  permission denied for table secrets",
    "2026-11-28 06:36:41.893 UTC [47] ERROR:  cannot execute UPDATE in a read-only transaction",
    "NOTICE:  database \"shop_test\" does not exist, skipping",
    "NOTICE:  role \"webapp\" does not exist, skipping",
    "NOTICE:  type \"vector\" does not exist, skipping",
    "function place_order(integer) does not exist",
    "type \"mood\" does not exist",
    "no deadlock detected in 12 transactions",
    "deadlock detected: 0, lock waits: 3",
    "2026-11-28 06:46:43.796 UTC [30] LOG C-0x55: appdb/app@127.0.0.1:5433 closing because: client "
    "close request (age=0s)",
    "2026-11-28 06:46:43.796 UTC [30] LOG S-0x55: appdb/app@127.0.0.1:5432 new connection to "
    "server",
    "2026-11-28  6:41:23 5 [Warning] Access denied for user 'shop'@'localhost' (using password: "
    "YES)",
    "Too many connections from one address: slowing it down",
    "error: unknown option '--watchh'",
    "2026-11-28  6:41:23 0 [Note] InnoDB: Using Linux native AIO",
    "PRAGMA query_only makes the connection a readonly database",
    "[INFO] Authentication failed for 3 users in the last hour",
    "ServerSelectionTimeoutError is caught and tried again",
    "45:M 28 Nov 2026 06:39:24.947 * Background saving terminated with success",
    "45:M 28 Nov 2026 06:39:24.947 * DB loaded from disk: 0.000 seconds",
    "MOVED 12 files to /srv/archive",
    "[2026-11-28 06:23:29,881: INFO/MainProcess] Connected to amqp://guest:**@127.0.0.1:5672//",
    "INFO [Producer clientId=p1] Node -1 disconnected.",
    "That port is free",
};

}  // namespace

TEST_CASE("what databases, caches and brokers refuse is told in a sentence", "[unit][doctor]") {
    check_told(told);
}

TEST_CASE("what databases write while all is well is nothing", "[unit][doctor]") {
    check_harmless(harmless);
}
