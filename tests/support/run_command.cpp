#include "support/run_command.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace devstack::test {

namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::string> environment_for(const CommandSpec& spec) {
    std::map<std::string, std::string> variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        const std::size_t equals = text.find('=');
        variables[text.substr(0, equals)] = text.substr(equals + 1);
    }
    for (const auto& [name, value] : spec.environment)
        variables[name] = value;
    std::vector<std::string> environment;
    for (const auto& [name, value] : variables) {
        if (!value.empty()) environment.push_back(name + "=" + value);
    }
    return environment;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> result;
    for (std::string& word : words)
        result.push_back(word.data());
    result.push_back(nullptr);
    return result;
}

int milliseconds_until(Clock::time_point deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count() + 1, 0));
}

/// False at end-of-file.
bool take(int& fd, std::string& text) {
    std::array<char, 65536> buffer;
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size > 0) text.append(buffer.data(), static_cast<std::size_t>(size));
    if (size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR))) return true;
    ::close(fd);
    fd = -1;
    return false;
}

}  // namespace

RunningCommand::RunningCommand(const CommandSpec& spec) {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) {
        FAIL("pipe2: " << std::strerror(errno));
    }
    std::vector<std::string> words = spec.argv;
    std::vector<std::string> variables = environment_for(spec);
    const std::vector<char*> argv = pointers(words);
    const std::vector<char*> envp = pointers(variables);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::dup2(out[1], STDOUT_FILENO);
        ::dup2(err[1], STDERR_FILENO);
        ::close(STDIN_FILENO);
        ::open("/dev/null", O_RDONLY);
        if (!spec.directory.empty() && ::chdir(spec.directory.c_str()) != 0) ::_exit(126);
        ::execve(argv.front(), argv.data(), envp.data());
        ::_exit(127);
    }
    ::close(out[1]);
    ::close(err[1]);
    output_ = out[0];
    error_ = err[0];
}

RunningCommand::~RunningCommand() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    if (output_ >= 0) ::close(output_);
    if (error_ >= 0) ::close(error_);
}

bool RunningCommand::read_more(Clock::time_point deadline) {
    std::array<pollfd, 2> polled{{{output_, POLLIN, 0}, {error_, POLLIN, 0}}};
    const int ready = ::poll(polled.data(), polled.size(), milliseconds_until(deadline));
    if (ready <= 0) return ready < 0 && errno == EINTR;
    if (polled[0].revents != 0) take(output_, result_.output);
    if (polled[1].revents != 0) take(error_, result_.error);
    return true;
}

std::string RunningCommand::await_output(const std::string& text,
                                         std::chrono::milliseconds timeout) {
    const Clock::time_point deadline = Clock::now() + timeout;
    while (result_.output.find(text) == std::string::npos) {
        const bool is_over = output_ < 0 || !read_more(deadline);
        if (!is_over) continue;
        FAIL("waited for \"" << text << "\" and saw:\n" << result_.output << result_.error);
    }
    return result_.output;
}

void RunningCommand::signal(int number) const {
    ::kill(pid_, number);
}

CommandResult RunningCommand::finish(std::chrono::milliseconds timeout) {
    const Clock::time_point deadline = Clock::now() + timeout;
    while (output_ >= 0 || error_ >= 0) {
        if (read_more(deadline)) continue;
        result_.was_late = true;
        ::kill(pid_, SIGKILL);
        break;
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    result_.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result_;
}

CommandResult run_command(const CommandSpec& spec) {
    RunningCommand command{spec};
    return command.finish(spec.timeout);
}

}  // namespace devstack::test
