#include "daemon/name_resolver.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

using namespace devstack::daemon;
using namespace std::chrono_literals;

namespace {

/// A lookup whose names wait until they are let go; like a real one, it outlives who asked.
struct SlowNames {
    std::mutex mutex;
    std::condition_variable changed;
    std::set<std::string> let_go;
    std::set<std::string> begun;
    int lookups = 0;
    bool is_over = false;

    static NameResolver::Lookup lookup(const std::shared_ptr<SlowNames>& names) {
        return [names](const std::string& name) {
            std::unique_lock lock{names->mutex};
            ++names->lookups;
            names->begun.insert(name);
            names->changed.notify_all();
            names->changed.wait(lock,
                                [&] { return names->is_over || names->let_go.contains(name); });
            return NameResolver::Answer{{"192.0.2.1"}, ""};
        };
    }
    void let(const std::string& name) {
        const std::lock_guard lock{mutex};
        let_go.insert(name);
        changed.notify_all();
    }
    bool wait_until_begun(const std::set<std::string>& names) {
        std::unique_lock lock{mutex};
        return changed.wait_for(lock, 10s, [&] { return begun == names; });
    }
    void end() {
        const std::lock_guard lock{mutex};
        is_over = true;
        changed.notify_all();
    }
};

struct Fixture {
    std::shared_ptr<SlowNames> names = std::make_shared<SlowNames>();
    boost::asio::io_context loop;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    std::optional<NameResolver> resolver{std::in_place, loop, SlowNames::lookup(names)};
    std::vector<std::string> answered;

    ~Fixture() { names->end(); }

    std::uint64_t ask(const std::string& name) {
        return resolver->resolve(
            name, [this, name](const NameResolver::Answer&) { answered.push_back(name); });
    }
    void wait_for_answers(std::size_t count) {
        while (answered.size() < count && loop.run_one_for(10s) > 0) {
        }
        REQUIRE(answered.size() == count);
    }
};

}  // namespace

TEST_CASE("a dead name does not hold up the others", "[integration][probe]") {
    Fixture fixture;
    fixture.ask("dead");
    fixture.ask("alive");
    fixture.names->let("alive");
    fixture.wait_for_answers(1);
    CHECK(fixture.answered == std::vector<std::string>{"alive"});
}

TEST_CASE("at most four lookups run at once", "[integration][probe]") {
    Fixture fixture;
    for (const std::string name : {"a", "b", "c", "d", "e"})
        fixture.ask(name);
    CHECK(fixture.names->wait_until_begun({"a", "b", "c", "d"}));
    fixture.names->let("c");
    CHECK(fixture.names->wait_until_begun({"a", "b", "c", "d", "e"}));
    fixture.wait_for_answers(1);
}

TEST_CASE("who asks for the same name shares a lookup", "[integration][probe]") {
    Fixture fixture;
    fixture.ask("db");
    const auto second = fixture.ask("db");
    fixture.ask("db");
    fixture.resolver->cancel(second);
    CHECK(fixture.names->wait_until_begun({"db"}));
    fixture.names->let("db");
    fixture.wait_for_answers(2);
    CHECK(fixture.names->lookups == 1);
    fixture.ask("db");
    fixture.wait_for_answers(3);
    CHECK(fixture.names->lookups == 2);
}

TEST_CASE("a lookup that nobody waits for is not begun", "[integration][probe]") {
    Fixture fixture;
    for (const std::string name : {"a", "b", "c", "d"})
        fixture.ask(name);
    CHECK(fixture.names->wait_until_begun({"a", "b", "c", "d"}));
    fixture.resolver->cancel(fixture.ask("e"));
    const auto running = fixture.ask("a");
    fixture.resolver->cancel(running);
    fixture.names->end();
    fixture.wait_for_answers(4);
    CHECK_FALSE(fixture.names->begun.contains("e"));
    // The name can be asked for again.
    fixture.ask("e");
    fixture.wait_for_answers(5);
}

TEST_CASE("a resolver may go while lookups run", "[integration][probe]") {
    Fixture fixture;
    fixture.ask("dead");
    CHECK(fixture.names->wait_until_begun({"dead"}));
    fixture.resolver.reset();
    fixture.names->let("dead");
    fixture.work.reset();
    fixture.loop.run();
    CHECK(fixture.answered.empty());
}

TEST_CASE("real names are looked up", "[integration][probe]") {
    const auto none = NameResolver::look_up("no-such-host.invalid");
    CHECK(none.addresses.empty());
    CHECK_FALSE(none.error.empty());
    const auto numeric = NameResolver::look_up("127.0.0.1");
    CHECK(numeric.addresses == std::vector<std::string>{"127.0.0.1"});
}
