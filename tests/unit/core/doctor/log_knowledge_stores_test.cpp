// What clients of Redis and of brokers write when they are refused, and values that databases do
// not take; what is told of it while the service is well otherwise.

#include "unit/core/doctor/log_examples.hpp"

using namespace devstack::core::doctor;
using namespace devstack::test;

namespace {

constexpr Told told[] = {
    // ---- Redis
    {"redis.exceptions.ResponseError: NOGROUP No such key 'orders' or consumer group 'billing' in "
     "XREADGROUP with GROUP option",
     "redis-group-missing",
     "The consumer group billing of the stream orders that api reads does not exist in its Redis."},
    {"ReplyError: NOGROUP No such consumer group 'billing' for key name 'orders'",
     "redis-group-missing",
     "The consumer group billing of the stream orders that api uses does not exist in its Redis."},
    {"ReplyError: NOPERM User app has no permissions to run the 'incr' command",
     "redis-no-permission",
     "The user app of Redis, as which api logs in, has no right to the command incr."},
    {"redis.exceptions.NoPermissionError: this user has no permissions to run the 'incrby' command",
     "redis-no-permission",
     "The user of Redis as which api logs in has no right to the command incrby."},
    {"NOPERM this user has no permissions to access one of the keys used as arguments",
     "redis-no-permission",
     "The user of Redis as which api logs in has no right to a key that it uses."},
    {"(error) NOPERM No permissions to access a channel",
     "redis-no-permission",
     "The user of Redis as which api logs in has no right to a channel that it uses."},
    {"ReplyError: BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
     "NOSAVE.",
     "redis-busy",
     "The Redis that api asks answers nobody: it is busy with a script that does not end (BUSY)."},
    // ---- MQTT
    {"connected, rc 5 Connection Refused: not authorised.",
     "broker-login-refused",
     "The MQTT broker refuses the log-in of api: user and password are missing or wrong, or it may "
     "not connect."},
    {"Error: Connection refused: Not authorized",
     "broker-login-refused",
     "The MQTT broker refuses the log-in of api: user and password are missing or wrong, or it may "
     "not connect."},
    {"Error: Connection refused: Bad username or password",
     "broker-login-refused",
     "The MQTT broker refuses the log-in of api: user and password are missing or wrong, or it may "
     "not connect."},
    {"aiomqtt.exceptions.MqttConnectError: [code:5] Connection refused: Not authorized",
     "broker-login-refused",
     "The MQTT broker refuses the log-in of api: user and password are missing or wrong, or it may "
     "not connect."},
    {"Connected with result code 5",
     "broker-login-refused",
     "The MQTT broker refuses the log-in of api: user and password are missing or wrong, or it may "
     "not connect."},
    {"2026/11/28 14:00:00 mqtt connect: not Authorized",
     "broker-login-refused",
     "The MQTT broker refuses the log-in of api: user and password are missing or wrong, or it may "
     "not connect."},
    {"org.eclipse.paho.client.mqttv3.MqttSecurityException: Not authorized to connect",
     "broker-login-refused",
     "The MQTT broker refuses the log-in of api: user and password are missing or wrong, or it may "
     "not connect."},
    {"mqtt: bad user name or password",
     "broker-login-refused",
     "The MQTT broker refuses the log-in of api: user and password are missing or wrong."},
    {"Connection refused, return code: `NotAuthorized`",
     "broker-login-refused",
     "The MQTT broker refuses the log-in of api: user and password are missing or wrong, or it may "
     "not connect."},
    {"MQTTnet.Adapter.MqttConnectingFailedException: Connecting with MQTT server failed "
     "(BadUserNameOrPassword).",
     "broker-login-refused",
     "The MQTT broker refuses the log-in of api: user and password are missing or wrong."},
    {"1795873634: Client <unknown> disconnected, not authorised.",
     "broker-refuses-clients",
     "api (an MQTT broker) lets a client not in: its user and password are missing or wrong."},
    {"1795873634: Denied PUBLISH from ingest (d0, q0, r0, m0, 'plant/7', ... (3 bytes))",
     "broker-permission-denied",
     "api (mosquitto) drops what its client ingest publishes to plant/7: its rules do not allow "
     "it."},
    // ---- NATS
    {"nats: 'Authorization Violation' AUTHORIZATION_VIOLATION",
     "broker-login-refused",
     "NATS refuses the log-in of api: user and password, or the token, are missing or wrong."},
    {"2026/11/28 14:00:00 nats: Authorization Violation",
     "broker-login-refused",
     "NATS refuses the log-in of api: user and password, or the token, are missing or wrong."},
    {"nats: permissions violation: Permissions Violation for Publish to \"orders.new\"",
     "broker-permission-denied",
     "The user of NATS as which api logs in may not use the subject orders.new (Publish)."},
    {"[24] 2026/11/28 13:47:24.849216 [ERR] 127.0.0.1:42748 - cid:5 - \"v2.29.3:nats.js\" - "
     "authentication error",
     "broker-refuses-clients",
     "api (NATS) lets a client not in: user and password, or the token, are missing or wrong."},
    // ---- RabbitMQ
    {"2026-11-28 13:46:42.246007+00:00 [warning] <0.286.0> memory resource limit alarm set on node "
     "r@localhost.",
     "broker-blocks-publishers",
     "RabbitMQ (api) has a memory alarm: it takes no message from anybody who publishes until it "
     "needs less memory than its limit."},
    {"2026-11-28 13:46:42.246007+00:00 [warning] <0.286.0> disk resource limit alarm set on node "
     "r@localhost.",
     "broker-blocks-publishers",
     "RabbitMQ (api) has a disk alarm: it takes no message from anybody who publishes until there "
     "is more free space than its limit."},
    {"pika.exceptions.ConnectionBlockedTimeout: Blocked connection timeout expired.",
     "broker-blocks-publishers",
     "RabbitMQ has taken no message from api for so long that it gave up: it has an alarm, of "
     "memory or disk."},
    {"Received <Connection.Blocked(['reason=low on memory'])>",
     "broker-blocks-publishers",
     "RabbitMQ takes no message from api: it is low on memory."},
    // ---- Values that do not fit
    {"Error: Data too long for column 'name' at row 1",
     "value-too-long",
     "api writes a value to the column name that is longer than the column."},
    {"error: value too long for type character varying(5)",
     "value-too-long",
     "api writes a value to a column that is longer than its type, character varying(5)."},
    {"sqlalchemy.exc.DataError: (pymysql.err.DataError) (1264, \"Out of range value for column "
     "'qty' at row 1\")",
     "value-out-of-range",
     "api writes a number to the column qty that is out of the range of its type."},
    {"error: value \"99999999999\" is out of range for type integer",
     "value-out-of-range",
     "api writes or asks for the number 99999999999, which is out of the range of the type "
     "integer."},
    {"Error: Got a packet bigger than 'max_allowed_packet' bytes",
     "database-packet-too-large",
     "api sends MySQL or MariaDB more in one statement than max_allowed_packet allows."},
    // ---- URLs of what is not set
    {"requests.exceptions.MissingSchema: Invalid URL 'None/items': No scheme supplied. Perhaps you "
     "meant https://None/items?",
     "url-incomplete",
     "api asks for the URL None/items: the variable that it begins with is not set."},
    {"Get \"/items\": unsupported protocol scheme \"\"",
     "url-incomplete",
     "api asks for the URL /items: the variable that it begins with is not set."},
    {"httpx.UnsupportedProtocol: Request URL is missing an 'http://' or 'https://' protocol.",
     "url-incomplete",
     "api asks for a URL that does not begin with http:// or https://: the variable that it is "
     "made of is not set, or has no scheme."},
    {"Error: getaddrinfo ENOTFOUND undefined",
     "url-incomplete",
     "api connects to a host that is called undefined: the variable that it takes for the host is "
     "not set."},
    // ---- Files and pages
    {"RuntimeError: Directory 'frontend/dist' does not exist",
     "assets-not-built",
     "api serves files of frontend/dist, which does not exist: what should make it has not been "
     "built."},
    {"RuntimeError: Directory 'static' does not exist",
     "directory-missing",
     "api serves files of the directory static, which does not exist."},
    {"[2026-11-28 13:55:36.66070] [19] [trace] [nT12] Template \"indx.html.ep\" not found",
     "template-missing",
     "api (Mojolicious) does not find the template indx.html.ep."},
    {"13:55:07 [ERROR] Could not import `../layouts/Main.astro`.",
     "import-unresolved",
     "A page of api (Astro) imports ../layouts/Main.astro, which does not exist or can not be "
     "loaded."},
    {"{\"level\":30,\"res\":{\"statusCode\":413},\"err\":{\"type\":\"FastifyError\",\"message\":"
     "\"Request body is too large\"}}",
     "request-too-large",
     "api refuses a request whose body is larger than its limit (413; Fastify takes 1 MiB, if none "
     "is set)."},
    {"com.mysql.cj.jdbc.exceptions.PacketTooBigException: Packet for query is too large (3,145,800 "
     "> 1,048,576).",
     "database-packet-too-large",
     "api sends MySQL or MariaDB more in one statement than max_allowed_packet allows."},
};

constexpr const char* harmless[] = {
    "XGROUP CREATE orders billing $ MKSTREAM: OK",
    "BUSYGROUP Consumer Group name already exists",
    "Skipping the ready check because INFO command fails: \"NOPERM User app has no permissions to "
    "run the 'info' command\"",
    "this worker is busy running a script of its own",
    "Connected with result code 0",
    "Connected with result code Success",
    "ended with result code 5",
    "1795873634: Client ingest disconnected.",
    "1795873634: Client ingest disconnected due to protocol error.",
    "GET /admin 401 not Authorized",
    "2026-11-28 13:46:42.246007+00:00 [info] <0.286.0> memory resource limit alarm cleared on node "
    "r@localhost",
    "2026-11-28 13:46:42.237807+00:00 [info] <0.223.0> Running boot step rabbit_alarm defined by "
    "app rabbit",
    "[24] 2026/11/28 13:47:24.849216 [INF] Server is ready",
    "2026-11-28 06:36:41.893 UTC [47] ERROR:  value too long for type character varying(5)",
    "2026-11-28 13:52:10 9 [Warning] Aborted connection 9 to db: 'shop' user: 'shop' host: "
    "'localhost' (Got a packet bigger than 'max_allowed_packet' bytes)",
    "max_allowed_packet is 1048576 bytes",
    "1795873634: Received PUBLISH from ingest (d0, q0, r0, m0, 'plant/7', ... (3 bytes))",
    "Get \"http://127.0.0.1:4000/items\": context deadline exceeded",
    "13:55:07 [200] / 14ms",
    "[trace] [6KBV] Template \"exception.development.html.ep\" not found",
};

constexpr const char* now = "2026-11-20T18:37:10.000Z";

/// api, which is well, says this at that second.
void say_at(World& world, const std::string& name, int second, const std::string& text) {
    world.facts.time = now;
    std::string digits = std::to_string(second);
    if (digits.size() < 2) digits.insert(0, "0");
    for (LogFact& log : world.facts.logs) {
        if (log.service != name) continue;
        log.lines.push_back({"2026-11-20T18:37:" + digits + ".000Z", text});
        return;
    }
    world.facts.logs.push_back(
        {name, name + ".log", {{"2026-11-20T18:37:" + digits + ".000Z", text}}});
}

constexpr const char* no_group =
    "NOGROUP No such key 'orders' or consumer group 'billing' in XREADGROUP with GROUP option";

}  // namespace

TEST_CASE("what stores and brokers refuse is told in a sentence", "[unit][doctor]") {
    check_told(told);
}

TEST_CASE("what stores and brokers write while all is well is nothing", "[unit][doctor]") {
    check_harmless(harmless);
}

TEST_CASE("what a service that is well says again and again is told", "[unit][doctor]") {
    World world;
    say_at(world, "api", 7, no_group);
    // Once: it may have made the group for that.
    CHECK(world.said().empty());
    say_at(world, "api", 8, no_group);
    CHECK(world.said() ==
          "[redis-group-missing] The consumer group billing of the stream orders that api reads "
          "does not exist in its Redis.\n");
    // It has been silent about it for a while.
    world.facts.time = "2026-11-20T18:38:40.000Z";
    CHECK(world.said().empty());
}

TEST_CASE("a client that is let in later is not refused", "[unit][doctor]") {
    World world;
    say_at(world, "api", 3, "Error: Connection refused: Not authorized");
    CHECK(world.findings()[0].id == "broker-login-refused");
    say_at(world, "api", 4, "not connected yet");
    CHECK(world.findings()[0].id == "broker-login-refused");
    say_at(world, "api", 5, "mqtt connected");
    CHECK(world.said().empty());
}

TEST_CASE("a broker's word of a client is told where the client says nothing", "[unit][doctor]") {
    World world;
    say_at(world, "web", 7, "1795873634: Client <unknown> disconnected, not authorised.");
    say_at(world, "web", 8, "1795873635: Client <unknown> disconnected, not authorised.");
    CHECK(world.said() ==
          "[broker-refuses-clients] web (an MQTT broker) lets a client not in: its user and "
          "password are missing or wrong.\n");
    say_at(world, "api", 8, "connected, rc 5 Connection Refused: not authorised.");
    CHECK(world.said() ==
          "[broker-login-refused] The MQTT broker refuses the log-in of api: user and password are "
          "missing or wrong, or it may not connect.\n");
}

TEST_CASE("an alarm of RabbitMQ is told until it is over, where somebody waits", "[unit][doctor]") {
    World world;
    say_at(world, "api", 1, "[warning] memory resource limit alarm set on node r@localhost.");
    world.facts.time = "2026-11-20T19:37:10.000Z";
    CHECK(world.said().empty());
    DialFact asked;
    asked.id = "asked";
    asked.purpose = "asked";
    asked.protocol = "http";
    asked.host = "127.0.0.1";
    asked.port = 3200;
    asked.path = "/order";
    asked.stage = "request";
    asked.error = "no answer";
    world.facts.dials.push_back(asked);
    CHECK(world.findings()[0].what ==
          "RabbitMQ (api) has a memory alarm: it takes no message from anybody who publishes until "
          "it needs less memory than its limit.");
    say_at(world, "api", 2, "[info] memory resource limit alarm cleared on node r@localhost");
    world.facts.time = "2026-11-20T19:37:10.000Z";
    CHECK(world.said().find("alarm") == std::string::npos);
}

TEST_CASE("an import that is not found is told until it compiles", "[unit][doctor]") {
    World world;
    say_at(world,
           "web",
           2,
           "Module not found: Error: Can't resolve './utils/format' in '/srv/web/src'");
    CHECK(world.said() ==
          "[import-unresolved] web does not compile: a file in /srv/web/src imports "
          "./utils/format, which does not exist.\n");
    say_at(world, "web", 3, "webpack 5.113.0 compiled with 1 error in 755 ms");
    CHECK_FALSE(world.said().empty());
    say_at(world, "web", 4, "webpack 5.113.0 compiled successfully in 755 ms");
    CHECK(world.said().empty());
}
