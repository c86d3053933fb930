#include "proc_file.hpp"

#include <algorithm>
#include <unordered_set>

#include <unistd.h>

namespace devstack::platform {

namespace {

/// The inode of a descriptor that is a socket, by its link "socket:[1234]".
std::optional<std::uint64_t> socket_inode(int directory, int descriptor) {
    static constexpr std::string_view prefix = "socket:[";
    std::array<char, 64> target;
    const ssize_t size =
        ::readlinkat(directory, std::to_string(descriptor).c_str(), target.data(), target.size());
    if (size <= 0) return std::nullopt;
    std::string_view text{target.data(), static_cast<std::size_t>(size)};
    if (!text.starts_with(prefix)) return std::nullopt;
    text.remove_prefix(prefix.size());
    return take_number(text);
}

/// The directory is opened twice: reading it hands its descriptor over.
void append_owned(const ProcDirectory& proc,
                  int pid,
                  const std::unordered_set<std::uint64_t>& wanted,
                  std::vector<SocketOwner>& owners) {
    const FileDescriptor directory = proc.open_directory(pid, "fd");
    if (!directory.is_open()) return;
    const std::size_t first = owners.size();
    for (const int descriptor : collect_numeric_names(proc.open_directory(pid, "fd"))) {
        const auto inode = socket_inode(directory.get(), descriptor);
        if (!inode || !wanted.contains(*inode)) continue;
        const bool is_known =
            std::any_of(owners.begin() + static_cast<std::ptrdiff_t>(first),
                        owners.end(),
                        [&](const SocketOwner& owner) { return owner.inode == *inode; });
        if (!is_known) owners.push_back({*inode, pid});
    }
}

bool acts_as(ProcDirectory& proc, int pid, unsigned user_id) {
    const auto ids = user_ids(proc, pid);
    return std::ranges::find(ids, user_id) != ids.end();
}

}  // namespace

std::vector<SocketOwner> find_socket_owners(const Procfs& procfs,
                                            const std::vector<std::uint64_t>& inodes,
                                            const std::vector<int>& pids) {
    std::vector<SocketOwner> owners;
    if (inodes.empty()) return owners;
    const std::unordered_set<std::uint64_t> wanted{inodes.begin(), inodes.end()};
    const ProcDirectory proc{procfs};
    for (const int pid : pids.empty() ? proc.pids() : pids)
        append_owned(proc, pid, wanted, owners);
    return owners;
}

bool can_see_descriptors_of(const Procfs& procfs, unsigned user_id) {
    ProcDirectory proc{procfs};
    const auto is_hidden = [&](int pid) {
        return !proc.open_directory(pid, "fd").is_open() && acts_as(proc, pid, user_id);
    };
    return std::ranges::none_of(proc.pids(), is_hidden);
}

}  // namespace devstack::platform
