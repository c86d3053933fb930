#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace devstack::daemon {

/// Looks names up beside the loop, in at most four threads that are started when there is work and
/// end when there has been none for ten seconds. A lookup can not be interrupted, so the threads
/// are detached: neither the loop nor the end of the process ever waits for one.
class NameResolver {
public:
    struct Answer {
        std::vector<std::string> addresses;  ///< Numeric, in the order to be tried.
        std::string error;                   ///< Why there are none.
    };
    using Lookup = std::function<Answer(const std::string& name)>;

    static constexpr std::size_t threads_max = 4;

    /// `lookup` must be callable from several threads at once and outlive them.
    explicit NameResolver(boost::asio::io_context& loop, Lookup lookup = look_up);
    ~NameResolver();
    NameResolver(const NameResolver&) = delete;
    NameResolver& operator=(const NameResolver&) = delete;

    /// `on_answer` is called once, from the loop, unless it is cancelled. Who asks for a name that
    /// is being looked up already shares that lookup.
    std::uint64_t resolve(const std::string& name, std::function<void(const Answer&)> on_answer);
    /// The answer is not wanted any more; a lookup that nobody waits for is not begun.
    void cancel(std::uint64_t ticket);

    /// getaddrinfo(3).
    static Answer look_up(const std::string& name);

private:
    struct Shared;
    static void work(const std::shared_ptr<Shared>& shared);

    std::shared_ptr<Shared> shared_;
    std::uint64_t last_ticket_ = 0;
};

}  // namespace devstack::daemon
