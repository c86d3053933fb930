#pragma once

#include "devstack/base/assert.hpp"

#include <string>
#include <utility>
#include <variant>

namespace devstack {

/// What went wrong, for the code that decides (kind) and for the person who reads (message).
struct Error {
    enum class Kind { invalid, not_found, not_permitted, busy, timed_out, system };

    Kind kind = Kind::system;
    /// Names the act, the object and the reason: "cannot bind /run/devstack.sock: in use".
    std::string message;

    bool operator==(const Error&) const = default;
};

/// The same error, told with what we were doing: "while starting web: cannot …".
inline Error with_context(const std::string& doing, Error error) {
    error.message = doing + ": " + error.message;
    return error;
}

/// A value, or the Error that kept us from having one.
///
/// The member names are those of std::expected, so that this file can become an alias on C++23.
/// Reading the value of a failed Result is a bug and aborts.
template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_{std::in_place_index<0>, std::move(value)} {}
    Result(Error error) : state_{std::in_place_index<1>, std::move(error)} {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    T& value() & { return checked(*this); }
    const T& value() const& { return checked(*this); }
    T&& value() && { return std::move(checked(*this)); }

    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const& { return failed(*this); }
    Error&& error() && { return std::move(failed(*this)); }

private:
    template <typename Self>
    static auto& checked(Self& self) {
        DEVSTACK_ASSERT(self.has_value(), "a result is read only after it was checked");
        return *std::get_if<0>(&self.state_);
    }
    template <typename Self>
    static auto& failed(Self& self) {
        DEVSTACK_ASSERT(!self.has_value(), "an error is read only from a failed result");
        return *std::get_if<1>(&self.state_);
    }

    std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
using Status = Result<std::monostate>;

inline Status ok() {
    return std::monostate{};
}

}  // namespace devstack
