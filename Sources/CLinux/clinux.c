#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

_Static_assert(sizeof(ptrdiff_t) == sizeof(ssize_t), "write(2) counts fit");

int clinux_open_for_writing(const char *path) {
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int clinux_pause(void) {
    return pause() < 0 ? -errno : 0;
}

int clinux_poll_writable(int fd, int timeout_milliseconds) {
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    int ready = poll(&entry, 1, timeout_milliseconds);
    return ready < 0 ? -errno : ready;
}

int clinux_set_alarm_interval(int milliseconds) {
    struct timeval each = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    struct itimerval timer = {.it_interval = each, .it_value = each};
    return setitimer(ITIMER_REAL, &timer, NULL) < 0 ? -errno : 0;
}

static int set_action(int signal, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_NODEFER};
    return sigaction(signal, &action, NULL) < 0 ? -errno : 0;
}

int clinux_sigaction_handle(int signal, void (*handler)(int)) {
    return set_action(signal, handler);
}

int clinux_sigaction_ignore(int signal) {
    return set_action(signal, SIG_IGN);
}

int clinux_sigaltstack(void) {
    // For two nested handlers: with AVX-512 the kernel saves 3 KiB of registers for each.
    static char stack[32 * 1024];
    stack_t where = {.ss_sp = stack, .ss_size = sizeof stack};
    return sigaltstack(&where, NULL) < 0 ? -errno : 0;
}

int clinux_sigprocmask_clear(void) {
    sigset_t none;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

ptrdiff_t clinux_write(int fd, const void *bytes, size_t count) {
    ssize_t written = write(fd, bytes, count);
    return written < 0 ? -errno : written;
}
