#pragma once

#include "devstack/daemon/keeper_link.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::daemon {

/// Descriptors that outlive this daemon: the keeper holds a copy of each, and gives them to the
/// daemon after us. Known by a label of ours.
class HeldDescriptors {
public:
    struct Keeper {
        std::function<void(std::uint64_t token, const std::string& label, int descriptor)> hold;
        std::function<void(std::uint64_t token)> release;
    };

    explicit HeldDescriptors(Keeper keeper) : keeper_{std::move(keeper)} {}

    /// What an earlier daemon has given to the keeper. Those that nobody claims are let go.
    void adopt(std::vector<KeeperHeld> found,
               const std::function<bool(const std::string& label)>& is_claimed);

    /// -1 when there is none.
    int find(const std::string& label) const;
    void add(const std::string& label, platform::FileDescriptor descriptor);
    /// Closed here and at the keeper; children may have copies.
    void close(const std::string& label);

    /// Those whose label begins with it.
    std::vector<std::string> labels(std::string_view prefix) const;

private:
    struct Entry {
        std::uint64_t token = 0;
        platform::FileDescriptor descriptor;
    };

    Keeper keeper_;
    std::uint64_t last_token_ = 0;
    std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace devstack::daemon
