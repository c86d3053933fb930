#include "diagnosis/scram.hpp"

#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace devstack::diagnosis {

namespace {

constexpr std::size_t digest_size = 32;
using Digest = std::array<unsigned char, digest_size>;

const unsigned char* bytes_of(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string encode(const unsigned char* data, std::size_t size) {
    std::string text(4 * ((size + 2) / 3) + 1, '\0');
    const int length = ::EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(text.data()), data, static_cast<int>(size));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<std::string> decode(const std::string& text) {
    std::string bytes(text.size() / 4 * 3 + 3, '\0');
    const int length = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                         bytes_of(text),
                                         static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
        ++padding;
    bytes.resize(static_cast<std::size_t>(length) - padding);
    return bytes;
}

Digest sign(const Digest& key, const std::string& text) {
    Digest result{};
    ::HMAC(::EVP_sha256(),
           key.data(),
           digest_size,
           bytes_of(text),
           text.size(),
           result.data(),
           nullptr);
    return result;
}

/// The value behind "r=", "s=" or "i=".
std::string attribute(const std::string& message, char name) {
    const std::string mark = std::string{name} + "=";
    std::size_t at = 0;
    while (at < message.size()) {
        const std::size_t end = std::min(message.find(',', at), message.size());
        if (message.compare(at, 2, mark) == 0) return message.substr(at + 2, end - at - 2);
        at = end + 1;
    }
    return "";
}

std::string random_nonce() {
    std::array<unsigned char, 18> bytes{};
    ::RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
    return encode(bytes.data(), bytes.size());
}

std::string md5_hex(const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    ::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_md5(), nullptr);
    constexpr const char* digits = "0123456789abcdef";
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
        hex += digits[digest[i] >> 4U];
        hex += digits[digest[i] & 0xFU];
    }
    return hex;
}

}  // namespace

Scram::Scram(std::string password) : Scram{std::move(password), "", random_nonce()} {}

Scram::Scram(std::string password, std::string user, std::string nonce)
    : password_{std::move(password)}, user_{std::move(user)}, nonce_{std::move(nonce)} {}

// PostgreSQL takes the name from its own start-up message.
std::string Scram::first_bare() const {
    return "n=" + user_ + ",r=" + nonce_;
}

std::string Scram::first_message() const {
    return "n,," + first_bare();
}

std::optional<std::string> Scram::last_message(const std::string& server_first) const {
    const std::string nonce = attribute(server_first, 'r');
    const auto salt = decode(attribute(server_first, 's'));
    const std::string count = attribute(server_first, 'i');
    int iterations = 0;
    std::from_chars(count.data(), count.data() + count.size(), iterations);
    constexpr int iterations_max = 100'000;
    if (!nonce.starts_with(nonce_) || !salt || iterations < 1 || iterations > iterations_max) {
        return std::nullopt;
    }
    Digest salted{};
    ::PKCS5_PBKDF2_HMAC(password_.data(),
                        static_cast<int>(password_.size()),
                        bytes_of(*salt),
                        static_cast<int>(salt->size()),
                        iterations,
                        ::EVP_sha256(),
                        digest_size,
                        salted.data());
    const Digest client_key = sign(salted, "Client Key");
    Digest stored{};
    ::EVP_Digest(client_key.data(), digest_size, stored.data(), nullptr, ::EVP_sha256(), nullptr);
    const std::string without_proof = "c=biws,r=" + nonce;
    Digest proof = sign(stored, first_bare() + "," + server_first + "," + without_proof);
    for (std::size_t i = 0; i < digest_size; ++i)
        proof.at(i) ^= client_key.at(i);
    return without_proof + ",p=" + encode(proof.data(), digest_size);
}

std::string md5_password(const std::string& user,
                         const std::string& password,
                         const std::string& salt) {
    return "md5" + md5_hex(md5_hex(password + user) + salt);
}

}  // namespace devstack::diagnosis
