#include "daemon/sse_stream.hpp"

#include "support/catch.hpp"
#include "support/event_source.hpp"
#include "support/served_socket.hpp"

using namespace devstack;
using namespace devstack::daemon;
using namespace std::chrono_literals;
using devstack::test::EventSource;
using devstack::test::Served;
using Message = EventSource::Message;

namespace {

/// A stream that says what it is told to.
class Told {
public:
    Told(Served& served, Duration heartbeat) : served_{served} {
        served.handler.open_stream = [this, heartbeat](const ControlRequest& request) {
            stream = std::make_shared<SseStream>(
                served_.loop,
                "event: init\ndata: " + request.last_event_id + "\n\n",
                [this] {
                    ++questions;
                    return SseStream::Batch{std::exchange(text, {}), {}, ""};
                },
                heartbeat);
            return stream;
        };
    }
    ~Told() {
        served_.ask([this] {
            stream.reset();
            return true;
        });
    }

    /// Returns how often it has been asked until now.
    int tell(const std::string& what) {
        return served_.ask([&] {
            text = what;
            stream->wake();
            return questions;
        });
    }
    void finish(const std::string& what, const std::string& why) {
        served_.ask([&] {
            text = what;
            stream->finish(why);
            return true;
        });
    }

    std::shared_ptr<SseStream> stream;
    std::string text;
    int questions = 0;

private:
    Served& served_;
};

}  // namespace

TEST_CASE("a stream tells what its source has, whenever it has something", "[integration][sse]") {
    Served served;
    Told told{served, 1h};
    EventSource client{served.path, "/stream", "Last-Event-ID: 41\r\n"};
    CHECK(client.next() == Message{"init", "41", ""});
    CHECK(
        client.head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
                                "Connection: close\r\nX-Request-ID: devstack-"));
    CHECK(client.head.ends_with("\r\nTransfer-Encoding: chunked\r\n"));
    for (const std::string number : {"1", "2", "3"}) {
        told.tell("id: " + number + "\ndata: news\n\n");
        CHECK(client.next() == Message{"message", "news", number});
    }
    told.finish("data: the last\n\n", "enough");
    CHECK(client.next() == Message{"message", "the last", "3"});
    CHECK(client.next() == Message{"done", "{\"why\":\"enough\"}", "3"});
    CHECK_FALSE(client.next());
    CHECK(client.has_ended());
}

TEST_CASE("a stream that has nothing to say gives a sign of life", "[integration][sse]") {
    Served served;
    const Told told{served, 5ms};
    EventSource client{served.path, "/stream"};
    CHECK(client.next() == Message{"init", "", ""});
    while (client.comments < 3) {
        CHECK_FALSE(client.next(50ms));
        REQUIRE_FALSE(client.has_ended());
    }
}

TEST_CASE("a client that does not read is not written for, and one that goes is noticed",
          "[integration][sse]") {
    Served served;
    Told told{served, 1h};
    {
        EventSource client{served.path, "/stream"};
        CHECK(client.next() == Message{"init", "", ""});
        // As much as the socket takes, then one piece that waits; the source is not asked for more.
        const std::string piece = "data: " + std::string(200'000, 'x') + "\n\n";
        int before = -1;
        int now = 0;
        while (now != before) {
            before = now;
            now = told.tell(piece);
        }
        CHECK(now < 20);
    }
    CHECK(served.comes_true([&] { return served.server->connections() == 0; }));
}
