/* The baseline: only the system calls that the job needs, in a row.
 *
 *   bare up N CHILD           posix_spawn N children with two pipes each, then wait for SIGTERM;
 *                             SIGTERM: TERM to all, reap all, print the microseconds that took
 *   bare restart N CHILD      the same children; each one that ends is spawned again at once
 *   bare time COUNT COMMAND…  run COMMAND so often, print the median of its microseconds
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

static int supervise(int count, char* child, int restarts) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t* pids = calloc((size_t)count, sizeof *pids);
    for (int i = 0; i < count; ++i) pids[i] = spawn_child(child);
    for (;;) {
        int sig;
        sigwait(&set, &sig);
        if (sig == SIGTERM) break;
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
            for (int i = 0; i < count; ++i) {
                if (pids[i] == pid && restarts) pids[i] = spawn_child(child);
            }
        }
    }
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

int main(int argc, char** argv) {
    if (argc == 4 && strcmp(argv[1], "up") == 0) return supervise(atoi(argv[2]), argv[3], 0);
    if (argc == 4 && strcmp(argv[1], "restart") == 0) return supervise(atoi(argv[2]), argv[3], 1);
    if (argc >= 4 && strcmp(argv[1], "time") == 0) return measure(atoi(argv[2]), argv + 3);
    return 0;
}
