/* The baseline: only the system calls that the job needs, in a row.
 *
 *   bare up N CHILD           posix_spawn N children with two pipes each, then wait for SIGTERM;
 *                             SIGTERM: TERM to all, reap all, print the microseconds that took
 *   bare restart N CHILD      the same children; each one that ends is spawned again at once
 *   bare asking N CHILD       the same, but another process is asked first, each time
 *   bare time COUNT COMMAND…  run COMMAND so often, print the median of its microseconds
 *   bare serve SOCKET BYTES   answers each connection with so many bytes
 *   bare ask SOCKET           one question, one answer, written to standard output
 *   bare nothing              an exec, and nothing else */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static pid_t spawn_child(char* path) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) return -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    char* argv[] = {path, NULL};
    pid_t pid = -1;
    if (posix_spawn(&pid, path, &actions, &attributes, argv, environ) != 0) pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(out[1]);
    close(err[1]);
    return pid;
}

/* A process that answers each question at once. Returns where it is asked. */
static int start_adviser(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    if (fork() == 0) {
        char question[64];
        close(ends[0]);
        ssize_t size;
        while ((size = read(ends[1], question, sizeof question)) > 0) {
            if (write(ends[1], question, (size_t)size) != size) break;
        }
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static void ask_adviser(int adviser) {
    char question[32] = {0};
    if (write(adviser, question, sizeof question) != sizeof question) return;
    if (read(adviser, question, sizeof question) <= 0) return;
}

enum { only_up, restarts, asks_and_restarts };

static int supervise(int count, char* child, int mode) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    const int adviser = mode == asks_and_restarts ? start_adviser() : -1;
    pid_t* pids = calloc((size_t)count, sizeof *pids);
    for (int i = 0; i < count; ++i) pids[i] = spawn_child(child);
    for (;;) {
        int sig;
        sigwait(&set, &sig);
        if (sig == SIGTERM) break;
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
            for (int i = 0; i < count; ++i) {
                if (pids[i] != pid || mode == only_up) continue;
                if (mode == asks_and_restarts) ask_adviser(adviser);
                pids[i] = spawn_child(child);
            }
        }
    }
    close(adviser);
    const int64_t begin = now_us();
    for (int i = 0; i < count; ++i) kill(-pids[i], SIGTERM);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) continue;
    printf("%lld\n", (long long)(now_us() - begin));
    return 0;
}

static int compare(const void* a, const void* b) {
    const int64_t x = *(const int64_t*)a, y = *(const int64_t*)b;
    return (x > y) - (x < y);
}

static int measure(int count, char** command) {
    int64_t* took = calloc((size_t)count, sizeof *took);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    for (int i = 0; i < count; ++i) {
        const int64_t begin = now_us();
        pid_t pid;
        int status;
        if (posix_spawn(&pid, command[0], &actions, NULL, command, environ) != 0) return 1;
        waitpid(pid, &status, 0);
        took[i] = now_us() - begin;
    }
    qsort(took, (size_t)count, sizeof *took, compare);
    printf("%lld\n", (long long)took[count / 2]);
    return 0;
}

static int unix_socket(const char* path, struct sockaddr_un* address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strncpy(address->sun_path, path, sizeof address->sun_path - 1);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int write_all(int fd, const char* bytes, size_t size) {
    while (size > 0) {
        const ssize_t count = write(fd, bytes, size);
        if (count <= 0) return 1;
        bytes += count;
        size -= (size_t)count;
    }
    return 0;
}

static int serve(const char* path, size_t size) {
    struct sockaddr_un address;
    const int listener = unix_socket(path, &address);
    if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0) return 1;
    if (listen(listener, 16) != 0) return 1;
    char* answer = calloc(size, 1);
    memset(answer, 'x', size);
    char question[4096];
    for (;;) {
        const int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0) return 1;
        if (read(connection, question, sizeof question) > 0) write_all(connection, answer, size);
        close(connection);
    }
}

static int ask(const char* path) {
    struct sockaddr_un address;
    const int connection = unix_socket(path, &address);
    if (connect(connection, (struct sockaddr*)&address, sizeof address) != 0) return 1;
    if (write_all(connection, "GET / HTTP/1.1\r\n\r\n", 18) != 0) return 1;
    static char answer[65536];
    ssize_t count;
    while ((count = read(connection, answer, sizeof answer)) > 0) {
        if (write_all(1, answer, (size_t)count) != 0) return 1;
    }
    return count < 0;
}

int main(int argc, char** argv) {
    if (argc == 4 && strcmp(argv[1], "serve") == 0) return serve(argv[2], (size_t)atol(argv[3]));
    if (argc == 3 && strcmp(argv[1], "ask") == 0) return ask(argv[2]);
    if (argc == 4 && strcmp(argv[1], "up") == 0) return supervise(atoi(argv[2]), argv[3], only_up);
    if (argc == 4 && strcmp(argv[1], "restart") == 0)
        return supervise(atoi(argv[2]), argv[3], restarts);
    if (argc == 4 && strcmp(argv[1], "asking") == 0)
        return supervise(atoi(argv[2]), argv[3], asks_and_restarts);
    if (argc >= 4 && strcmp(argv[1], "time") == 0) return measure(atoi(argv[2]), argv + 3);
    return 0;
}
