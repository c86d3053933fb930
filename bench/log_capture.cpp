// Capture of children's output: LogWriter against `child | cat > file`, in the same run and on the
// same file system. Ratios above 1 mean that LogWriter is faster.
//
//     log_capture_bench [DIRECTORY [ROUNDS]]

#include "devstack/daemon/log_writer.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace devstack;

struct Load {
    const char* name;
    int children;
    std::size_t bytes_each;
    std::size_t write_size;
};

struct Measured {
    double seconds = 0;
    double cpu_seconds = 0;  ///< Of whoever captures, without the children.
    double child_cpu_seconds = 0;
};

struct Pipe {
    platform::FileDescriptor out;
    platform::FileDescriptor in;
};

Pipe make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    return {platform::FileDescriptor{ends[0]}, platform::FileDescriptor{ends[1]}};
}

/// Writes lines of 100 bytes, `write_size` bytes at a time.
pid_t start_child(const Load& load, int pipe) {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    std::string block;
    while (block.size() < load.write_size) {
        block += std::string(99, static_cast<char>('a' + block.size() / 100 % 26)) + "\n";
    }
    block.resize(load.write_size);
    for (std::size_t left = load.bytes_each; left > 0;) {
        const ssize_t written = ::write(pipe, block.data(), std::min(left, block.size()));
        if (written <= 0) ::_exit(1);
        left -= static_cast<std::size_t>(written);
    }
    ::_exit(0);
}

pid_t start_cat(int pipe, const std::string& file) {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    const int log = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(pipe, 0);
    ::dup2(log, 1);
    ::execlp("cat", "cat", nullptr);
    ::_exit(127);
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds(const rusage& usage) {
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double own_cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return cpu_seconds(usage);
}

double wait_for(const std::vector<pid_t>& processes) {
    double cpu = 0;
    for (const pid_t process : processes) {
        rusage usage{};
        int status = 0;
        ::wait4(process, &status, 0, &usage);
        cpu += cpu_seconds(usage);
    }
    return cpu;
}

double since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Measured measure_writer(const Load& load, const std::string& directory) {
    boost::asio::io_context loop;
    daemon::LogWriter writer{
        loop,
        directory,
        {[](const auto&) {},
         [](const auto&, const auto& what) { std::fprintf(stderr, "%s\n", what.c_str()); }}};
    std::vector<Pipe> pipes(static_cast<std::size_t>(load.children));
    for (Pipe& pipe : pipes) {
        pipe = make_pipe();
    }
    const double cpu_before = own_cpu_seconds();
    const auto begin = std::chrono::steady_clock::now();
    std::vector<pid_t> children;
    int open = load.children;
    for (std::size_t i = 0; i < pipes.size(); ++i) {
        writer.capture("s" + std::to_string(i),
                       1,
                       core::LogStream::standard_output,
                       std::move(pipes[i].out),
                       [&open] { --open; });
        children.push_back(start_child(load, pipes[i].in.get()));
        pipes[i].in.reset();
    }
    while (open > 0) {
        loop.run_one();
    }
    Measured measured{since(begin), own_cpu_seconds() - cpu_before, 0};
    measured.child_cpu_seconds = wait_for(children);
    return measured;
}

Measured measure_cat(const Load& load, const std::string& directory) {
    std::filesystem::create_directories(directory);
    std::vector<Pipe> pipes(static_cast<std::size_t>(load.children));
    for (Pipe& pipe : pipes) {
        pipe = make_pipe();
    }
    const auto begin = std::chrono::steady_clock::now();
    std::vector<pid_t> children;
    std::vector<pid_t> cats;
    for (std::size_t i = 0; i < pipes.size(); ++i) {
        cats.push_back(start_cat(pipes[i].out.get(), directory + "/s" + std::to_string(i)));
        children.push_back(start_child(load, pipes[i].in.get()));
        pipes[i] = {};
    }
    Measured measured;
    measured.cpu_seconds = wait_for(cats);
    measured.seconds = since(begin);
    measured.child_cpu_seconds = wait_for(children);
    return measured;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void compare(const Load& load, const std::string& directory, int rounds) {
    const double gigabytes =
        static_cast<double>(load.bytes_each) * static_cast<double>(load.children) / 1e9;
    std::vector<double> ratios;
    std::vector<double> writer_cpu;
    std::vector<double> cat_cpu;
    std::vector<double> writer_speed;
    std::vector<double> writer_children;
    std::vector<double> cat_children;
    for (int i = 0; i < rounds; ++i) {
        const Measured cat = measure_cat(load, directory + "/cat");
        std::filesystem::remove_all(directory + "/cat");
        const Measured writer = measure_writer(load, directory + "/writer");
        std::filesystem::remove_all(directory + "/writer");
        ratios.push_back(cat.seconds / writer.seconds);
        writer_cpu.push_back(writer.cpu_seconds / gigabytes);
        cat_cpu.push_back(cat.cpu_seconds / gigabytes);
        writer_speed.push_back(gigabytes / writer.seconds);
        writer_children.push_back(writer.child_cpu_seconds / gigabytes);
        cat_children.push_back(cat.child_cpu_seconds / gigabytes);
    }
    std::printf(
        "%-28s %5.2f x cat %6.2f GB/s   CPU s/GB %5.2f (cat %5.2f), children %5.2f (%5.2f)\n",
        load.name,
        median(ratios),
        median(writer_speed),
        median(writer_cpu),
        median(cat_cpu),
        median(writer_children),
        median(cat_children));
    std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
    std::string directory = std::string{count > 1 ? arguments[1] : "/tmp"} + "/dsbenchXXXXXX";
    if (::mkdtemp(directory.data()) == nullptr) {
        std::perror(directory.c_str());
        return 1;
    }
    const int rounds = count > 2 ? std::atoi(arguments[2]) : 5;
    constexpr std::size_t megabyte = 1'000'000;
    compare({"one child, floods", 1, 1000 * megabyte, 64 * 1024}, directory, rounds);
    compare({"one child, 4 KiB at a time", 1, 1000 * megabyte, 4096}, directory, rounds);
    compare({"one child, line by line", 1, 100 * megabyte, 100}, directory, rounds);
    compare({"100 children, line by line", 100, 2 * megabyte, 100}, directory, rounds);
    compare({"100 children, flood", 100, 20 * megabyte, 64 * 1024}, directory, rounds);
    std::filesystem::remove_all(directory);
    return 0;
}
