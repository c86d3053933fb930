#include "devstack/platform/file_descriptor.hpp"

#include "diagnosis/collectors.hpp"

#include <array>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace devstack::diagnosis {

std::string read_small(const std::string& path, std::size_t size_max) {
    // Neither a FIFO nor a device may hold us up.
    const platform::FileDescriptor file{
        ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    struct stat status {};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return "";
    std::string text;
    std::array<char, 16 * 1024> buffer{};
    while (text.size() < size_max) {
        const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
        if (size <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return text.substr(0, size_max);
}

bool is_there(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

}  // namespace devstack::diagnosis
