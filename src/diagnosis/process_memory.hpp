#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace devstack::diagnosis {

/// All of it or nothing. Another process is read as it runs, see process_vm_readv(2): what one
/// finds there may be in the middle of a change, and needs the rights of ptrace(2).
bool read_memory(int pid, std::uint64_t address, void* to, std::size_t size);

template <typename T>
std::optional<T> read_value(int pid, std::uint64_t address) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (!read_memory(pid, address, &value, sizeof value)) return std::nullopt;
    return value;
}

/// Up to a zero or the end of the page, as a path is that a process hands to the kernel; empty when
/// it can not be read.
std::string read_text(int pid, std::uint64_t address);

/// Where a file begins that a process has mapped, by its path as the kernel tells it; 0: nowhere.
std::uint64_t find_load_address(int pid, const std::string& path);

/// What a file exports that a process has mapped: addresses in that process.
struct Exported {
    std::string file;                      ///< Its name, without directories.
    std::vector<std::uint64_t> addresses;  ///< As the symbols were asked for; 0: there is none.
};

/// Of the first mapped file whose name begins with `file_name` ("libpython3.", "node") and that has
/// the first of the symbols; empty when there is none.
std::optional<Exported> find_exported(int pid,
                                      const std::string& file_name,
                                      const std::vector<std::string_view>& symbols);

}  // namespace devstack::diagnosis
