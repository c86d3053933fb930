#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devstack::core {

/// Which files a service is restarted for. A glob is an absolute path in which `*`, `?` and `[…]`
/// stand for characters of one name, `**` for any number of directories, and `{a,b}` for either.
/// Without any of these at its end it means a directory with all that is in it, too.
///
/// What tools and editors write for themselves (.git, node_modules, dist, *.swp …) is never meant,
/// unless a glob names it: `dist/**` means dist.
class WatchGlobs {
public:
    explicit WatchGlobs(const std::vector<std::string>& globs);

    /// True for a file whose change is one.
    bool matches(std::string_view path) const;
    /// True for a directory in which, or somewhere below which, a file could match.
    bool may_hold(std::string_view directory) const;
    /// The deepest directories without wildcards: all that can match is below one of these.
    std::vector<std::string> roots() const;

private:
    using Names = std::vector<std::string>;

    std::vector<Names> globs_;  ///< Without braces, by their names.
};

}  // namespace devstack::core
