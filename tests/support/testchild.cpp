// One program that does what processes do, by the words of its command line. Several actions in a
// row are separated by `then`; after the last one it exits with 0.
//
//   exit N                          ends with exit code N
//   print TEXT, print-err TEXT      one line on standard output, or standard error
//   print-after MS TEXT             the same after a while
//   lines N PREFIX INTERVAL_US      "PREFIX 1" to "PREFIX N", one write each, with pauses between
//   flood BYTES [LINELEN]           that many bytes of "x" as fast as it goes, in lines of LINELEN
//                                   (100) with their end
//   env NAME, cwd                   prints a variable of the environment ("unset"), the directory
//   become-root                     tries to become root in three ways; prints how each went
//   wait                            until a signal ends it
//   ignore-term                     SIGTERM is ignored from here on; waits if it is the last action
//   on-term MS CODE                 SIGTERM ends it with exit code CODE, MS later; waits like above
//   stop-self                       SIGSTOP
//   crash                           SIGSEGV
//   listen PORT [ADDRESS] [after MS]  a TCP server on ADDRESS (127.0.0.1) that answers whatever it
//                                   is asked by HTTP 200 "ok"; prints "listening", and for port 0
//                                   the port after it. Never ends.
//   listen-http PORT status N       the same with another status
//   hold-pipe                       leaves a child behind, in its own group, that keeps both output
//                                   pipes open until a signal ends it; prints "holding PID"
//   fork-leave                      leaves a grandchild behind that has a session of its own and
//                                   ignores SIGTERM; prints "left PID"
//   daemonize                       goes on as an orphan in a session of its own, and the process
//                                   that was started exits with 0; prints "daemon PID"
//   hydra N                         N processes in sessions of their own that ignore SIGTERM; each
//                                   starts another one for any that is missing, like a fork bomb
//                                   below a limit. Prints "N heads" when all are there. Never ends.

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Words = std::vector<std::string>;

constexpr int exit_usage = 64;

[[noreturn]] void fail(const std::string& message, int code) {
    std::fprintf(stderr, "testchild: %s\n", message.c_str());
    std::exit(code);
}

long number(const std::string& text) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        fail("not a number: " + text, exit_usage);
    }
    return value;
}

void write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t size = ::write(descriptor, text.data(), text.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) std::exit(1);
        text.remove_prefix(static_cast<std::size_t>(size));
    }
}

void print(const std::string& line) {
    write_all(STDOUT_FILENO, line + "\n");
}

void sleep_us(long duration) {
    timespec rest{duration / 1'000'000, duration % 1'000'000 * 1000};
    while (::nanosleep(&rest, &rest) != 0) {
    }
}

[[noreturn]] void wait_for_signal() {
    for (;;)
        ::pause();
}

// ---- Output
// --------------------------------------------------------------------------------------

void print_lines(const Words& words) {
    const long count = number(words.at(1));
    const long interval = number(words.at(3));
    for (long i = 1; i <= count; ++i) {
        print(words.at(2) + " " + std::to_string(i));
        if (interval > 0 && i < count) sleep_us(interval);
    }
}

void flood(const Words& words) {
    auto left = static_cast<std::size_t>(number(words.at(1)));
    const auto line = static_cast<std::size_t>(words.size() > 2 ? number(words[2]) : 100);
    std::string block;
    while (block.size() < 64 * 1024)
        block += std::string(line - 1, 'x') + "\n";
    while (left > 0) {
        const std::size_t size = std::min(left, block.size());
        write_all(STDOUT_FILENO, std::string_view{block}.substr(0, size));
        left -= size;
    }
}

void print_variable(const Words& words) {
    const char* value = std::getenv(words.at(1).c_str());
    print(value == nullptr ? "unset" : value);
}

void print_directory() {
    std::array<char, 4096> path{};
    print(::getcwd(path.data(), path.size()) == nullptr ? "unknown" : path.data());
}

void become_root() {
    const auto tell = [](const std::string& call, int result) {
        print(call + ": " + (result == 0 ? "done" : std::strerror(errno)));
    };
    tell("setresuid", ::setresuid(0, 0, 0));
    tell("setresgid", ::setresgid(0, 0, 0));
    tell("setgroups", ::setgroups(0, nullptr));
}

// ---- Signals
// -------------------------------------------------------------------------------------

volatile long term_delay_us = 0;
volatile int term_code = 0;

void end_later(int) {
    sleep_us(term_delay_us);
    ::_exit(term_code);
}

void prepare_for_term(const Words& words) {
    term_delay_us = number(words.at(1)) * 1000;
    term_code = static_cast<int>(number(words.at(2)));
    std::signal(SIGTERM, end_later);
}

void crash() {
    std::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
}

// ---- Those who stay behind
// -----------------------------------------------------------------------

void hold_pipe() {
    const pid_t child = ::fork();
    if (child == 0) {
        ::setpgid(0, 0);
        wait_for_signal();
    }
    print("holding " + std::to_string(child));
}

/// The grandchild tells its number itself, when all is as promised; the child waits for that.
void fork_leave() {
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0) fail("pipe", 1);
    if (::fork() == 0) {
        if (::fork() != 0) ::_exit(0);
        ::setsid();
        std::signal(SIGTERM, SIG_IGN);
        print("left " + std::to_string(::getpid()));
        ::close(ready[0]);
        ::close(ready[1]);
        wait_for_signal();
    }
    ::close(ready[1]);
    char nothing = 0;
    static_cast<void>(!::read(ready[0], &nothing, 1));
    ::close(ready[0]);
}

void daemonize() {
    if (::fork() != 0) ::_exit(0);
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    print("daemon " + std::to_string(::getpid()));
}

/// A head is alive while its place holds the number of a process that exists. Whoever sees that it
/// does not takes the place, and gives it to a child.
class Hydra {
public:
    explicit Hydra(std::size_t heads) : heads_{heads} {
        void* memory = ::mmap(nullptr,
                              heads * sizeof(std::atomic<pid_t>),
                              PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS,
                              -1,
                              0);
        if (memory == MAP_FAILED) fail("mmap", 1);
        places_ = static_cast<std::atomic<pid_t>*>(memory);
        places_[0] = ::getpid();
        std::signal(SIGTERM, SIG_IGN);
        std::signal(SIGCHLD, SIG_IGN);  // The dead are gone at once.
    }

    [[noreturn]] void live() {
        bool is_told = ::getpid() != places_[0];
        for (;;) {
            std::size_t living = 0;
            for (std::size_t i = 0; i < heads_; ++i)
                living += is_alive(places_[i]) ? 1 : 0;
            if (!is_told && living == heads_) print(std::to_string(heads_) + " heads");
            is_told = is_told || living == heads_;
            sleep_us(20'000);
        }
    }

private:
    static constexpr pid_t being_born = -1;

    static bool is_alive(std::atomic<pid_t>& place) {
        pid_t head = place;
        if (head == being_born || (head > 0 && ::kill(head, 0) == 0)) return true;
        if (!place.compare_exchange_strong(head, being_born)) return true;
        const pid_t child = ::fork();
        if (child == 0) {
            ::setsid();
            place = ::getpid();
        } else if (child < 0) {
            place = 0;
        }
        return child == 0;
    }

    std::size_t heads_;
    std::atomic<pid_t>* places_ = nullptr;
};

// ---- Server
// --------------------------------------------------------------------------------------

int open_listener(const std::string& address, long port) {
    const bool is_ipv6 = address.find(':') != std::string::npos;
    const int socket = ::socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_storage where{};
    socklen_t size = 0;
    if (is_ipv6) {
        ::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(static_cast<std::uint16_t>(port));
        ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr);
        std::memcpy(&where, &v6, size = sizeof v6);
    } else {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(static_cast<std::uint16_t>(port));
        ::inet_pton(AF_INET, address.c_str(), &v4.sin_addr);
        std::memcpy(&where, &v4, size = sizeof v4);
    }
    const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&where));
    if (::bind(socket, any, size) != 0 || ::listen(socket, 128) != 0) {
        fail("cannot listen on " + address + " port " + std::to_string(port) + ": " +
                 std::strerror(errno),
             1);
    }
    return socket;
}

long port_of(int socket) {
    sockaddr_storage where{};
    socklen_t size = sizeof where;
    ::getsockname(socket, static_cast<sockaddr*>(static_cast<void*>(&where)), &size);
    sockaddr_in v4{};  // The port is at the same place in both families.
    std::memcpy(&v4, &where, sizeof v4);
    return ntohs(v4.sin_port);
}

struct Client {
    int socket = -1;
    std::string request;
};

/// False when it is done with.
bool serve_client(Client& client, const std::string& answer) {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::read(client.socket, buffer.data(), buffer.size());
    if (size <= 0) return false;
    client.request.append(buffer.data(), static_cast<std::size_t>(size));
    if (client.request.find("\r\n\r\n") == std::string::npos) return true;
    ::send(client.socket, answer.data(), answer.size(), MSG_NOSIGNAL);
    return false;
}

[[noreturn]] void serve(int listener, long status) {
    const std::string answer = "HTTP/1.1 " + std::to_string(status) +
                               " Status\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
                               "Connection: close\r\n\r\nok";
    std::vector<Client> clients;
    for (;;) {
        std::vector<pollfd> polled{{listener, POLLIN, 0}};
        for (const Client& client : clients)
            polled.push_back({client.socket, POLLIN, 0});
        if (::poll(polled.data(), polled.size(), -1) < 0) continue;
        std::vector<Client> staying;
        for (std::size_t i = 0; i < clients.size(); ++i) {
            if (polled[i + 1].revents == 0 || serve_client(clients[i], answer)) {
                staying.push_back(clients[i]);
            } else {
                ::close(clients[i].socket);
            }
        }
        clients = staying;
        if (polled[0].revents == 0) continue;
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (client >= 0) clients.push_back({client, {}});
    }
}

[[noreturn]] void listen_as_told(const Words& words) {
    const long port = number(words.at(1));
    std::string address = "127.0.0.1";
    long status = 200;
    for (std::size_t i = 2; i < words.size(); ++i) {
        if (words[i] == "after") {
            sleep_us(number(words.at(++i)) * 1000);
        } else if (words[i] == "status") {
            status = number(words.at(++i));
        } else {
            address = words[i];
        }
    }
    const int listener = open_listener(address, port);
    print(port == 0 ? "listening " + std::to_string(port_of(listener)) : "listening");
    serve(listener, status);
}

// ---- The command line
// ----------------------------------------------------------------------------

struct Action {
    std::string_view name;
    std::size_t arguments;  ///< At least.
    void (*run)(const Words& words);
};

const std::array actions = {
    Action{"exit", 1, [](const Words& w) { std::exit(static_cast<int>(number(w[1]))); }},
    Action{"print", 1, [](const Words& w) { print(w[1]); }},
    Action{"print-err", 1, [](const Words& w) { write_all(STDERR_FILENO, w[1] + "\n"); }},
    Action{"print-after",
           2,
           [](const Words& w) {
               sleep_us(number(w[1]) * 1000);
               print(w[2]);
           }},
    Action{"lines", 3, print_lines},
    Action{"flood", 1, flood},
    Action{"env", 1, print_variable},
    Action{"cwd", 0, [](const Words&) { print_directory(); }},
    Action{"become-root", 0, [](const Words&) { become_root(); }},
    Action{"wait", 0, [](const Words&) { wait_for_signal(); }},
    Action{"ignore-term", 0, [](const Words&) { std::signal(SIGTERM, SIG_IGN); }},
    Action{"on-term", 2, prepare_for_term},
    Action{"stop-self", 0, [](const Words&) { ::raise(SIGSTOP); }},
    Action{"crash", 0, [](const Words&) { crash(); }},
    Action{"listen", 1, [](const Words& w) { listen_as_told(w); }},
    Action{"listen-http", 1, [](const Words& w) { listen_as_told(w); }},
    Action{"hold-pipe", 0, [](const Words&) { hold_pipe(); }},
    Action{"fork-leave", 0, [](const Words&) { fork_leave(); }},
    Action{
        "hydra", 1, [](const Words& w) { Hydra{static_cast<std::size_t>(number(w[1]))}.live(); }},
    Action{"daemonize", 0, [](const Words&) { daemonize(); }},
};

void run(const Words& words) {
    for (const Action& action : actions) {
        if (words.empty() || action.name != words.front()) continue;
        if (words.size() <= action.arguments) {
            fail("too few words after " + words.front(), exit_usage);
        }
        return action.run(words);
    }
    fail("no such action: " + (words.empty() ? "nothing" : words.front()), exit_usage);
}

bool waits_at_the_end(const std::string& action) {
    return action == "ignore-term" || action == "on-term";
}

}  // namespace

int main(int argc, char** argv) {
    Words words;
    for (int i = 1; i <= argc; ++i) {
        const bool is_end = i == argc;
        if (!is_end && std::strcmp(argv[i], "then") != 0) {
            words.emplace_back(argv[i]);
            continue;
        }
        run(words);
        if (is_end && waits_at_the_end(words.front())) wait_for_signal();
        words.clear();
    }
    return 0;
}
