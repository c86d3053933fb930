#pragma once

#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/procfs.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devstack::platform {

/// An open proc(5) directory. Every question about a process may find that it has just vanished or
/// is not ours to see: then the answer is empty, never an error.
class ProcDirectory {
public:
    explicit ProcDirectory(const Procfs& procfs);

    /// Pids of all processes that have an entry.
    std::vector<int> pids() const;

    /// Reads into a buffer of this object: the view lives until the next call. Empty optional when
    /// the file can not be read; a longer file is cut.
    std::optional<std::string_view> read_short(const char* path);
    /// The file "PID/name", as above.
    std::optional<std::string_view> read_short(int pid, const char* name);

    /// The whole file, up to 8 MiB.
    std::optional<std::string> read_all(const char* path) const;
    std::optional<std::string> read_all(int pid, const char* name) const;

    /// Where the symbolic link "PID/name" points; empty when it can not be seen.
    std::string read_link(int pid, const char* name) const;

    /// Opens "PID/name" as a directory; closed when it can not be.
    FileDescriptor open_directory(int pid, const char* name) const;

private:
    FileDescriptor root_;
    std::array<char, 4096> buffer_;
};

/// The numbers among the names in a directory: pids of /proc, descriptors of /proc/PID/fd.
/// Takes over the descriptor.
std::vector<int> collect_numeric_names(FileDescriptor directory);

/// Reads a decimal number at the front of `text` and drops it, with the blanks before it. Empty
/// when there is none.
std::optional<unsigned long long> take_number(std::string_view& text);

/// Real, effective, saved and file system user of a process, see credentials(7); empty when it has
/// gone.
std::vector<unsigned> user_ids(ProcDirectory& proc, int pid);
std::optional<unsigned> effective_user(ProcDirectory& proc, int pid);

}  // namespace devstack::platform
