// Sockets: the control socket, its clients, and the notices of services.

#define _GNU_SOURCE
#include "clinux.h"
#include "system-call.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

// address: puts `path` into the address of a socket.
static int address(struct sockaddr_un *address, const char *path) {
    size_t length = 0;
    address->sun_family = AF_UNIX;
    while (path[length]) {
        if (length + 1 >= sizeof address->sun_path) return -ENAMETOOLONG;
        address->sun_path[length] = path[length];
        length++;
    }
    address->sun_path[length] = 0;
    return offsetof(struct sockaddr_un, sun_path) + (int)length + 1;
}

int clinux_accept(int fd) {
    return ask4(SYS_accept4, fd, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int clinux_bind(const char *path, int is_stream, int mode) {
    struct sockaddr_un where;
    int length = address(&where, path);
    if (length < 0) return length;
    int type = is_stream ? SOCK_STREAM : SOCK_DGRAM;
    int fd = ask3(SYS_socket, AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return fd;
    int yes = 1;
    int result = ask5(SYS_setsockopt, fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
    if (result == 0) result = ask3(SYS_bind, fd, &where, length);
    if (result == 0) result = clinux_change_mode(path, mode);
    if (result == 0 && is_stream) result = ask2(SYS_listen, fd, 8);
    if (result == 0) return fd;
    clinux_close(fd);
    return result;
}

int clinux_connect(const char *path, int timeout_milliseconds) {
    struct sockaddr_un where;
    int length = address(&where, path);
    if (length < 0) return length;
    int fd = ask3(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    // connect(2) of such a socket waits for room in the listener's queue, and no poll(2) would.
    struct timeval limit = {
        .tv_sec = timeout_milliseconds / 1000,
        .tv_usec = timeout_milliseconds % 1000 * 1000,
    };
    int result = ask5(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (result == 0) result = ask3(SYS_connect, fd, &where, length);
    if (result == 0) return fd;
    clinux_close(fd);
    return result;
}

int64_t clinux_peer_user(int fd) {
    struct ucred who;
    socklen_t size = sizeof who;
    int result = ask5(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &who, &size);
    return result < 0 ? result : (int64_t)who.uid;
}

int clinux_receive(int fd, void *bytes, size_t size, uint32_t *user, int *process) {
    // Room for the sender's credentials and for some descriptors, which are closed.
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(16 * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    int count = ask3(SYS_recvmsg, fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);
    *user = UINT32_MAX;
    *process = 0;
    if (count < 0) return count;
    for (struct cmsghdr *each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each)) {
        if (each->cmsg_level != SOL_SOCKET) continue;
        if (each->cmsg_type == SCM_CREDENTIALS) {
            struct ucred *who = (struct ucred *)CMSG_DATA(each);
            *user = who->uid;
            *process = who->pid;
        } else if (each->cmsg_type == SCM_RIGHTS) {
            int *descriptors = (int *)CMSG_DATA(each);
            size_t number = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t i = 0; i < number; i++) clinux_close(descriptors[i]);
        }
    }
    return (size_t)count > size ? -EMSGSIZE : count;
}

int clinux_send(int fd, const void *bytes, size_t size) {
    return ask5(SYS_sendto, fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, 0);
}
