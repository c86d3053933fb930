// Asio has one resolver thread for each loop: a dead name would hold up all others for seconds.

#include "name_resolver.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <netdb.h>
#include <sys/socket.h>

namespace devstack::daemon {

namespace {

constexpr std::chrono::seconds idle_time_max{10};

struct Waiter {
    std::uint64_t ticket = 0;
    std::function<void(const NameResolver::Answer&)> on_answer;
};

std::string to_address(const addrinfo& entry) {
    std::array<char, NI_MAXHOST> text{};
    const int failure = ::getnameinfo(
        entry.ai_addr, entry.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
    return failure == 0 ? std::string{text.data()} : std::string{};
}

}  // namespace

/// Belongs to the resolver and to every thread, so that a thread which is still deep in a lookup
/// finds it valid after all else is gone.
struct NameResolver::Shared {
    Shared(boost::asio::io_context& the_loop, Lookup the_lookup)
        : loop{&the_loop}, lookup{std::move(the_lookup)} {}

    std::mutex mutex;
    std::condition_variable has_work;
    boost::asio::io_context* loop;  ///< Null once the resolver is gone.
    const Lookup lookup;
    std::deque<std::string> names;  ///< To be looked up.
    std::size_t threads = 0;
    std::size_t idle_threads = 0;
    /// Touched by the loop alone. A name stays here from the question to the answer, also when
    /// nobody waits for it any more.
    std::map<std::string, std::vector<Waiter>> waiters;

    /// One by one, since each may cancel or ask again.
    void deliver(const std::string& name, const Answer& answer) {
        for (;;) {
            const auto found = waiters.find(name);
            if (found == waiters.end()) return;
            if (found->second.empty()) {
                waiters.erase(found);
                return;
            }
            const Waiter waiter = std::move(found->second.front());
            found->second.erase(found->second.begin());
            waiter.on_answer(answer);
        }
    }
};

NameResolver::NameResolver(boost::asio::io_context& loop, Lookup lookup)
    : shared_{std::make_shared<Shared>(loop, std::move(lookup))} {}

NameResolver::~NameResolver() {
    shared_->waiters.clear();
    const std::lock_guard lock{shared_->mutex};
    shared_->loop = nullptr;
    shared_->names.clear();
    shared_->has_work.notify_all();
}

std::uint64_t NameResolver::resolve(const std::string& name,
                                    std::function<void(const Answer&)> on_answer) {
    const std::uint64_t ticket = ++last_ticket_;
    const auto [entry, is_new] = shared_->waiters.try_emplace(name);
    entry->second.push_back({ticket, std::move(on_answer)});
    if (!is_new) return ticket;

    const std::lock_guard lock{shared_->mutex};
    shared_->names.push_back(name);
    const bool is_thread_missing =
        shared_->names.size() > shared_->idle_threads && shared_->threads < threads_max;
    if (is_thread_missing) {
        try {
            std::thread{[shared = shared_] { work(shared); }}.detach();
            ++shared_->threads;
        } catch (const std::system_error&) {
            // No thread to be had now: one that lives takes the name, or the deadline does.
        }
    }
    shared_->has_work.notify_one();
    return ticket;
}

void NameResolver::cancel(std::uint64_t ticket) {
    for (auto& [name, waiters] : shared_->waiters) {
        if (std::erase_if(waiters, [&](const Waiter& it) { return it.ticket == ticket; }) == 0) {
            continue;
        }
        if (!waiters.empty()) return;
        const std::lock_guard lock{shared_->mutex};
        const bool was_waiting = std::erase(shared_->names, name) > 0;
        if (was_waiting) shared_->waiters.erase(name);
        return;
    }
}

void NameResolver::work(const std::shared_ptr<Shared>& shared) {
    std::unique_lock lock{shared->mutex};
    while (shared->loop != nullptr) {
        if (shared->names.empty()) {
            ++shared->idle_threads;
            const bool has_work = shared->has_work.wait_for(lock, idle_time_max, [&] {
                return shared->loop == nullptr || !shared->names.empty();
            });
            --shared->idle_threads;
            if (!has_work) break;
            continue;
        }
        const std::string name = std::move(shared->names.front());
        shared->names.pop_front();
        lock.unlock();
        Answer answer = shared->lookup(name);
        lock.lock();
        if (shared->loop == nullptr) break;
        boost::asio::post(*shared->loop, [shared, name, answer = std::move(answer)] {
            shared->deliver(name, answer);
        });
    }
    --shared->threads;
}

NameResolver::Answer NameResolver::look_up(const std::string& name) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(name.c_str(), nullptr, &hints, &found);
    Answer answer;
    if (failure != 0) {
        answer.error = failure == EAI_SYSTEM ? std::generic_category().message(errno)
                                             : std::string{::gai_strerror(failure)};
        return answer;
    }
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        std::string address = to_address(*entry);
        const bool is_new = std::ranges::find(answer.addresses, address) == answer.addresses.end();
        if (is_new && !address.empty()) answer.addresses.push_back(std::move(address));
    }
    ::freeaddrinfo(found);
    if (answer.addresses.empty()) answer.error = "the name has no address";
    return answer;
}

}  // namespace devstack::daemon
