#include "devstack/platform/accounts.hpp"

#include <algorithm>
#include <cerrno>

#include <grp.h>
#include <linux/capability.h>
#include <nss.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

constexpr std::size_t buffer_size = std::size_t{16} * 1024;
/// An entry of a group with all its members can be long; beyond this something is wrong.
constexpr std::size_t buffer_size_max = std::size_t{4} * 1024 * 1024;

/// Without the dynamic linker no module of the name service can be had.
void ask_files_only() {
#ifdef DEVSTACK_STATIC
    static const bool is_configured = [] {
        ::__nss_configure_lookup("passwd", "files");
        ::__nss_configure_lookup("group", "files");
        return true;
    }();
    static_cast<void>(is_configured);
#endif
}

/// Asks again with more room as long as there is too little.
template <typename Entry, typename Ask>
bool ask_with_room(Entry& entry, std::vector<char>& buffer, Ask ask) {
    ask_files_only();
    for (std::size_t size = buffer_size; size <= buffer_size_max; size *= 4) {
        buffer.resize(size);
        Entry* found = nullptr;
        const int error = ask(&entry, buffer.data(), size, &found);
        if (error != ERANGE) return error == 0 && found != nullptr;
    }
    return false;
}

std::vector<std::uint32_t> collect_groups(const passwd& entry) {
    std::vector<std::uint32_t> groups(64);
    for (int tries = 0; tries < 3; ++tries) {
        int count = static_cast<int>(groups.size());
        const int result = ::getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count);
        groups.resize(static_cast<std::size_t>(std::max(count, 0)));
        if (result >= 0) break;
    }
    std::erase(groups, entry.pw_gid);
    return groups;
}

UserRecord record_of(const passwd& entry) {
    return {entry.pw_name,
            entry.pw_uid,
            entry.pw_gid,
            entry.pw_dir,
            entry.pw_shell,
            collect_groups(entry)};
}

}  // namespace

std::optional<UserRecord> find_user(const std::string& name) {
    passwd entry{};
    std::vector<char> buffer;
    const bool is_found = ask_with_room(
        entry, buffer, [&](auto... room) { return ::getpwnam_r(name.c_str(), room...); });
    return is_found ? std::optional{record_of(entry)} : std::nullopt;
}

std::optional<UserRecord> find_user(std::uint32_t user) {
    passwd entry{};
    std::vector<char> buffer;
    const bool is_found =
        ask_with_room(entry, buffer, [&](auto... room) { return ::getpwuid_r(user, room...); });
    return is_found ? std::optional{record_of(entry)} : std::nullopt;
}

std::optional<std::uint32_t> find_group(const std::string& name) {
    group entry{};
    std::vector<char> buffer;
    const bool is_found = ask_with_room(
        entry, buffer, [&](auto... room) { return ::getgrnam_r(name.c_str(), room...); });
    return is_found ? std::optional{entry.gr_gid} : std::nullopt;
}

UserRecord own_user() {
    UserRecord self;
    self.user = ::geteuid();
    self.group = ::getegid();
    const auto known = find_user(self.user);
    self.name = known ? known->name : std::to_string(self.user);
    self.home = known ? known->home : "/";
    self.shell = known ? known->shell : "/bin/sh";
    const int count = ::getgroups(0, nullptr);
    self.groups.resize(static_cast<std::size_t>(std::max(count, 0)));
    self.groups.resize(
        static_cast<std::size_t>(std::max(::getgroups(count, self.groups.data()), 0)));
    return self;
}

std::uint64_t own_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct halves[2] = {};
    if (::syscall(SYS_capget, &header, halves) != 0) return 0;
    return std::uint64_t{halves[1].permitted} << 32 | halves[0].permitted;
}

}  // namespace devstack::platform
