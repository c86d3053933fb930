#include "devstack/daemon/port_freer.hpp"

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/listener.hpp"

#include <chrono>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <unistd.h>

using namespace devstack;
using namespace devstack::daemon;
using namespace devstack::test;
using namespace std::chrono_literals;

namespace {

const ProjectMark project{"/devstack-test/free", 4'000'000, 4'000'001};

core::PortHolder holder_of(const ChildProcess& child, Port port) {
    core::PortHolder holder;
    holder.port = port;
    holder.pid = child.pid();
    holder.command = "server";
    holder.user = "chi";
    return holder;
}

struct Freeing {
    std::vector<Status> answers;
    boost::asio::io_context loop;
    std::optional<PortFreer> freer;

    explicit Freeing(Duration grace) { freer.emplace(loop, platform::Procfs{}, project, grace); }

    void free(const core::PortHolder& holder) {
        freer->free(holder, [this](Status status) { answers.push_back(std::move(status)); });
    }
    void run_until(std::size_t count) {
        CHECK(answers.empty());
        while (answers.size() < count && loop.run_one_for(20s) > 0) {
        }
        REQUIRE(answers.size() == count);
    }
};

std::string refusal(core::PortHolder holder) {
    holder.port = Port{80};
    const Status status = check_may_free(holder, project);
    return status ? "" : status.error().message;
}

}  // namespace

TEST_CASE("a holder that listens to reason is ended politely", "[integration][ports]") {
    Listener listener{"127.0.0.1"};
    ChildProcess child{"trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.01; done",
                       {"PATH=/usr/bin:/bin"},
                       {listener.fd()}};
    child.read_line();
    listener.close();
    Freeing freeing{20s};
    freeing.free(holder_of(child, listener.port()));
    freeing.free(holder_of(child, listener.port()));
    freeing.run_until(2);
    CHECK(freeing.answers[0].has_value());
    CHECK(freeing.answers[1].has_value());
    CHECK(child.read_line() == "asked");
    freeing.loop.restart();
    freeing.loop.poll();
    CHECK(freeing.loop.stopped());  // No timer is left.
}

TEST_CASE("a holder that ignores the request is ended firmly", "[integration][ports]") {
    Listener listener{"127.0.0.1"};
    ChildProcess child{"trap '' TERM; echo up; while :; do sleep 0.01; done",
                       {"PATH=/usr/bin:/bin"},
                       {listener.fd()}};
    child.read_line();
    listener.close();
    Freeing freeing{100ms};
    freeing.free(holder_of(child, listener.port()));
    freeing.run_until(1);
    CHECK(freeing.answers[0].has_value());
    child.wait();
}

TEST_CASE("who holds the port no more is left alone", "[integration][ports]") {
    ChildProcess child{"echo up; exec sleep 1000"};
    child.read_line();
    Freeing freeing{20s};
    freeing.free(holder_of(child, unused_port()));
    freeing.run_until(1);
    CHECK(freeing.answers[0].has_value());
    CHECK(platform::find_process({}, child.pid())->state != 'Z');
}

TEST_CASE("a freer may go in the middle", "[integration][ports]") {
    Listener listener{"127.0.0.1"};
    ChildProcess child{"trap '' TERM; echo up; while :; do sleep 0.01; done",
                       {"PATH=/usr/bin:/bin"},
                       {listener.fd()}};
    child.read_line();
    listener.close();
    Freeing freeing{20s};
    freeing.free(holder_of(child, listener.port()));
    freeing.freer.reset();
    freeing.loop.run();
    CHECK(freeing.answers.empty());
}

TEST_CASE("what must not be ended is refused with advice", "[integration][ports]") {
    core::PortHolder holder;
    holder.user = "root";
    CHECK(refusal(holder) ==
          "cannot free port 80: a process of root holds it, which we may not see; find and stop "
          "it with `sudo ss -ltnp 'sport = :80'`");
    holder.is_teardown = true;
    CHECK(refusal(holder) ==
          "cannot free port 80: nobody holds it any more, the kernel is closing it; it frees "
          "itself");
    holder.is_teardown = false;
    holder.pid = 1;
    holder.command = "systemd";
    CHECK(refusal(holder) ==
          "cannot free port 80: process 1 (systemd) holds it, perhaps for a socket unit; see "
          "`systemctl list-sockets`");
    for (const int pid : {project.keeper_pid, project.daemon_pid}) {
        holder.pid = pid;
        CHECK(refusal(holder) == "cannot free port 80: devstack itself holds it");
    }
    holder.pid = 812;
    holder.service = "api";
    CHECK(refusal(holder) ==
          "cannot free port 80: api of this project holds it; stop it with `devstack stop api`");
    holder.service.clear();
    holder.command = "docker-proxy";
    CHECK(refusal(holder) ==
          "cannot free port 80: a container publishes it; stop the one that `docker ps --filter "
          "publish=80` shows");
    holder.command = "node";
    CHECK(refusal(holder).empty());

    Freeing freeing{20s};
    holder.pid = 1;
    freeing.free(holder);
    freeing.run_until(1);
    CHECK(freeing.answers[0].error().kind == Error::Kind::not_permitted);
}
