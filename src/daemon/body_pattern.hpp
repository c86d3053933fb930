#pragma once

#include "devstack/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace devstack::daemon {

/// A regular expression (ECMAScript) to be searched for in text of strangers: in time that grows
/// with the text alone, and without recursion on it. Back-references are refused for that.
class BodyPattern {
public:
    static Result<BodyPattern> parse(const std::string& expression);

    BodyPattern(BodyPattern&&) noexcept;
    BodyPattern& operator=(BodyPattern&&) noexcept;
    ~BodyPattern();

    /// Fails when the library gives up.
    Result<bool> is_found_in(std::string_view text) const;

private:
    struct Compiled;
    explicit BodyPattern(std::unique_ptr<Compiled> compiled);

    std::unique_ptr<Compiled> compiled_;
};

}  // namespace devstack::daemon
