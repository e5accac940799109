// Files and file systems.

#define _GNU_SOURCE
#include "clinux.h"
#include "system-call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

void *clinux_agent_memory(void) {
    static char memory[clinux_agent_size] __attribute__((aligned(64)));
    return memory;
}

int clinux_change_file_owner(int fd, unsigned user, unsigned group) {
    return ask3(SYS_fchown, fd, user, group);
}

int clinux_change_mode(const char *path, unsigned mode) {
    return ask2(SYS_chmod, path, mode);
}

int clinux_change_owner(const char *path, unsigned user, unsigned group) {
    return ask3(SYS_chown, path, user, group);
}

int clinux_close(int fd) {
    return ask1(SYS_close, fd);
}

int clinux_close_range(int first, int last) {
    int result = ask3(SYS_close_range, first, last, 0);
    // Linux before 5.9 lacks the call, and older filters of system calls refuse it. A process
    // usually has no more than 1024 descriptors.
    for (int fd = first; result < 0 && fd <= last && fd < 1024; fd++) clinux_close(fd);
    return 0;
}

void *clinux_directory(void) {
    static char directory[clinux_directory_size] __attribute__((aligned(16)));
    return directory;
}

int clinux_do_not_block(int fd) {
    return ask3(SYS_fcntl, fd, F_SETFL, O_NONBLOCK);
}

int clinux_duplicate(int fd, int as) {
    // dup2(2) leaves the flags of a descriptor that is to be its own copy.
    return fd == as ? ask3(SYS_fcntl, fd, F_SETFD, 0) : ask2(SYS_dup2, fd, as);
}

int clinux_duplicate_above(int fd, int lowest) {
    return ask3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, lowest);
}

int clinux_epoll_create(void) {
    return ask1(SYS_epoll_create1, EPOLL_CLOEXEC);
}

int clinux_epoll_take(int epoll, uint32_t *number) {
    struct epoll_event event;
    int result = ask4(SYS_epoll_wait, epoll, &event, 1, 0);
    if (result > 0) *number = event.data.u32;
    return result;
}

int clinux_epoll_watch(int epoll, int fd, uint32_t number) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = number};
    return ask4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, fd, &event);
}

int64_t clinux_file_size(int fd) {
    return ask3(SYS_lseek, fd, 0, SEEK_END);
}

int clinux_fstat(int fd, struct clinux_file *found) {
    struct stat status = {0};
    int result = ask2(SYS_fstat, fd, &status);
    *found = (struct clinux_file){
        .device = status.st_dev,
        .number = status.st_ino,
        .size = status.st_size,
        .mode = status.st_mode,
    };
    return result;
}

int clinux_fsync(int fd) {
    return ask1(SYS_fsync, fd);
}

int clinux_get_descriptor_flags(int fd) {
    return ask2(SYS_fcntl, fd, F_GETFD);
}

int clinux_getdents(int fd, void *entries) {
    return ask3(SYS_getdents64, fd, entries, clinux_directory_size);
}

int clinux_inotify_add(int inotify, const char *directory, int is_parent) {
    unsigned mask = IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF;
    if (is_parent) mask = IN_DELETE;
    return ask3(SYS_inotify_add_watch, inotify, directory, mask | IN_ONLYDIR);
}

int clinux_inotify_create(void) {
    return ask1(SYS_inotify_init1, IN_NONBLOCK | IN_CLOEXEC);
}

int clinux_inotify_take(int inotify) {
    char *notices = clinux_directory();
    int size = ask3(SYS_read, inotify, notices, clinux_directory_size);
    if (size < 0) return size;
    unsigned mask = 0;
    for (int offset = 0; offset < size;) {
        struct inotify_event *notice = (void *)(notices + offset);
        mask |= notice->mask;
        offset += sizeof *notice + notice->len;
    }
    int found = 0;
    if (mask & IN_MODIFY) found |= clinux_notice_written;
    if (mask & (IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_Q_OVERFLOW)) {
        found |= clinux_notice_named;
    }
    if (mask & (IN_DELETE | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) {
        found |= clinux_notice_gone;
    }
    return found;
}

int clinux_let_block(int fd) {
    return ask3(SYS_fcntl, fd, F_SETFL, 0);
}

int clinux_make_directory(const char *path, unsigned mode) {
    return ask2(SYS_mkdir, path, mode);
}

int clinux_may_write(const char *path) {
    return ask2(SYS_access, path, W_OK);
}

int clinux_open(const char *path, int flags, unsigned mode) {
    return ask3(SYS_open, path, flags | O_CLOEXEC, mode);
}

int clinux_open_for_reading(const char *path) {
    return ask2(SYS_open, path, O_RDONLY | O_CLOEXEC);
}

int clinux_open_for_writing(const char *path) {
    return ask2(SYS_open, path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int clinux_open_log(const char *path) {
    int how = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    return ask3(SYS_open, path, how, 0640);
}

int clinux_open_standard_stream(const char *path, int for_writing) {
    return ask2(SYS_open, path, (for_writing ? O_RDWR : O_RDONLY) | O_NOCTTY);
}

int clinux_pending_bytes(int fd) {
    int count = 0;
    int result = ask3(SYS_ioctl, fd, FIONREAD, &count);
    return result < 0 ? result : count;
}

int clinux_pipe(int ends[2]) {
    return ask2(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK);
}

void *clinux_planner_memory(void) {
    static char memory[clinux_planner_size] __attribute__((aligned(16)));
    return memory;
}

int clinux_poll(struct clinux_watched *watched, int count, int timeout_milliseconds) {
    return ask3(SYS_poll, watched, count, timeout_milliseconds);
}

int clinux_poll_either(int first, int second, int output) {
    struct pollfd entries[] = {
        {.fd = first, .events = POLLIN},
        {.fd = second, .events = POLLIN},
        {.fd = output},
    };
    int result = ask3(SYS_poll, entries, 3, -1);
    if (result < 0) return result;
    return !entries[2].revents;
}

int clinux_poll_readable(int fd, int timeout_milliseconds) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return ask3(SYS_poll, &entry, 1, timeout_milliseconds);
}

int clinux_poll_writable(int fd, int timeout_milliseconds) {
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    return ask3(SYS_poll, &entry, 1, timeout_milliseconds);
}

ptrdiff_t clinux_pread(int fd, void *bytes, size_t count, int64_t offset) {
    return ask4(SYS_pread64, fd, bytes, count, offset);
}

ptrdiff_t clinux_read(int fd, void *bytes, size_t count) {
    return ask3(SYS_read, fd, bytes, count);
}

int clinux_read_start(const char *path, void *bytes, size_t size, unsigned *user) {
    int how = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = ask2(SYS_open, path, how);
    if (fd < 0) return fd;
    struct stat found = {0};
    int result = ask2(SYS_fstat, fd, &found);
    *user = found.st_uid;
    if (S_ISREG(found.st_mode)) result = clinux_read(fd, bytes, size);
    clinux_close(fd);
    return result;
}

ptrdiff_t clinux_readlink(const char *path, char *target, size_t size) {
    return ask3(SYS_readlink, path, target, size);
}

int clinux_remove_directory(const char *path) {
    return ask1(SYS_rmdir, path);
}

int clinux_rename(const char *from, const char *to) {
    return ask2(SYS_rename, from, to);
}

void *clinux_scratch(void) {
    static char scratch[clinux_scratch_size] __attribute__((aligned(16)));
    return scratch;
}

void *clinux_services_memory(void) {
    static char memory[clinux_services_size] __attribute__((aligned(64)));
    return memory;
}

int clinux_stat(const char *path, int follows, int64_t *size) {
    struct stat found = {0};
    int result = ask2(follows ? SYS_stat : SYS_lstat, path, &found);
    *size = found.st_size;
    return result < 0 ? result : (int)found.st_mode;
}

int clinux_symlink(const char *target, const char *path) {
    return ask2(SYS_symlink, target, path);
}

ptrdiff_t clinux_tee(int from, int to, size_t count) {
    return ask4(SYS_tee, from, to, count, SPLICE_F_NONBLOCK);
}

int clinux_truncate(int fd, int64_t size) {
    return ask2(SYS_ftruncate, fd, size);
}

int clinux_unlink(const char *path) {
    return ask1(SYS_unlink, path);
}

ptrdiff_t clinux_write(int fd, const void *bytes, size_t count) {
    return ask3(SYS_write, fd, bytes, count);
}

// --- file systems, and the devices below them ------------------------------------------

// control: opens a device, makes one ioctl, and closes the device.
static int control(const char *path, unsigned long request, void *argument) {
    int fd = ask2(SYS_open, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return fd;
    int result = ask3(SYS_ioctl, fd, request, argument);
    clinux_close(fd);
    return result;
}

int clinux_detach_loop(const char *path) {
    enum { clear_descriptor = 0x4c01 }; // LOOP_CLR_FD
    return control(path, clear_descriptor, NULL);
}

int64_t clinux_file_system_size(const char *path) {
    struct statfs found;
    int result = ask2(SYS_statfs, path, &found);
    return result < 0 ? result : (int64_t)found.f_blocks * found.f_bsize;
}

int clinux_is_mount_point(const char *path) {
    // musl 1.2.3 has no statx. This is the start of its structure, with room for the rest.
    struct {
        uint32_t mask, block_size;
        uint64_t attributes;
        char rest[240];
    } found;
    enum { no_automount = 0x800, mount_root = 0x2000 };
    int result = ask5(SYS_statx, AT_FDCWD, path, no_automount, 0, &found);
    return result < 0 ? result : (found.attributes & mount_root) != 0;
}

int clinux_mount(const char *type, const char *path, unsigned long flags, const char *data) {
    return ask5(SYS_mount, type, path, type, flags, data);
}

int clinux_mount_from(const char *source, const char *path, const char *type,
    unsigned long flags, const char *data) {
    return ask5(SYS_mount, source, path, type, flags, data);
}

int clinux_mount_read_only(const char *path) {
    return ask5(SYS_mount, NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL);
}

int clinux_remove_mappings(void) {
    // struct dm_ioctl and DM_REMOVE_ALL are in linux/dm-ioctl.h, which musl does not have.
    struct {
        uint32_t version[3], size, start, targets;
        char rest[312 - 24];
    } request = {.version = {4}, .size = sizeof request, .start = sizeof request};
    return control("/dev/mapper/control", _IOWR(0xfd, 1, request), &request);
}

int clinux_swapoff(const char *path) {
    return ask1(SYS_swapoff, path);
}

void clinux_sync(void) {
    ask0(SYS_sync);
}

int clinux_umount(const char *path) {
    return ask2(SYS_umount2, path, UMOUNT_NOFOLLOW);
}
