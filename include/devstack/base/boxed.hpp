#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace devstack {

/// An optional value that takes no room while there is none: for what is large and rare.
template <typename T>
class Boxed {
public:
    Boxed() = default;
    Boxed(T value) : value_{std::make_unique<T>(std::move(value))} {}
    Boxed(const std::optional<T>& value) {
        if (value) value_ = std::make_unique<T>(*value);
    }
    Boxed(const Boxed& other) {
        if (other) value_ = std::make_unique<T>(*other);
    }
    Boxed(Boxed&&) noexcept = default;
    Boxed& operator=(const Boxed& other) {
        Boxed copy{other};
        value_ = std::move(copy.value_);
        return *this;
    }
    Boxed& operator=(Boxed&&) noexcept = default;
    ~Boxed() = default;

    explicit operator bool() const { return value_ != nullptr; }
    T& operator*() { return *value_; }
    const T& operator*() const { return *value_; }
    T* operator->() { return value_.get(); }
    const T* operator->() const { return value_.get(); }

    T& emplace() {
        value_ = std::make_unique<T>();
        return *value_;
    }

    bool operator==(const Boxed& other) const {
        if (!value_ || !other.value_) return !value_ && !other.value_;
        return *value_ == *other.value_;
    }

private:
    std::unique_ptr<T> value_;
};

}  // namespace devstack
