// A bank that hangs: `bankchild PORT deadlock|spin|held`. Answers its first requests by HTTP 200;
// then two tellers take each other's lock ("deadlock"), its server turns in a circle ("spin"), or
// somebody keeps the lock that the server needs ("held").

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <latch>
#include <mutex>
#include <string>
#include <thread>

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr int good_answers = 4;

std::mutex savings;
std::mutex checking;
std::latch have_first{2};
std::latch is_held{1};

void transfer(std::mutex& from, std::mutex& to, const char* name) {
    pthread_setname_np(pthread_self(), name);
    const std::scoped_lock first{from};
    have_first.arrive_and_wait();
    const std::scoped_lock second{to};
}

void audit() {
    pthread_setname_np(pthread_self(), "auditor");
    const std::scoped_lock lock{savings};
    is_held.count_down();
    int pipe_ends[2];
    char byte = 0;
    if (::pipe(pipe_ends) == 0) (void)!::read(pipe_ends[0], &byte, 1);
}

void count_for_ever() {
    volatile std::uint64_t number = 0;
    while (true)
        number = number + 1;
}

void begin_trouble(const std::string& kind) {
    if (kind == "deadlock") {
        std::thread{[] { transfer(savings, checking, "teller-1"); }}.detach();
        std::thread{[] { transfer(checking, savings, "teller-2"); }}.detach();
        have_first.wait();
    } else if (kind == "held") {
        std::thread{audit}.detach();
        is_held.wait();
    } else {
        count_for_ever();
    }
}

void answer(int client) {
    const std::scoped_lock lock{savings};
    char request[1024];
    (void)!::read(client, request, sizeof request);
    const char* const text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    (void)!::write(client, text, std::strlen(text));
    ::close(client);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bind(2) wants it so.
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
    ::listen(listener, 16);
    for (int number = 1;; ++number) {
        const int client = ::accept(listener, nullptr, nullptr);
        if (number == good_answers) begin_trouble(argv[2]);
        if (client >= 0) answer(client);
    }
}
