#include "diagnosis/name_lookup.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace devstack::diagnosis {

namespace {

/// What the threads and the one who waits share; the last of them frees it.
struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, LookUp> done;
};

LookUp look_up(const std::string& name) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int code = ::getaddrinfo(name.c_str(), nullptr, &hints, &list);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{list, ::freeaddrinfo};
    LookUp result;
    if (code != 0) {
        result.problem = std::string{"does not resolve: "} + ::gai_strerror(code);
        return result;
    }
    for (const addrinfo* it = list; it != nullptr; it = it->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(it->ai_addr,
                          it->ai_addrlen,
                          text.data(),
                          text.size(),
                          nullptr,
                          0,
                          NI_NUMERICHOST) != 0) {
            continue;
        }
        const bool is_known =
            std::ranges::find(result.addresses, std::string{text.data()}) != result.addresses.end();
        if (!is_known) result.addresses.emplace_back(text.data());
    }
    return result;
}

}  // namespace

std::map<std::string, LookUp> look_up_all(const std::vector<std::string>& names, Duration limit) {
    const auto shared = std::make_shared<Shared>();
    std::vector<std::string> unique = names;
    std::ranges::sort(unique);
    unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
    for (const std::string& name : unique) {
        std::thread{[shared, name] {
            LookUp result = look_up(name);
            const std::scoped_lock lock{shared->mutex};
            shared->done[name] = std::move(result);
            shared->changed.notify_all();
        }}.detach();
    }
    std::unique_lock lock{shared->mutex};
    shared->changed.wait_for(lock, limit, [&] { return shared->done.size() == unique.size(); });
    std::map<std::string, LookUp> found = shared->done;
    for (const std::string& name : unique) {
        if (!found.contains(name)) {
            found[name].problem = "does not resolve: no answer from the name server";
        }
    }
    return found;
}

}  // namespace devstack::diagnosis
