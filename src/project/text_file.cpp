#include "text_file.hpp"

#include "devstack/base/text.hpp"
#include "devstack/platform/file_descriptor.hpp"
#include "devstack/platform/write_all.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace devstack::project {

namespace {

Error system_error(int number) {
    if (number == ENOENT || number == ENOTDIR) return {Error::Kind::not_found, "no such file"};
    if (number == EACCES) return {Error::Kind::not_permitted, "permission denied"};
    if (number == EISDIR) return {Error::Kind::invalid, "is a directory"};
    return {Error::Kind::system, std::strerror(number)};
}

}  // namespace

Result<std::string> load_text_file(const std::string& path, std::size_t size_max) {
    // Not to wait for a writer, should it be a FIFO.
    const platform::FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!file.is_open()) return system_error(errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return system_error(errno);
    if (S_ISDIR(status.st_mode)) return system_error(EISDIR);
    if (!S_ISREG(status.st_mode)) return Error{Error::Kind::invalid, "is not a regular file"};
    std::string text;
    std::array<char, 64 * 1024> buffer{};
    while (text.size() <= size_max) {
        const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_error(errno);
        if (count == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return Error{Error::Kind::invalid, "is larger than " + render_bytes(size_max)};
}

Status replace_text_file(const std::string& path, const std::string& text) {
    // A name of its own: two that share one would rename each other's file away.
    std::string next = path + ".new.XXXXXX";
    const platform::FileDescriptor file{::mkostemp(next.data(), O_CLOEXEC)};
    const auto fail = [&] {
        Error error = with_context("cannot write " + path, system_error(errno));
        if (file.is_open()) ::unlink(next.c_str());
        return error;
    };
    if (!file.is_open() || !platform::write_all(file.get(), text)) return fail();
    if (::rename(next.c_str(), path.c_str()) != 0) return fail();
    return ok();
}

}  // namespace devstack::project
