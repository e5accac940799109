// The machine: clock, network, name and power.

#define _GNU_SOURCE
#include "clinux.h"
#include "system-call.h"

#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <stddef.h>

int clinux_ask_network(const void *request, size_t size) {
    // struct nlmsghdr is in linux/netlink.h, which musl does not have. Its header, and the error
    // behind it; what else comes is the request again.
    enum { route_protocol = 0, error_type = 2 };
    struct {
        uint32_t size;
        uint16_t type, flags;
        uint32_t sequence, sender;
        int32_t error;
    } answer = {0};
    int fd = ask3(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, route_protocol);
    if (fd < 0) return fd;
    long result = ask3(SYS_write, fd, request, size);
    if (result >= 0) result = ask3(SYS_read, fd, &answer, sizeof answer);
    clinux_close(fd);
    if (result < 0) return result;
    return answer.type == error_type ? answer.error : -EPROTO;
}

int clinux_bring_up_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = ask3(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    int result = ask3(SYS_ioctl, fd, SIOCSIFFLAGS, &request);
    clinux_close(fd);
    return result;
}

int64_t clinux_clock_microseconds(void) {
    struct timespec now = {0};
    ask2(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clinux_clock_milliseconds(void) {
    struct timespec now = {0};
    ask2(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

ptrdiff_t clinux_random(void *bytes, size_t count) {
    return ask3(SYS_getrandom, bytes, count, GRND_NONBLOCK);
}

int clinux_reboot(enum clinux_reboot_operation operation) {
    static const int operations[] = {
        [clinux_reboot_disable_ctrl_alt_delete] = RB_DISABLE_CAD,
        [clinux_reboot_power_off] = RB_POWER_OFF,
        [clinux_reboot_restart] = RB_AUTOBOOT,
        [clinux_reboot_halt] = RB_HALT_SYSTEM,
    };
    enum { magic1 = 0xfee1dead, magic2 = 672274793 };
    return ask3(SYS_reboot, magic1, magic2, operations[operation]);
}

int clinux_set_alarm_interval(int milliseconds) {
    struct timeval each = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    struct itimerval timer = {.it_interval = each, .it_value = each};
    return ask3(SYS_setitimer, ITIMER_REAL, &timer, NULL);
}

int clinux_set_host_name(const char *name, size_t length) {
    return ask2(SYS_sethostname, name, length);
}
