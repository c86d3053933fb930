#include "devstack/project/api_token.hpp"

#include "text_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/random.h>

namespace devstack::project {

namespace {

constexpr std::size_t random_bytes = 32;
constexpr std::size_t token_size = 2 * random_bytes;

bool is_token(const std::string& text) {
    return text.size() == token_size &&
           text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string api_token_file(const std::string& state_dir) {
    return state_dir + "/api-token";
}

Result<std::string> ensure_api_token(const std::string& state_dir) {
    const std::string path = api_token_file(state_dir);
    if (Result<std::string> known = load_text_file(path, token_size)) {
        if (is_token(*known)) return known;
    }
    std::array<unsigned char, random_bytes> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        return Error{Error::Kind::system,
                     std::string{"cannot make a token: "} + std::strerror(errno)};
    }
    std::string token;
    for (const unsigned char byte : random) {
        token += "0123456789abcdef"[byte >> 4];
        token += "0123456789abcdef"[byte & 15];
    }
    if (const Status written = replace_text_file(path, token); !written) return written.error();
    return token;
}

}  // namespace devstack::project
