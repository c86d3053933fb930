// What clients of databases, stores and brokers write: mappers, drivers, names that are not known.

#include "core/doctor/log_knowledge.hpp"

namespace devstack::core::doctor {

namespace {

constexpr std::string_view sentinel_fix =
    "redis-cli -p 26379 SENTINEL masters tells the names that it knows; write one of them where "
    "{service} names the master, or the other into sentinel monitor in sentinel.conf";
constexpr std::string_view nats_fix =
    "compare the subject letter by letter with what the other service subscribes to, and see that "
    "it is connected to the same NATS";

constexpr std::string_view stale_fix =
    "let the pool of {service} try a connection before it hands it out, and renew it sooner than "
    "the server closes it: pool_pre_ping=True and pool_recycle (SQLAlchemy), CONN_HEALTH_CHECKS "
    "(Django), a pool rather than one connection (mysql2), maxLifetime (HikariCP); see "
    "wait_timeout of the server";
constexpr std::string_view statement_fix =
    "keep none there: statement_cache_size=0 (asyncpg), prepared_statement_cache_size=0 "
    "(SQLAlchemy), prepareThreshold=0 (JDBC), prepare_threshold=None (psycopg), pgbouncer=true "
    "(Prisma); or let PgBouncer 1.21 follow them: max_prepared_statements";
constexpr std::string_view redis_file_fix =
    "redis-check-rdb (or redis-check-aof --fix, on a copy) tells how far it can be read; without "
    "it Redis starts empty";

constexpr LogKnowledge table[] = {
    // ---- Poolers, pools
    {"prepared-statement-lost",
     "prepared statement",
     R"re(^(?!.*\] (?:\S+ )?ERROR:  ).*prepared statement "([\w-]+)" (?:does not exist|already exists))re",
     "{service} uses the prepared statement {1} on another connection than the one that knows it: "
     "a "
     "pooler (PgBouncer with pool_mode = transaction) is between it and PostgreSQL.",
     statement_fix,
     74,
     true},
    {"connection-went-stale",
     "has gone away",
     R"re(MySQL server has gone away)re",
     "{service} uses a connection that MySQL (or MariaDB) has closed since it was used last.",
     stale_fix,
     72},
    {"connection-went-stale",
     "Connection lost: The server closed",
     R"re(Connection lost: The server closed the connection)re",
     "{service} uses a connection that MySQL (or MariaDB) has closed since it was used last.",
     stale_fix,
     72},
    {"connection-went-stale",
     "because of inactivity",
     R"re(disconnected by the server because of inactivity)re",
     "{service} uses a connection that MySQL has closed since it was used last.",
     stale_fix,
     72},
    {"connection-went-stale",
     "idle-session timeout",
     R"re(terminating connection due to idle-session timeout)re",
     "{service} uses a connection that PostgreSQL has closed since it was used last "
     "(idle_session_timeout).",
     stale_fix,
     72},
    {"character-set-too-small",
     "Incorrect string value: '",
     R"re(Incorrect string value: '(\\{1,2}xF0[\\\w]*).*' for column '?([`\w.]+))re",
     "The column {2} that {service} writes to holds no characters of four bytes ({1}: an emoji, "
     "say): its character set is utf8mb3, or the connection's is.",
     "ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4, and charset=utf8mb4 in the database URL of "
     "{service}",
     74},
    // ---- etcd, Celery
    {"etcd-no-space",
     "database space exceeded",
     R"re(etcdserver: mvcc: database space exceeded)re",
     "etcd has reached its quota (--quota-backend-bytes), and takes nothing that {service} writes.",
     "etcdctl compact REVISION, etcdctl defrag, then etcdctl alarm disarm; or a higher "
     "--quota-backend-bytes",
     76},
    {"celery-no-result-backend",
     "No result backend is configured",
     R"re(No result backend is configured)re",
     "{service} asks Celery for the result of a task, and its application has no result backend.",
     "give it one, backend=\"redis://…\" of Celery(…) or CELERY_RESULT_BACKEND, in the worker too, "
     "and restart both",
     74,
     true},
    {"celery-no-result-backend",
     "'DisabledBackend' object",
     R"re('DisabledBackend' object has no attribute)re",
     "{service} asks Celery for the result of a task, and its application has no result backend.",
     "give it one, backend=\"redis://…\" of Celery(…) or CELERY_RESULT_BACKEND, in the worker too, "
     "and restart both",
     74,
     true},
    // ---- Redis: its files
    {"redis-data-of-newer",
     "t handle RDB format version",
     R"re(Can't handle RDB format version (\d+))re",
     "{service} (Redis) can not read its data: the file is of a newer Redis, of format {1}.",
     "run the Redis that has written it (redis-check-rdb tells its version), or a newer one; moved "
     "away, its data is lost to this one",
     80},
    {"redis-data-broken",
     "Wrong signature trying to load DB",
     R"re(Wrong signature trying to load DB from file)re",
     "{service} (Redis) can not read its data: what dbfilename names is no file of Redis'.",
     redis_file_fix,
     80},
    {"redis-data-broken",
     "Short read or OOM loading DB",
     R"re(Short read or OOM loading DB)re",
     "{service} (Redis) can not read its data: the file ends too early.",
     redis_file_fix,
     80},
    {"redis-data-broken",
     "Bad file format reading the append only",
     R"re(Bad file format reading the append only file)re",
     "{service} (Redis) can not read its append-only file: it is broken.",
     redis_file_fix,
     80},
    // ---- Redis Sentinel: ioredis, node-redis; redis-py, Jedis, Lettuce, go-redis, Predis
    {"sentinel-master-unknown",
     "No such master with that name",
     R"re(No such master with that name)re",
     "The Redis Sentinel that {service} asks monitors no master of the name that {service} asks "
     "for.",
     sentinel_fix,
     74,
     false,
     false,
     true},
    {"sentinel-master-unknown",
     "No master found for",
     R"re((?:MasterNotFoundError|sentinel\S*): No master found for '([^']+)')re",
     "The Redis Sentinel that {service} asks monitors no master {1}, or that one is down.",
     sentinel_fix,
     74,
     false,
     false,
     true},
    {"sentinel-master-unknown",
     "seems to be not monitored",
     R"re(connect to sentinel, but (\S+) seems to be not monitored)re",
     "The Redis Sentinel that {service} asks monitors no master {1}.",
     sentinel_fix,
     74,
     false,
     false,
     true},
    {"sentinel-master-unknown",
     "using sentinel for masterId",
     R"re(Cannot provide redisAddress using sentinel for masterId (\S+?)\.?$)re",
     "The Redis Sentinel that {service} asks monitors no master {1}.",
     sentinel_fix,
     74,
     false,
     false,
     true},
    {"sentinel-master-unknown",
     "sentinel: GetMasterAddrByName",
     R"re(sentinel: GetMasterAddrByName (?:name|master)="([^"]+)" failed: redis: nil)re",
     "The Redis Sentinel that {service} asks monitors no master {1}.",
     sentinel_fix,
     74,
     false,
     false,
     true},
    // ---- NATS: Go, Python and others; JavaScript, which has the status only
    {"no-responders",
     "o responders",
     R"re(\b(?![\w.]*Error\b)([A-Za-z_][\w-]*(?:\.[\w-]+)+)'?"?:? .*\b[Nn]o responders (?:are )?available for request)re",
     "Nobody is subscribed in NATS to {1}, by which {service} asks for something (no responders).",
     nats_fix,
     70,
     false,
     false,
     true},
    {"no-responders",
     "o responders",
     R"re(\b[Nn]o responders (?:are )?available for request|\bno responders$)re",
     "Nobody is subscribed in NATS to the subject by which {service} asks for something (no "
     "responders).",
     nats_fix,
     70,
     false,
     false,
     true},
    {"no-responders",
     "503",
     R"re((?:NatsError: 503\b|\bNoRespondersError\b))re",
     "Nobody is subscribed in NATS to the subject by which {service} asks for something (503, no "
     "responders).",
     nats_fix,
     70,
     false,
     false,
     true},
    {"no-responders",
     "503 503",
     R"re(([A-Za-z_][\w-]*(?:\.[\w-]+)+)\W+503 503\s*$)re",
     "Nobody is subscribed in NATS to {1}, by which {service} asks for something (503, no "
     "responders).",
     nats_fix,
     70,
     false,
     false,
     true},
    // ---- Log-ins to MySQL and MariaDB: mysql2, PyMySQL, Connector/J, PHP, Go, Rust, .NET
    {"database-auth-plugin",
     "using unknown plugin",
     R"re(Server requests authentication using unknown plugin ([\w-]+))re",
     "The MySQL client of {service} does not know the way of logging in that the server wants: "
     "{1}.",
     "use a newer client, or let the user log in by a password as before: ALTER USER … IDENTIFIED "
     "VIA mysql_native_password USING PASSWORD('…') (MariaDB), ALTER USER … IDENTIFIED WITH "
     "caching_sha2_password BY '…' (MySQL)",
     72},
    {"database-auth-plugin",
     "not configured",
     R"re(Authentication plugin '([^'b][^']*)' not configured)re",
     "The MySQL client of {service} does not know the way of logging in that the server wants: "
     "{1}.",
     "use a newer client, or let the user log in by a password as before: ALTER USER … IDENTIFIED "
     "VIA mysql_native_password USING PASSWORD('…') (MariaDB), ALTER USER … IDENTIFIED WITH "
     "caching_sha2_password BY '…' (MySQL)",
     72},
    {"database-auth-plugin",
     "oad authentication plugin",
     R"re(Unable to load authentication plugin '([^']+)')re",
     "The MySQL client of {service} does not know the way of logging in that the server wants: "
     "{1}.",
     "use a newer client, or let the user log in by a password as before: ALTER USER … IDENTIFIED "
     "VIA mysql_native_password USING PASSWORD('…') (MariaDB), ALTER USER … IDENTIFIED WITH "
     "caching_sha2_password BY '…' (MySQL)",
     72},
    {"database-auth-plugin",
     "method unknown to the client",
     R"re(authentication method unknown to the client \[([^\]]+)\])re",
     "The MySQL client of {service} does not know the way of logging in that the server wants: "
     "{1}.",
     "use a newer client, or let the user log in by a password as before: ALTER USER … IDENTIFIED "
     "VIA mysql_native_password USING PASSWORD('…') (MariaDB), ALTER USER … IDENTIFIED WITH "
     "caching_sha2_password BY '…' (MySQL)",
     72},
    {"database-auth-plugin",
     "nown auth",
     R"re([Uu]nknown auth(?:entication)? plugin:? [`'\"]?(\w+))re",
     "The MySQL client of {service} does not know the way of logging in that the server wants: "
     "{1}.",
     "use a newer client, or let the user log in by a password as before: ALTER USER … IDENTIFIED "
     "VIA mysql_native_password USING PASSWORD('…') (MariaDB), ALTER USER … IDENTIFIED WITH "
     "caching_sha2_password BY '…' (MySQL)",
     72},
    {"database-auth-plugin",
     "Authentication method",
     R"re(Authentication method '([^']+)' is not supported)re",
     "The MySQL client of {service} does not know the way of logging in that the server wants: "
     "{1}.",
     "use a newer client, or let the user log in by a password as before: ALTER USER … IDENTIFIED "
     "VIA mysql_native_password USING PASSWORD('…') (MariaDB), ALTER USER … IDENTIFIED WITH "
     "caching_sha2_password BY '…' (MySQL)",
     72},
    // ---- Rows that are there already
    {"primary-key-taken",
     "violates unique constraint",
     R"re(^(?!.*\] (?:\S+ )?ERROR:  ).*duplicate key value violates unique constraint \\?\"(\w+)_pkey\\?\")re",
     "The row that {service} inserts into {1} has a primary key that another row has already.",
     "if the id comes from a sequence that is behind, as after a restore: SELECT "
     "setval(pg_get_serial_sequence('{1}', 'id'), (SELECT max(id) FROM {1})); else see which id "
     "{service} gives",
     66},
    {"primary-key-taken",
     "Duplicate entry",
     R"re(Duplicate entry '([^']*)' for key '(?:([\w$]+)\.)?PRIMARY')re",
     "The row that {service} inserts has the primary key {1}, which another row has already.",
     "see which id {service} gives; leave it out where the column is AUTO_INCREMENT",
     66},
    {"unique-value-taken",
     "violates unique constraint",
     R"re(^(?!.*\] (?:\S+ )?ERROR:  ).*duplicate key value violates unique constraint \\?\"(?!\w+_pkey)(\w+)\\?\")re",
     "What {service} writes is there already, and has to be there once only (unique constraint "
     "{1}).",
     "look for the row first, or insert with ON CONFLICT; see what the constraint is about: \\d "
     "TABLE in psql",
     58},
    {"unique-value-taken",
     "Duplicate entry",
     R"re(Duplicate entry '([^']*)' for key '(?!(?:[\w$]+\.)?PRIMARY')([^']+)')re",
     "What {service} writes, {1}, is there already, and has to be there once only (key {2}).",
     "look for the row first, or INSERT … ON DUPLICATE KEY UPDATE",
     58},
    {"unique-value-taken",
     "UNIQUE constraint failed",
     R"re(UNIQUE constraint failed: ([\w.]+))re",
     "What {service} writes into {1} is there already, and has to be there once only.",
     "look for the row first, or INSERT … ON CONFLICT",
     58},
    {"unique-value-taken",
     "E11000",
     R"re(E11000 duplicate key error collection: (\S+) index: (\S+))re",
     "What {service} writes into {1} is there already, and has to be there once only (index {2}).",
     "look for the document first, or write it by an update with upsert",
     58},
    // ---- Mappers: TypeORM, MikroORM, Mongoose, Hibernate, Doctrine, SQLAlchemy
    {"entity-unknown",
     "No metadata for",
     R"re(No metadata for \\?\"(\w+)\\?\" was found)re",
     "The mapper of {service} (ORM) knows no entity {1}.",
     "name its class, or a pattern that fits its file, in entities of the DataSource (src/*.ts "
     "does not fit what is built as dist/*.js)",
     68},
    {"entity-unknown",
     "was not discovered",
     R"re(Entity '(\w+)' was not discovered)re",
     "The mapper of {service} (ORM) knows no entity {1}.",
     "name it in entities of MikroORM.init, or a pattern that fits its file",
     68},
    {"entity-unknown",
     "hasn't been registered",
     R"re(Schema hasn't been registered for model \\?\"(\w+)\\?\")re",
     "The mapper of {service} (ORM) knows no entity {1}.",
     "load the file that calls mongoose.model for it first, and on the connection that is used",
     68},
    {"entity-unknown",
     "Not a managed type",
     R"re(Not a managed type: class (\S+?)[;,]?(?: |$))re",
     "The mapper of {service} (ORM) knows no entity {1}.",
     "mark it with @Entity, and let @EntityScan take in its package",
     68},
    {"entity-unknown",
     "not a valid entity",
     R"re(Class \\?\"([^\"]+)\\?\" is not a valid entity or mapped super class)re",
     "The mapper of {service} (ORM) knows no entity {1}.",
     "map it (attributes, or mappings in doctrine.yaml that take in its directory)",
     68},
    {"entity-unknown",
     "failed to locate a name",
     R"re(expression '(\w+)' failed to locate a name)re",
     "The mapper of {service} (ORM) knows no entity {1}.",
     "import the module of that class before the first query",
     68},
    // ---- Drivers: Sequelize, TypeORM, Knex
    {"database-driver-missing",
     "package manually",
     R"re(Please install (\S+) package manually)re",
     "The package {1}, by which Sequelize talks to the database of {service}, is not installed.",
     "npm install {1} in {folder}",
     74},
    {"database-driver-missing",
     "package has not been found installed",
     R"re(Please run \\?\"?npm install (\S+?)\\?\"?(?: --save)?\.?$)re",
     "The package {1}, by which TypeORM talks to the database of {service}, is not installed.",
     "npm install {1} in {folder}",
     74},
    {"database-driver-missing",
     "npm install",
     R"re(^\$ npm install (\S+)(?: --save)?$)re",
     "The package {1}, by which Knex talks to the database of {service}, is not installed.",
     "npm install {1} in {folder}",
     74},
    // ---- Nitro and Nuxt: a URL without a host
    {"asks-itself-in-vain",
     "Cannot find any route matching",
     R"re(\[(?:GET|POST|PUT|PATCH|DELETE)\] "(/[^"]*)": 404 Cannot find any route matching)re",
     "{service} asks itself for {1}, a URL without a host, and has no such route: the base that it "
     "should begin with is empty, or the route is missing.",
     "see what the URL is made of: Nitro takes values of runtimeConfig from variables that begin "
     "with NITRO_ alone (NITRO_UPSTREAM for upstream), Nuxt from NUXT_",
     68,
     false,
     false,
     true},
    // ---- Nest: modules that import each other
    {"nest-module-undefined",
     "array is undefined",
     R"re(The module at index \[(\d+)\] of the (\w+) "imports" array is undefined)re",
     "The module {2} of {service} (Nest) imports something that is undefined (index {1} of "
     "imports): "
     "as a rule two modules import each other in a circle.",
     "write forwardRef(() => OTHER) in imports of both, or correct the import in the file of {2}",
     78},
    {"nest-module-undefined",
     "Nest cannot create",
     R"re(Nest cannot create the (\w+) instance)re",
     "Nest can not make the module {1} of {service}: one that it imports is undefined; as a rule "
     "two "
     "modules import each other in a circle.",
     "write forwardRef(() => OTHER) in imports of both, or correct the import in the file of {1}",
     76},
    // ---- Python: one event loop in another
    {"event-loop-running",
     "event loop",
     R"re(asyncio\.run\(\) cannot be called from a running event loop)re",
     "{service} calls asyncio.run() in a function that an event loop runs already.",
     "write await before the coroutine there, in place of asyncio.run(…)",
     68},
    {"event-loop-running",
     "event loop",
     R"re(This event loop is already running|Cannot run the event loop while another loop is running)re",
     "{service} runs an event loop (run_until_complete) in a function that one runs already.",
     "write await before the coroutine there",
     68},
    {"event-loop-running",
     "AsyncToSync",
     R"re(You cannot use AsyncToSync in the same thread as an async event loop)re",
     "{service} uses async_to_sync in a function that an event loop runs already.",
     "write await before the asynchronous function there",
     68},
    {"event-loop-running",
     "from an async context",
     R"re(You cannot call this from an async context)re",
     "{service} (Django) uses the database, or what else waits, in an asynchronous function as in "
     "a usual one.",
     "use its asynchronous form (aget, acreate, async for), or await sync_to_async(…)(…)",
     68},
    {"event-loop-running",
     "greenlet_spawn",
     R"re(greenlet_spawn has not been called)re",
     "{service} (SQLAlchemy) loads an attribute in an asynchronous function without await, or "
     "outside of its session.",
     "load it with the query (selectinload), or await session.refresh(…)",
     68},
};

}  // namespace

std::span<const LogKnowledge> log_knowledge_of_clients() {
    return table;
}

}  // namespace devstack::core::doctor
