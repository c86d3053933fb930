#pragma once

#include "devstack/daemon/control_server.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace devstack::test {

using daemon::ControlHandler;
using daemon::ControlReply;
using daemon::ControlRequest;
using daemon::ControlServer;
using namespace std::chrono_literals;

/// Echoes what it was asked; keeps the reply of "/wait" until it is told to let go; "/stream" is
/// answered by `open_stream`.
class EchoHandler : public ControlHandler {
public:
    struct Parked {
        std::function<void(ControlReply)> reply;
        std::function<bool()> is_alive;
    };

    void handle(const ControlRequest& request,
                std::function<void(ControlReply)> reply,
                std::function<bool()> is_alive) override {
        if (request.path == "/wait") {
            const std::lock_guard guard{mutex_};
            parked_.push_back({std::move(reply), std::move(is_alive)});
            changed_.notify_all();
            return;
        }
        if (request.path == "/stream") {
            return reply({200, "", "text/event-stream", open_stream(request)});
        }
        ControlReply answer;
        answer.body = request.method + " " + request.path;
        for (const auto& [name, value] : request.parameters) {
            answer.body += " " + name + "=" + value;
        }
        if (!request.body.empty()) answer.body += " [" + std::to_string(request.body.size()) + "]";
        if (request.path == "/missing") answer.status = 404;
        if (request.path == "/large") answer.body.assign(3'000'000, 'x');
        reply(std::move(answer));
    }

    std::function<std::shared_ptr<daemon::ControlStream>(const ControlRequest&)> open_stream;

    Parked take_parked() {
        std::unique_lock lock{mutex_};
        REQUIRE(changed_.wait_for(lock, 5s, [&] { return !parked_.empty(); }));
        Parked parked = std::move(parked_.front());
        parked_.pop_front();
        return parked;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Parked> parked_;
};

/// A served socket in a directory of its own, with the loop in a thread of its own.
class Served {
public:
    explicit Served(const std::string& below = "") {
        char name[] = "/tmp/dsXXXXXX";
        directory = mkdtemp(name);
        std::filesystem::create_directories(directory + below);
        path = directory + below + "/control.sock";
        start();
    }
    /// What `question` answers, asked in the loop's thread.
    template <typename Question>
    auto ask(Question question) {
        std::promise<decltype(question())> answer;
        boost::asio::post(loop, [&] { answer.set_value(question()); });
        return answer.get_future().get();
    }

    ~Served() {
        ask([this] {
            server.reset();
            return true;
        });
        work_.reset();
        thread_.join();
        std::filesystem::remove_all(directory);
    }

    void start() {
        auto listening = ControlServer::listen(loop, path, handler);
        REQUIRE(listening);
        server = std::move(*listening);
        if (!thread_.joinable()) thread_ = std::thread{[this] { loop.run(); }};
    }

    /// Asks until the answer is yes, which is what we wait for.
    template <typename Question>
    bool comes_true(Question question) {
        const auto deadline = std::chrono::steady_clock::now() + 5s;
        while (std::chrono::steady_clock::now() < deadline) {
            if (ask(question)) return true;
            std::this_thread::yield();
        }
        return false;
    }

    boost::asio::io_context loop;
    EchoHandler handler;
    std::unique_ptr<ControlServer> server;
    std::string path;
    std::string directory;

private:
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        loop.get_executor()};
    std::thread thread_;
};

}  // namespace devstack::test
