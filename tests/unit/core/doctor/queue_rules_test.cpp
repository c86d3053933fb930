// Jobs that wait in a queue, and who takes them.

#include "support/catch.hpp"
#include "unit/core/doctor/world.hpp"

using namespace devstack::core::doctor;
using devstack::test::World;

namespace {

/// api puts jobs into database 0, web takes them from the one that is given.
World queue_world(const std::string& database, const QueueFact& queue) {
    World world;
    for (const char* name : {"api", "web"})
        world.service(name).uptime_seconds = 60;
    world.refer("api", "REDIS_URL", "redis", 6379).queues = {queue};
    world.facts.references.back().path = "/0";
    world.refer("web", "REDIS_URL", "redis", 6379);
    world.facts.references.back().path = "/" + database;
    world.facts.references.back().dial = "other";
    world.facts.dials.back().id = "other";
    return world;
}

QueueFact bull_queue(int consumers, const std::vector<std::string>& others) {
    QueueFact queue;
    queue.kind = "BullMQ";
    queue.name = "invoices";
    queue.waiting = 2;
    queue.has_told = true;
    queue.consumers = consumers;
    queue.others = others;
    return queue;
}

QueueFact celery_queue(const std::string& name, int idle_takers) {
    QueueFact queue;
    queue.kind = "Celery";
    queue.name = name;
    queue.waiting = 1;
    queue.idle_takers = idle_takers;
    return queue;
}

}  // namespace

TEST_CASE("jobs of a queue that no worker names are told", "[unit][doctor]") {
    World world = queue_world("0", bull_queue(0, {"invoice"}));
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "queue-without-worker");
    CHECK(finding.what ==
          "Jobs wait in the queue invoices (BullMQ, database 0 of Redis at localhost:6379), and no "
          "worker takes them: 2 are waiting; workers take from invoice.");
    CHECK(finding.evidence.at(0) ==
          "BullMQ queue invoices in database 0 of Redis at localhost:6379: 2 are waiting, and not "
          "fewer a moment later");
    CHECK(finding.fix ==
          "let a worker take from invoices, or put the jobs into the queue of one: the names have "
          "to be the same, letter by letter");
}

TEST_CASE("jobs that somebody will take are not", "[unit][doctor]") {
    // All of its workers are busy.
    CHECK(queue_world("0", bull_queue(1, {"invoice"})).findings().empty());
    // Nobody works here at all, and nobody misses it.
    CHECK(queue_world("0", bull_queue(0, {})).findings().empty());
    // A worker has just been started.
    World young = queue_world("0", bull_queue(0, {"invoice"}));
    young.service("web").uptime_seconds = 1;
    CHECK(young.findings().empty());
    // One that is not up has a reason of its own.
    World down = queue_world("0", bull_queue(0, {"invoice"}));
    down.end("web", 1);
    CHECK(down.findings().at(0).id != "queue-without-worker");
}

TEST_CASE("a request that waits for a job without any worker is told so", "[unit][doctor]") {
    World world = queue_world("0", bull_queue(0, {}));
    DialFact asked = world.probe("api");
    asked.id = "asked";
    asked.purpose = "asked";
    asked.path = "/invoices";
    asked.status = 0;
    asked.stage = "first byte";
    asked.error = "no answer";
    asked.is_unexpected = true;
    world.facts.dials.push_back(asked);
    CHECK(world.findings().at(0).what ==
          "Jobs wait in the queue invoices (BullMQ, database 0 of Redis at localhost:6379), and no "
          "worker takes them: 2 are waiting; there is no worker of BullMQ at all.");
}

TEST_CASE("workers in another database are told", "[unit][doctor]") {
    QueueFact queue = bull_queue(0, {});
    queue.elsewhere = "1";
    World world = queue_world("1", queue);
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "store-databases-differ");
    CHECK(finding.what ==
          "Jobs of api (REDIS_URL (api/.env:3)) wait in the queue invoices (BullMQ) in database 0 "
          "of Redis at localhost:6379, and web (REDIS_URL (web/.env:3)) waits for jobs in database "
          "1: it never sees them.");
    CHECK(finding.fix == "name the same database in both (…/0), then devstack restart api web");
    // Somebody else's, of another project.
    CHECK(queue_world("0", queue).findings().empty());
}

TEST_CASE("queues of Celery are compared with what its workers take", "[unit][doctor]") {
    World world = queue_world("0", celery_queue("render", 1));
    CHECK(world.findings().empty());  // Nobody knows from which queues they take.
    world.service("web").words = {"celery", "-A", "tasks", "worker", "-c", "1"};
    CHECK(world.findings().empty());
    world.say("web", "                .> celery           exchange=celery(direct) key=celery");
    const Finding finding = world.findings().at(0);
    CHECK(finding.id == "queue-without-worker");
    CHECK(finding.what ==
          "Jobs wait in the queue render (Celery, database 0 of Redis at localhost:6379), and no "
          "worker takes them: 1 is waiting; workers take from celery.");
    CHECK(finding.fix ==
          "let a worker take from it, too (celery worker -Q celery,render), or correct the route "
          "of the task (task_routes, queue=)");
    world.service("web").words = {"celery", "-A", "tasks", "worker", "-Q", "celery,render"};
    CHECK(world.findings().empty());
}

TEST_CASE("a worker of Celery that is busy may take them later", "[unit][doctor]") {
    QueueFact queue = celery_queue("render", 1);
    queue.has_busy_takers = true;
    World world = queue_world("0", queue);
    world.service("web").words = {"celery", "-A", "tasks", "worker", "--queues=celery"};
    CHECK(world.findings().empty());
    world.facts.dials[2].queues[0].has_busy_takers = false;
    CHECK(world.findings().at(0).id == "queue-without-worker");
}

TEST_CASE("queues of a Redis that no variable names are told, too", "[unit][doctor]") {
    World world;
    for (const char* name : {"api", "web"})
        world.service(name).uptime_seconds = 60;
    QueueFact queue = bull_queue(0, {"default"});
    queue.kind = "Sidekiq";
    queue.name = "mailers";
    DialFact dial;
    dial.id = "queues of redis";
    dial.purpose = "queues";
    dial.protocol = "redis";
    dial.host = "localhost";
    dial.port = 6379;
    dial.stage = "done";
    dial.queues = {queue};
    world.facts.dials.push_back(dial);
    const Finding finding = world.findings().at(0);
    CHECK(finding.what ==
          "Jobs wait in the queue mailers (Sidekiq, database 0 of Redis at localhost:6379), and no "
          "worker takes them: 2 are waiting; workers take from default.");
    CHECK(finding.service == "redis");
    CHECK(finding.fix ==
          "let a worker take from it, too (sidekiq -q default -q mailers), or put the jobs into "
          "the queue of one: the names have to be the same, letter by letter");
    world.service("web").uptime_seconds = 1;
    CHECK(world.findings().empty());
    world.service("web").uptime_seconds = 60;
    world.facts.dials.back().queues[0].consumers = 1;
    CHECK(world.findings().empty());
}

TEST_CASE("queues of Laravel are compared with what its workers take", "[unit][doctor]") {
    QueueFact queue = celery_queue("emails", 0);
    queue.kind = "Laravel";
    World world = queue_world("0", queue);
    CHECK(world.findings().empty());  // Nobody works here.
    ServiceFact& worker = world.service("web");
    worker.words = {"php", "artisan", "queue:work"};
    const Finding finding = world.findings().at(0);
    CHECK(finding.what ==
          "Jobs wait in the queue emails (Laravel, database 0 of Redis at localhost:6379), and no "
          "worker takes them: 1 is waiting; workers take from default.");
    CHECK(finding.fix ==
          "let a worker take from it, too (queue:work --queue=default,emails), or put the jobs "
          "into the queue of one: the names have to be the same, letter by letter");
    worker.words = {"php", "artisan", "queue:work", "redis", "--queue=high,emails"};
    CHECK(world.findings().empty());
    worker.words = {"php", "artisan", "queue:work", "sqs"};
    CHECK(world.findings().empty());
    worker.words = {"php", "artisan", "queue:work"};
    world.service("api").command = "php artisan horizon";
    CHECK(world.findings().empty());
}
