#include "devstack/platform/notify_socket.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace devstack;
using namespace devstack::platform;
namespace fs = std::filesystem;

namespace {

class Directory {
public:
    Directory() {
        std::string pattern = (fs::temp_directory_path() / "dsntfXXXXXX").string();
        path = ::mkdtemp(pattern.data());
    }
    ~Directory() { fs::remove_all(path); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    std::string path;
};

/// As sd_notify(3), with a descriptor if it is one.
void say(const std::string& path, const std::string& words, int descriptor = -1) {
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    iovec content{const_cast<char*>(words.data()), words.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_name = &address;
    header.msg_namelen = sizeof address;
    header.msg_iov = &content;
    header.msg_iovlen = 1;
    if (descriptor >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        cmsghdr* rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
    }
    REQUIRE(::sendmsg(socket, &header, 0) == static_cast<ssize_t>(words.size()));
    ::close(socket);
}

}  // namespace

TEST_CASE("what is said comes with its sender, in order", "[unit][platform]") {
    const Directory directory;
    const std::string path = directory.path + "/api";
    const auto socket = bind_notify_socket(path, ::geteuid());
    REQUIRE(socket);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK_FALSE(receive_notification(socket->get()));
    say(path, "READY=1");
    say(path, std::string(5000, 'x'));
    const auto ready = receive_notification(socket->get());
    REQUIRE(ready);
    CHECK(ready->text == "READY=1");
    CHECK(ready->sender == ::getpid());
    CHECK(ready->user == ::geteuid());
    CHECK(receive_notification(socket->get())->text == std::string(4096, 'x'));
    CHECK_FALSE(receive_notification(socket->get()));
}

TEST_CASE("descriptors that come along are closed", "[unit][platform]") {
    const Directory directory;
    const std::string path = directory.path + "/api";
    const auto socket = bind_notify_socket(path, ::geteuid());
    REQUIRE(socket);
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    say(path, "BARRIER=1", ends[1]);
    ::close(ends[1]);
    char byte = 0;
    CHECK(::read(ends[0], &byte, 1) == -1);  // Held by the message.
    CHECK(receive_notification(socket->get())->text == "BARRIER=1");
    CHECK(::read(ends[0], &byte, 1) == 0);
    ::close(ends[0]);
}

TEST_CASE("a notify socket takes the place of an old one, or says why not", "[unit][platform]") {
    const Directory directory;
    const std::string path = directory.path + "/api";
    const auto old = bind_notify_socket(path, ::geteuid());
    const auto socket = bind_notify_socket(path, ::geteuid());
    REQUIRE((old && socket));
    say(path, "READY=1");
    CHECK_FALSE(receive_notification(old->get()));
    CHECK(receive_notification(socket->get()));

    const auto nowhere = bind_notify_socket(directory.path + "/no/api", ::geteuid());
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().message ==
          "cannot listen on " + directory.path + "/no/api: No such file or directory");
    const std::string deep = directory.path + "/" + std::string(100, 'x');
    const auto long_one = bind_notify_socket(deep, ::geteuid());
    REQUIRE_FALSE(long_one);
    CHECK(long_one.error().message == "cannot listen on " + deep + ": File name too long");
}
