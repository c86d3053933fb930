#include "daemon/held_descriptors.hpp"

#include <algorithm>
#include <utility>

namespace devstack::daemon {

void HeldDescriptors::adopt(std::vector<KeeperHeld> found,
                            const std::function<bool(const std::string&)>& is_claimed) {
    for (KeeperHeld& held : found) {
        last_token_ = std::max(last_token_, held.token);
        if (is_claimed(held.label) && !entries_.contains(held.label)) {
            entries_[held.label] = Entry{held.token, std::move(held.descriptor)};
        } else {
            keeper_.release(held.token);
        }
    }
}

int HeldDescriptors::find(const std::string& label) const {
    const auto found = entries_.find(label);
    return found == entries_.end() ? -1 : found->second.descriptor.get();
}

void HeldDescriptors::add(const std::string& label, platform::FileDescriptor descriptor) {
    close(label);
    const std::uint64_t token = ++last_token_;
    keeper_.hold(token, label, descriptor.get());
    entries_[label] = Entry{token, std::move(descriptor)};
}

void HeldDescriptors::close(const std::string& label) {
    const auto found = entries_.find(label);
    if (found == entries_.end()) return;
    keeper_.release(found->second.token);
    entries_.erase(found);
}

std::vector<std::string> HeldDescriptors::labels(std::string_view prefix) const {
    std::vector<std::string> found;
    for (auto it = entries_.lower_bound(prefix);
         it != entries_.end() && it->first.starts_with(prefix);
         ++it) {
        found.push_back(it->first);
    }
    return found;
}

}  // namespace devstack::daemon
