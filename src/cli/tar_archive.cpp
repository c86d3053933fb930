#include "cli/tar_archive.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

namespace devstack::cli {

namespace {

constexpr std::size_t block_size = 512;

/// The fields of a header, at their places in the block (pax(1), "ustar Interchange Format").
class Header {
public:
    void text(std::size_t at, std::size_t size, const std::string& content) {
        std::memcpy(bytes_.data() + at, content.data(), std::min(size, content.size()));
    }
    void number(std::size_t at, std::size_t size, std::uint64_t value) {
        std::array<char, 32> digits{};
        const int length = std::snprintf(digits.data(),
                                         digits.size(),
                                         "%0*llo",
                                         static_cast<int>(size - 1),
                                         static_cast<unsigned long long>(value));
        text(at, size, std::string(digits.data(), static_cast<std::size_t>(length)));
    }
    std::string finish() {
        constexpr std::size_t sum_at = 148;
        constexpr std::size_t sum_size = 8;
        std::fill_n(bytes_.begin() + sum_at, sum_size, ' ');
        std::uint64_t sum = 0;
        for (const char byte : bytes_)
            sum += static_cast<unsigned char>(byte);
        number(sum_at, sum_size - 1, sum);
        bytes_[sum_at + sum_size - 2] = '\0';
        return {bytes_.begin(), bytes_.end()};
    }

private:
    std::array<char, block_size> bytes_{};
};

}  // namespace

void TarArchive::add(const std::string& name, const std::string& content) {
    constexpr std::size_t name_max = 100;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time_.time_since_epoch());
    Header header;
    header.text(0, name_max, name.size() > name_max ? name.substr(name.size() - name_max) : name);
    header.number(100, 8, 0600);
    header.number(108, 8, 0);
    header.number(116, 8, 0);
    header.number(124, 12, content.size());
    header.number(136, 12, static_cast<std::uint64_t>(seconds.count()));
    header.text(156, 1, "0");
    header.text(257, 6, std::string{"ustar\0", 6});
    header.text(263, 2, "00");
    bytes_ += header.finish() + content;
    bytes_.append((block_size - content.size() % block_size) % block_size, '\0');
}

std::string TarArchive::take() {
    bytes_.append(2 * block_size, '\0');
    return std::move(bytes_);
}

}  // namespace devstack::cli
