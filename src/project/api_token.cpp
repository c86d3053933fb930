#include "devstack/project/api_token.hpp"

#include "devstack/platform/random_text.hpp"

#include "text_file.hpp"

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
    Result<std::string> token = platform::random_hex_text(random_bytes);
    if (!token) return token;
    if (const Status written = replace_text_file(path, *token); !written) return written.error();
    return token;
}

Status keep_api_token(const std::string& state_dir, const std::string& token) {
    return replace_text_file(api_token_file(state_dir), token);
}

}  // namespace devstack::project
