// /proc/net/tcp{,6} is one line a socket. The kernel prints the listening sockets first and only
// then all connections, of which a busy host has tens of thousands; each costs time to print. So
// the file is read in small pieces, and reading ends at the first line that does not listen.

#include "proc_file.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

namespace devstack::platform {

namespace {

constexpr std::string_view listen_state = "0A";

std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

std::optional<std::uint32_t> parse_hex(std::string_view digits) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value, 16);
    if (error != std::errc{} || end != digits.end()) return std::nullopt;
    return value;
}

/// The address is printed as 32-bit words in the byte order of this machine, so that copying each
/// parsed word into memory gives the bytes as they were on the wire.
std::optional<std::string> parse_address(std::string_view digits) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::size_t size = 0;
    for (; size < bytes.size() && digits.size() >= 8; size += 4, digits.remove_prefix(8)) {
        const auto word = parse_hex(digits.substr(0, 8));
        if (!word) return std::nullopt;
        std::memcpy(bytes.data() + size, &*word, sizeof *word);
    }
    const bool is_v4 = size == sizeof(in_addr);
    if (!digits.empty() || (!is_v4 && size != sizeof(in6_addr))) return std::nullopt;

    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size()) ==
        nullptr) {
        return std::nullopt;
    }
    std::string_view address{text.data()};
    static constexpr std::string_view mapped = "::ffff:";
    const bool is_mapped = address.starts_with(mapped) && address.find('.') != address.npos;
    if (is_mapped) address.remove_prefix(mapped.size());
    return std::string{address};
}

struct SocketLine {
    bool is_listening = false;
    std::optional<ListeningSocket> socket;
};

/// "  sl  local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …"
SocketLine parse_line(std::string_view line) {
    SocketLine parsed;
    take_word(line);
    const std::string_view local = take_word(line);
    take_word(line);
    parsed.is_listening = take_word(line) == listen_state;
    const std::size_t colon = local.find(':');
    if (!parsed.is_listening || colon == local.npos) return parsed;
    // Of a listening socket the receive queue counts connections.
    const std::string_view queues = take_word(line);
    const auto waiting = parse_hex(queues.substr(std::min(queues.find(':') + 1, queues.size())));
    for (int skipped = 0; skipped < 2; ++skipped)
        take_word(line);
    const auto user_id = take_number(line);
    const auto timeout = take_number(line);
    const auto inode = take_number(line);
    const auto address = parse_address(local.substr(0, colon));
    const auto port = parse_hex(local.substr(colon + 1));
    if (!user_id || !timeout || !inode || !address || !port) return parsed;
    parsed.socket = ListeningSocket{*address,
                                    Port{static_cast<std::uint16_t>(*port)},
                                    *inode,
                                    static_cast<unsigned>(*user_id),
                                    waiting.value_or(0)};
    return parsed;
}

/// Hands out the lines of a file, read in pieces that are small enough to stop early.
class LineReader {
public:
    explicit LineReader(FileDescriptor file) : file_{std::move(file)} {}

    std::optional<std::string_view> next() {
        for (;;) {
            const std::string_view rest{buffer_.data() + begin_, end_ - begin_};
            const std::size_t size = rest.find('\n');
            if (size != rest.npos) {
                begin_ += size + 1;
                return rest.substr(0, size);
            }
            if (!fill()) return std::nullopt;
        }
    }

private:
    bool fill() {
        if (!file_.is_open()) return false;
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        const ssize_t size = ::read(file_.get(), buffer_.data() + end_, buffer_.size() - end_);
        if (size <= 0) return false;
        end_ += static_cast<std::size_t>(size);
        return true;
    }

    FileDescriptor file_;
    std::array<char, 4096> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

void append_sockets_of(const std::string& path, std::vector<ListeningSocket>& sockets) {
    LineReader lines{FileDescriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC)}};
    if (!lines.next()) return;  // The heading.
    while (const auto line = lines.next()) {
        const SocketLine parsed = parse_line(*line);
        if (!parsed.is_listening) return;
        if (parsed.socket) sockets.push_back(*parsed.socket);
    }
}

}  // namespace

std::vector<ListeningSocket> collect_listening_sockets(const Procfs& procfs) {
    std::vector<ListeningSocket> sockets;
    append_sockets_of(procfs.root + "/net/tcp", sockets);
    append_sockets_of(procfs.root + "/net/tcp6", sockets);
    return sockets;
}

}  // namespace devstack::platform
