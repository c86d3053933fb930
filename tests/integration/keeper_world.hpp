#pragma once

#include "devstack/daemon/keeper_link.hpp"
#include "devstack/platform/file_descriptor.hpp"

#include <chrono>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace devstack::test {

/// Nothing in these tests takes longer unless it is broken.
inline constexpr std::chrono::seconds patience{10};

/// True when it becomes true in time.
bool eventually(const std::function<bool()>& condition);

/// A daemon that the keeper has started; the test speaks for it.
class PlayedDaemon {
public:
    PlayedDaemon(int pid,
                 daemon::KeeperLink link,
                 platform::FileDescriptor report,
                 platform::FileDescriptor lifeline,
                 platform::FileDescriptor control);

    int pid() const { return pid_; }
    daemon::KeeperLink& link() { return link_; }
    platform::FileDescriptor& report() { return report_; }
    platform::FileDescriptor& lifeline() { return lifeline_; }

    /// Hello, and what is answered to it.
    daemon::KeeperWelcome greet();
    /// The next message; aborts the test when none comes in time.
    daemon::KeeperMessage next();
    template <typename Message>
    Message next_as() {
        auto message = next();
        auto* wanted = std::get_if<Message>(&message);
        if (wanted == nullptr) fail_because_of(message);
        return std::move(*wanted);
    }
    /// Empty when there is nothing to read just now.
    std::optional<daemon::KeeperMessage> next_if_any();

    /// Starts a child that is expected to start.
    daemon::KeeperSpawned spawn(std::uint64_t token,
                                std::vector<std::string> argv,
                                const std::string& label = "service#1");
    /// "stage ERRNO" of one that is not.
    std::string spawn_failure(std::uint64_t token, const platform::SpawnRequest& request);
    /// Runs a program to its end: all that it has written, and the exit is forgotten.
    std::string output_of(std::uint64_t token, const platform::SpawnRequest& request);

    void exit(int code);
    void close_channel();
    int next_signal();
    bool has_signal();

private:
    [[noreturn]] static void fail_because_of(const daemon::KeeperMessage& message);

    int pid_;
    daemon::KeeperLink link_;
    platform::FileDescriptor report_;
    platform::FileDescriptor lifeline_;
    platform::FileDescriptor control_;
};

/// How a keeper is started.
struct KeeperSetting {
    /// In the process that becomes the keeper, before it does.
    std::function<void()> prepare = [] {};
    /// Instead of the played daemon.
    std::vector<std::string> daemon_argv;
    int report_fd = -1;
    int lifeline_fd = -1;
};

/// A real keeper in a process of its own, and the place where its daemons come to be played. At the
/// end everything is taken down.
class KeeperWorld {
public:
    explicit KeeperWorld(const KeeperSetting& setting = {});
    ~KeeperWorld();
    KeeperWorld(const KeeperWorld&) = delete;
    KeeperWorld& operator=(const KeeperWorld&) = delete;

    int keeper() const { return keeper_; }
    /// The next daemon that the keeper starts.
    PlayedDaemon accept_daemon();
    PlayedDaemon accept_greeted_daemon();
    /// How the keeper ended: exit code, or minus the signal.
    int wait_for_end();
    /// Children of the keeper, its daemon among them.
    std::size_t count_children() const;

private:
    [[noreturn]] void become_keeper(const KeeperSetting& setting) const;

    std::string directory_;
    std::string socket_path_;
    platform::FileDescriptor listener_;
    pid_t keeper_ = -1;
};

/// A script that exec can not get at until it is released: whoever opens it waits (fcntl(2),
/// leases). What a hanging network file system does, at hand.
class HangingProgram {
public:
    HangingProgram();
    ~HangingProgram();
    HangingProgram(const HangingProgram&) = delete;
    HangingProgram& operator=(const HangingProgram&) = delete;

    const std::string& path() const { return path_; }
    void release() { lease_.reset(); }

private:
    std::string path_ = "/tmp/keeper-test-XXXXXX";
    platform::FileDescriptor lease_;
};

/// The helper program that does what processes do, with these words.
std::vector<std::string> testchild(std::initializer_list<std::string> words);
platform::SpawnRequest request_for(std::vector<std::string> argv);

/// What a descriptor gives until its end.
std::string read_to_end(const platform::FileDescriptor& descriptor);
/// The next line, without its end.
std::string read_line(const platform::FileDescriptor& descriptor);
bool is_alive(int pid);
/// True when the process of a pidfd ends in time.
bool ends(const platform::FileDescriptor& pidfd);
/// "exited 7: code 3".
std::string text_of(const daemon::KeeperExited& exit);

}  // namespace devstack::test
