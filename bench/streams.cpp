// Streams of log lines under load: one child writes 100,000 lines a second, ten clients follow it
// by server-sent events, one of them never reads. After a third of the time the daemon is killed,
// three times. Every healthy client must have every line once and in order.
//
//     streams_bench DEVSTACK [SECONDS [LINES_A_SECOND]]
//
// The baseline is a relay that reads the same child's pipe and writes what it got to ten sockets:
// no file, no cursor, no JSON.

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int client_count = 10;
constexpr std::string_view text_key = "\"text\":\"";

std::int64_t now_ns() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count <= 0) std::_Exit(0);
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

/// "NUMBER NANOSECONDS xxx…", 100 bytes each, what is due every millisecond.
[[noreturn]] void write_lines(long lines_a_second, long count) {
    const std::int64_t begin = now_ns();
    long written = 0;
    while (written < count) {
        const long due =
            std::min(count, static_cast<long>((now_ns() - begin) * lines_a_second / 1'000'000'000));
        std::string block;
        const std::string stamp = " " + std::to_string(now_ns()) + " ";
        for (; written < due; ++written) {
            std::string line = std::to_string(written) + stamp;
            line.resize(99, 'x');
            block += line + "\n";
        }
        write_all(STDOUT_FILENO, block);
        ::usleep(1000);
    }
    ::pause();
    std::_Exit(0);
}

/// What one client has got: lines by number, and how late each was.
struct Reader {
    int fd = -1;
    std::string received;
    std::string id;
    long expected = 0;
    long wrong = 0;
    std::vector<std::uint32_t> late_us;
    bool counts_time = true;

    void line(std::string_view text) {
        const long number = std::strtol(text.data(), nullptr, 10);
        if (number != expected) ++wrong;
        expected = number + 1;
        if (!counts_time) return;
        const std::int64_t at = std::strtoll(text.data() + text.find(' ') + 1, nullptr, 10);
        late_us.push_back(static_cast<std::uint32_t>((now_ns() - at) / 1000));
    }

    /// Lines as they are.
    void take_plain() {
        std::size_t begin = 0;
        for (std::size_t end; (end = received.find('\n', begin)) != std::string::npos;) {
            line(std::string_view{received}.substr(begin, end - begin));
            begin = end + 1;
        }
        received.erase(0, begin);
    }

    /// Whole chunks: devstack sends whole messages in each.
    void take_stream() {
        std::size_t begin = 0;
        if (received.starts_with("HTTP/")) {
            const std::size_t end = received.find("\r\n\r\n");
            if (end == std::string::npos) return;
            begin = end + 4;
        }
        for (std::size_t end; (end = received.find("\r\n", begin)) != std::string::npos;) {
            const std::size_t size = std::strtoul(received.data() + begin, nullptr, 16);
            if (received.size() < end + 2 + size + 2) break;
            take_message(std::string_view{received}.substr(end + 2, size));
            begin = end + 2 + size + 2;
        }
        received.erase(0, begin);
    }

    void take_message(std::string_view text) {
        const std::size_t named = text.find("\nid: ");
        const std::size_t at = text.starts_with("id: ") ? 4 : named + 5;
        if (text.starts_with("id: ") || named != std::string_view::npos) {
            id = text.substr(at, text.find('\n', at) - at);
        }
        for (std::size_t found = 0;
             (found = text.find(text_key, found)) != std::string_view::npos;) {
            found += text_key.size();
            line(text.substr(found));
        }
    }
};

/// False when the other side is gone.
bool receive(Reader& reader) {
    static std::array<char, 1 << 18> buffer;
    const ssize_t count = ::recv(reader.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) reader.received.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0 || (count < 0 && errno == EAGAIN);
}

int connect_to(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
}

void open_stream(Reader& reader, const std::string& socket_path) {
    while ((reader.fd = connect_to(socket_path)) < 0)
        ::usleep(1000);
    std::string request =
        "GET /v1/logs?service=writer HTTP/1.1\r\nHost: devstack\r\n"
        "Accept: text/event-stream\r\n";
    if (!reader.id.empty()) request += "Last-Event-ID: " + reader.id + "\r\n";
    write_all(reader.fd, request + "\r\n");
    reader.received.clear();
}

double percentile(std::vector<std::uint32_t> values, double part) {
    if (values.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(static_cast<double>(values.size() - 1) * part);
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)] / 1000.0;
}

void report(const char* name, const std::vector<Reader>& readers) {
    std::vector<std::uint32_t> all;
    long wrong = 0;
    long least = readers.front().expected;
    for (const Reader& reader : readers) {
        all.insert(all.end(), reader.late_us.begin(), reader.late_us.end());
        wrong += reader.wrong;
        least = std::min(least, reader.expected);
    }
    std::printf(
        "%-9s lines from write to client: p50 %.2f ms, p99 %.2f ms; each client has the "
        "first %ld lines, %ld lost or repeated\n",
        name,
        percentile(all, 0.5),
        percentile(all, 0.99),
        least,
        wrong);
}

long number_after(const std::string& path, const std::string& word) {
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(word)) return std::strtol(line.c_str() + word.size(), nullptr, 10);
    }
    return 0;
}

/// The relay and its clients, the last of which reads too: a relay that waits would stop them all.
void measure_relay(const char* self, long rate, long count) {
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) std::abort();
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(pipe[1], 1);
        ::execl(self,
                self,
                "write",
                std::to_string(rate).c_str(),
                std::to_string(count).c_str(),
                nullptr);
        std::_Exit(127);
    }
    ::close(pipe[1]);
    std::vector<Reader> readers(client_count - 1);
    std::vector<int> ends;
    for (Reader& reader : readers) {
        int pair[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) std::abort();
        reader.fd = pair[0];
        ends.push_back(pair[1]);
    }
    const pid_t relay = ::fork();
    if (relay == 0) {
        static std::array<char, 1 << 16> buffer;
        for (ssize_t size; (size = ::read(pipe[0], buffer.data(), buffer.size())) > 0;) {
            for (const int end : ends)
                write_all(end, {buffer.data(), static_cast<std::size_t>(size)});
        }
        std::_Exit(0);
    }
    while (std::ranges::any_of(readers, [&](const Reader& it) { return it.expected < count; })) {
        std::vector<pollfd> entries;
        for (const Reader& reader : readers)
            entries.push_back({reader.fd, POLLIN, 0});
        ::poll(entries.data(), entries.size(), 1000);
        for (Reader& reader : readers) {
            receive(reader);
            reader.take_plain();
        }
    }
    ::kill(child, SIGKILL);
    ::kill(relay, SIGKILL);
    while (::wait(nullptr) > 0) {
    }
    report("relay", readers);
}

std::string output_of(const std::string& command) {
    std::string output;
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> buffer;
    while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr)
        output += buffer.data();
    ::pclose(pipe);
    return output;
}

int daemon_pid(const std::string& devstack) {
    const std::string state = output_of(devstack + " status --json 2>/dev/null");
    const std::size_t at = state.find("\"daemon_pid\":");
    return at == std::string::npos ? 0 : std::atoi(state.c_str() + at + 13);
}

void measure_devstack(const char* self, const std::string& devstack, long rate, long count) {
    std::string directory = "/tmp/dsstreamsXXXXXX";
    if (::mkdtemp(directory.data()) == nullptr || ::chdir(directory.c_str()) != 0) std::abort();
    std::ofstream{"devstack.toml"} << "[service.writer]\ncommand = [\"" << self
                                   << "\", \"write\", \"" << rate << "\", \"" << count << "\"]\n";
    output_of(devstack + " up -d 2>&1");
    const std::string socket_path = directory + "/.devstack/run/control.sock";
    std::vector<Reader> readers(client_count);
    for (Reader& reader : readers)
        open_stream(reader, socket_path);
    Reader stalled = std::move(readers.back());  // Holds its connection, and reads nothing.
    readers.pop_back();
    long kills = 0;
    long pss_max = 0;
    int daemon = daemon_pid(devstack);
    std::int64_t look_again = 0;
    while (std::ranges::any_of(readers, [&](const Reader& it) { return it.expected < count; })) {
        std::vector<pollfd> entries;
        for (const Reader& reader : readers)
            entries.push_back({reader.fd, POLLIN, 0});
        ::poll(entries.data(), entries.size(), 1000);
        for (Reader& reader : readers) {
            const bool is_open = receive(reader);
            reader.take_stream();
            if (is_open) continue;
            ::close(reader.fd);
            open_stream(reader, socket_path);
        }
        if (now_ns() > look_again) {
            const std::string memory = "/proc/" + std::to_string(daemon) + "/smaps_rollup";
            pss_max = std::max(pss_max, number_after(memory, "Pss:"));
            look_again = now_ns() + 200'000'000;
        }
        if (kills < 3 && readers.front().expected > count * (2 + kills) / 6) {
            for (Reader& reader : readers)
                reader.counts_time = false;
            ::kill(daemon, SIGKILL);
            const int before = daemon;
            while ((daemon = daemon_pid(devstack)) == 0 || daemon == before)
                ::usleep(1000);
            ++kills;
        }
    }
    report("devstack", readers);
    std::printf("          daemon: PSS at most %.1f MiB, killed %ld times\n",
                static_cast<double>(pss_max) / 1024.0,
                kills);
    output_of(devstack + " down 2>&1");
    output_of("rm -rf " + directory);
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 3 && std::string_view{arguments[1]} == "write") {
        write_lines(std::atol(arguments[2]), std::atol(arguments[3]));
    }
    if (count < 2) {
        std::fprintf(stderr, "streams_bench DEVSTACK [SECONDS [LINES_A_SECOND]]\n");
        return 2;
    }
    ::signal(SIGPIPE, SIG_IGN);
    std::array<char, 4096> self{};
    if (::readlink("/proc/self/exe", self.data(), self.size() - 1) <= 0) return 1;
    const long seconds = count > 2 ? std::atol(arguments[2]) : 12;
    const long rate = count > 3 ? std::atol(arguments[3]) : 100'000;
    measure_relay(self.data(), rate, rate * seconds);
    measure_devstack(self.data(), arguments[1], rate, rate * seconds);
    return 0;
}
