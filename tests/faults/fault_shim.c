/* Preloaded into devstack (ld.so(8)), makes the Nth call of one kind fail in its keeper or its daemon:
 *
 *   DEVSTACK_FAULT="daemon write 28 17 /path/marker"
 *
 * fails the 17th write(2) of a daemon with ENOSPC; error 0 is a short write or read, of one byte. It happens
 * once: then there is the marker, with the process's number in it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char call_name[32];
static int fault_error;
static int fault_number;
static char marker[4096];
static atomic_int calls;

__attribute__((constructor)) static void begin(void) {
    const char* fault = getenv("DEVSTACK_FAULT");
    char role[32], line[256] = "", mode[40];
    if (!fault || sscanf(fault, "%31s %31s %d %d %4095s", role, call_name, &fault_error, &fault_number,
                         marker) != 5)
        return;
    int file = (int)syscall(SYS_open, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    long size = syscall(SYS_read, file, line, sizeof line - 1);
    syscall(SYS_close, file);
    snprintf(mode, sizeof mode, "__%s", role);
    const char* argument = line + strlen(line) + 1;
    if (size <= 0 || strcmp(argument, mode) != 0) call_name[0] = '\0';
}

static int fails(const char* name) {
    if (strcmp(name, call_name) != 0) return 0;
    if (atomic_fetch_add(&calls, 1) + 1 != fault_number) return 0;
    int file = (int)syscall(SYS_open, marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return 0;
    char text[16];
    syscall(SYS_write, file, text, snprintf(text, sizeof text, "%d\n", getpid()));
    syscall(SYS_close, file);
    errno = fault_error;
    return 1;
}

#define REAL(type, name, ...)                                              \
    static type (*real)(__VA_ARGS__);                                      \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void* bytes, size_t size) {
    REAL(ssize_t, write, int, const void*, size_t);
    if (fails("write")) {
        if (fault_error) return -1;
        size = size > 1 ? 1 : size;
    }
    return real(fd, bytes, size);
}

ssize_t read(int fd, void* bytes, size_t size) {
    REAL(ssize_t, read, int, void*, size_t);
    if (fails("read")) {
        if (fault_error) return -1;
        size = size > 1 ? 1 : size;
    }
    return real(fd, bytes, size);
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
    REAL(ssize_t, sendmsg, int, const struct msghdr*, int);
    return fails("sendmsg") ? -1 : real(fd, message, flags);
}

ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
    REAL(ssize_t, recvmsg, int, struct msghdr*, int);
    return fails("recvmsg") ? -1 : real(fd, message, flags);
}

int pipe2(int ends[2], int flags) {
    REAL(int, pipe2, int*, int);
    return fails("pipe2") ? -1 : real(ends, flags);
}

int socket(int domain, int type, int protocol) {
    REAL(int, socket, int, int, int);
    return fails("socket") ? -1 : real(domain, type, protocol);
}

int accept4(int fd, struct sockaddr* address, socklen_t* size, int flags) {
    REAL(int, accept4, int, struct sockaddr*, socklen_t*, int);
    return fails("accept4") ? -1 : real(fd, address, size, flags);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
    REAL(int, epoll_ctl, int, int, int, struct epoll_event*);
    return operation == EPOLL_CTL_ADD && fails("epoll_ctl") ? -1 : real(epoll, operation, fd, event);
}

int epoll_wait(int epoll, struct epoll_event* events, int count, int timeout) {
    REAL(int, epoll_wait, int, struct epoll_event*, int, int);
    return fails("epoll_wait") ? -1 : real(epoll, events, count, timeout);
}

int rename(const char* from, const char* to) {
    REAL(int, rename, const char*, const char*);
    return fails("rename") ? -1 : real(from, to);
}

int ftruncate(int fd, off_t size) {
    REAL(int, ftruncate, int, off_t);
    return fails("ftruncate") ? -1 : real(fd, size);
}

pid_t fork(void) {
    REAL(pid_t, fork, void);
    return fails("clone") ? -1 : real();
}

int clone(int (*run)(void*), void* stack, int flags, void* argument, ...) {
    REAL(int, clone, int (*)(void*), void*, int, void*, ...);
    va_list more;
    va_start(more, argument);
    void* parent = va_arg(more, void*);
    void* tls = va_arg(more, void*);
    void* child = va_arg(more, void*);
    va_end(more);
    return fails("clone") ? -1 : real(run, stack, flags, argument, parent, tls, child);
}

static int open_as(const char* name, int directory, const char* path, int flags, mode_t mode) {
    static int (*real)(int, const char*, int, ...);
    if (!real) real = (int (*)(int, const char*, int, ...))dlsym(RTLD_NEXT, "openat");
    return fails(name) ? -1 : real(directory, path, flags, mode);
}

#define MODE_OF(flags, last)                             \
    mode_t mode = 0;                                     \
    if ((flags) & (O_CREAT | O_TMPFILE)) {               \
        va_list more;                                    \
        va_start(more, last);                            \
        mode = va_arg(more, mode_t);                     \
        va_end(more);                                    \
    }

int open(const char* path, int flags, ...) {
    MODE_OF(flags, flags)
    return open_as("open", AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    MODE_OF(flags, flags)
    return open_as("open", AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
    MODE_OF(flags, flags)
    return open_as("open", directory, path, flags, mode);
}
