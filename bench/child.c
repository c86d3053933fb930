/* A service that does nothing: says when it was executed, then waits for a signal.
 *
 * BENCH_STAMPS names a file to which 16 bytes are appended: pid and CLOCK_MONOTONIC in ns. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    const char* stamps = getenv("BENCH_STAMPS");
    if (stamps != NULL) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t stamp[2] = {getpid(), (int64_t)now.tv_sec * 1000000000 + now.tv_nsec};
        int fd = open(stamps, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd >= 0) {
            if (write(fd, stamp, sizeof stamp) != sizeof stamp) return 1;
            close(fd);
        }
    }
    for (;;) pause();
}
