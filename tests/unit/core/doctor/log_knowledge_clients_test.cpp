// What clients of stores and brokers write when what they ask for by its name is not there.

#include "unit/core/doctor/log_examples.hpp"

using namespace devstack::core::doctor;
using namespace devstack::test;

namespace {

constexpr Told told[] = {
    {"asyncpg.exceptions.InvalidSQLStatementNameError: prepared statement \"__asyncpg_stmt_3__\" "
     "does not exist",
     "prepared-statement-lost",
     "api uses the prepared statement __asyncpg_stmt_3__ on another connection than the one that "
     "knows it: a pooler (PgBouncer with pool_mode = transaction) is between it and PostgreSQL."},
    {"sqlalchemy.exc.OperationalError: (pymysql.err.OperationalError) (2006, \"MySQL server has "
     "gone "
     "away (ConnectionResetError(104, 'Connection reset by peer'))\")",
     "connection-went-stale",
     "api uses a connection that MySQL (or MariaDB) has closed since it was used last."},
    {"Error: Connection lost: The server closed the connection.",
     "connection-went-stale",
     "api uses a connection that MySQL (or MariaDB) has closed since it was used last."},
    {"psycopg2.errors.IdleSessionTimeout: terminating connection due to idle-session timeout",
     "connection-went-stale",
     "api uses a connection that PostgreSQL has closed since it was used last "
     "(idle_session_timeout)."},
    {"Error: Incorrect string value: '\\xF0\\x9F\\x8E\\x89' for column `shop`.`comments`.`body` at "
     "row "
     "1",
     "character-set-too-small",
     "The column `shop`.`comments`.`body` that api writes to holds no characters of four bytes "
     "(\\xF0\\x9F\\x8E\\x89: an emoji, say): its character set is utf8mb3, or the connection's "
     "is."},
    {"pymysql.err.DataError: (1366, \"Incorrect string value: '\\\\xF0\\\\x9F' for column 'body' "
     "at row "
     "1\")",
     "character-set-too-small",
     "The column body that api writes to holds no characters of four bytes (\\\\xF0\\\\x9F: an "
     "emoji, "
     "say): its character set is utf8mb3, or the connection's is."},
    {"save failed: etcd: etcdserver: mvcc: database space exceeded",
     "etcd-no-space",
     "etcd has reached its quota (--quota-backend-bytes), and takes nothing that api writes."},
    {"NotImplementedError: No result backend is configured.",
     "celery-no-result-backend",
     "api asks Celery for the result of a task, and its application has no result backend."},
    {"AttributeError: 'DisabledBackend' object has no attribute '_get_task_meta_for'",
     "celery-no-result-backend",
     "api asks Celery for the result of a task, and its application has no result backend."},
    {"40:M 28 Nov 2026 22:34:10.386 # Can't handle RDB format version 12",
     "redis-data-of-newer",
     "api (Redis) can not read its data: the file is of a newer Redis, of format 12."},
    {"# Wrong signature trying to load DB from file",
     "redis-data-broken",
     "api (Redis) can not read its data: what dbfilename names is no file of Redis'."},
    {"# Short read or OOM loading DB. Unrecoverable error, aborting now.",
     "redis-data-broken",
     "api (Redis) can not read its data: the file ends too early."},
    {"# Bad file format reading the append only file appendonly.aof.1.incr.aof: make a backup",
     "redis-data-broken",
     "api (Redis) can not read its append-only file: it is broken."},
    {"redis: All sentinels are unreachable. Retrying from scratch after 400ms. Last error: ERR No "
     "such master with that name",
     "sentinel-master-unknown",
     "The Redis Sentinel that api asks monitors no master of the name that api asks for."},
    {"redis.sentinel.MasterNotFoundError: No master found for 'mymaster'",
     "sentinel-master-unknown",
     "The Redis Sentinel that api asks monitors no master mymaster, or that one is down."},
    {"redis.clients.jedis.exceptions.JedisException: Can connect to sentinel, but mymaster seems "
     "to "
     "be not monitored...",
     "sentinel-master-unknown",
     "The Redis Sentinel that api asks monitors no master mymaster."},
    {"sentinel: GetMasterAddrByName name=\"mymaster\" failed: redis: nil",
     "sentinel-master-unknown",
     "The Redis Sentinel that api asks monitors no master mymaster."},
    {"price: pricing.get: nats: no responders available for request",
     "no-responders",
     "Nobody is subscribed in NATS to pricing.get, by which api asks for something (no "
     "responders)."},
    {"nats.errors.NoRespondersError: nats: no responders available for request",
     "no-responders",
     "Nobody is subscribed in NATS to the subject by which api asks for something (no "
     "responders)."},
    {"NatsError: 503",
     "no-responders",
     "Nobody is subscribed in NATS to the subject by which api asks for something (503, no "
     "responders)."},
    {"pricing.get: 503 503",
     "no-responders",
     "Nobody is subscribed in NATS to pricing.get, by which api asks for something (503, no "
     "responders)."},
    {"Error: Server requests authentication using unknown plugin client_ed25519. See TODO: add",
     "database-auth-plugin",
     "The MySQL client of api does not know the way of logging in that the server wants: "
     "client_ed25519."},
    {"PHP Warning: The server requested authentication method unknown to the client "
     "[client_ed25519]",
     "database-auth-plugin",
     "The MySQL client of api does not know the way of logging in that the server wants: "
     "client_ed25519."},
    {"error: duplicate key value violates unique constraint \"orders_pkey\"",
     "primary-key-taken",
     "The row that api inserts into orders has a primary key that another row has already."},
    {"error: duplicate key value violates unique constraint \"users_email_key\"",
     "unique-value-taken",
     "What api writes is there already, and has to be there once only (unique constraint "
     "users_email_key)."},
    {"Error: Duplicate entry '7' for key 'items.PRIMARY'",
     "primary-key-taken",
     "The row that api inserts has the primary key 7, which another row has already."},
    {"Error: Duplicate entry 'a@b.c' for key 'users.email'",
     "unique-value-taken",
     "What api writes, a@b.c, is there already, and has to be there once only (key users.email)."},
    {"sqlite3.IntegrityError: UNIQUE constraint failed: users.email",
     "unique-value-taken",
     "What api writes into users.email is there already, and has to be there once only."},
    {"EntityMetadataNotFoundError: No metadata for \"Item\" was found.",
     "entity-unknown",
     "The mapper of api (ORM) knows no entity Item."},
    {"MissingSchemaError: Schema hasn't been registered for model \"Item\".",
     "entity-unknown",
     "The mapper of api (ORM) knows no entity Item."},
    {"java.lang.IllegalArgumentException: Not a managed type: class shop.Item",
     "entity-unknown",
     "The mapper of api (ORM) knows no entity shop.Item."},
    {"Error: Please install sqlite3 package manually",
     "database-driver-missing",
     "The package sqlite3, by which Sequelize talks to the database of api, is not installed."},
    {"$ npm install pg --save",
     "database-driver-missing",
     "The package pg, by which Knex talks to the database of api, is not installed."},
    {"The module at index [0] of the OrdersModule \"imports\" array is undefined.",
     "nest-module-undefined",
     "The module OrdersModule of api (Nest) imports something that is undefined (index 0 of "
     "imports): as a rule two modules import each other in a circle."},
    {"Error: [GET] \"/items\": 404 Cannot find any route matching /items.",
     "asks-itself-in-vain",
     "api asks itself for /items, a URL without a host, and has no such route: the base that it "
     "should begin with is empty, or the route is missing."},
    {"RuntimeError: asyncio.run() cannot be called from a running event loop",
     "event-loop-running",
     "api calls asyncio.run() in a function that an event loop runs already."},
    {"django.core.exceptions.SynchronousOnlyOperation: You cannot call this from an async context "
     "- "
     "use a thread or sync_to_async.",
     "event-loop-running",
     "api (Django) uses the database, or what else waits, in an asynchronous function as in a "
     "usual "
     "one."},
};

constexpr const char* harmless[] = {
    "prepared statement cache: 12 entries",
    "2026-11-28 22:38:57.111 UTC [46] ERROR:  prepared statement \"s1\" does not exist",
    "Incorrect string value: '\\xE9' for column `shop`.`names`.`name` at row 1",
    "pool: idle connection closed, opening a new one",
    "+monitor master shop-main 127.0.0.1 6379 quorum 1",
    "GET /price 503 12 ms",
    "pool.size: 503 rows",
    "no master found for the slide, using the first one",
    "[31] app@shop ERROR:  duplicate key value violates unique constraint \"orders_pkey\"",
    "[404] GET /items: Cannot find any route matching /items.",
    "added 12 packages; run `npm install` for more",
};

}  // namespace

TEST_CASE("names that a store or broker does not know are told", "[unit][doctor]") {
    check_told(told);
    check_harmless(harmless);
}

TEST_CASE("a connection that was closed once, and is open again, is no finding", "[unit][doctor]") {
    World world;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    const std::string line = "db: Connection lost: The server closed the connection.";
    world.facts.logs = {{"api", "api.log", {{"2026-11-20T18:37:03.000Z", line}}}};
    CHECK(world.findings().empty());
    // A request fails by it.
    world.facts.logs[0].lines.push_back(
        {"2026-11-20T18:37:03.500Z", "[2026-11-20] [ERROR] Error handling request /orders"});
    CHECK(world.findings().at(0).id == "connection-went-stale");
    world.facts.time = "2026-11-20T19:37:10.000Z";
    CHECK(world.findings().empty());
}

TEST_CASE("what is said again and again counts also of one that is well", "[unit][doctor]") {
    const std::string line = "redis: Last error: ERR No such master with that name";
    World world;
    world.facts.time = "2026-11-20T18:37:10.000Z";
    world.facts.logs = {{"api", "api.log", {{"2026-11-20T18:37:03.000Z", line}}}};
    CHECK(world.findings().empty());
    world.facts.logs[0].lines.push_back({"2026-11-20T18:37:08.000Z", line});
    CHECK(world.findings().at(0).id == "sentinel-master-unknown");
}
