#include "devstack/platform/random_text.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/random.h>

namespace devstack::platform {

Result<std::string> random_hex_text(std::size_t bytes) {
    std::array<unsigned char, 256> random{};
    if (::getrandom(random.data(), bytes, 0) != static_cast<ssize_t>(bytes)) {
        return Error{Error::Kind::system,
                     std::string{"cannot make a token: "} + std::strerror(errno)};
    }
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) {
        text += "0123456789abcdef"[random[i] >> 4];
        text += "0123456789abcdef"[random[i] & 15];
    }
    return text;
}

}  // namespace devstack::platform
