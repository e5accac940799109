// Processes.

#define _GNU_SOURCE
#include "clinux.h"
#include "signals.h"
#include "system-call.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int clinux_change_directory(const char *path) {
    return ask1(SYS_chdir, path);
}

int clinux_change_root(const char *path) {
    return ask1(SYS_chroot, path);
}

int clinux_execve(const char *path, char *const *argv, char *const *environment) {
    return ask3(SYS_execve, path, argv, environment);
}

_Noreturn void clinux_exit(int code) {
    for (;;) ask1(SYS_exit_group, code);
}

int clinux_fork(void) {
    return ask0(SYS_fork);
}

int clinux_fork_service(int cgroup) {
    // struct clone_args and its flags are in linux/sched.h, which musl does not have.
    const uint64_t clear_handlers = 1ull << 32, into_cgroup = 1ull << 33;
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
        uint64_t stack, stack_size, tls, set_tid, set_tid_size, cgroup;
    } how = {.flags = clear_handlers, .exit_signal = SIGCHLD};
    if (cgroup >= 0) {
        how.flags |= into_cgroup;
        how.cgroup = cgroup;
    }
    int pid = ask2(SYS_clone3, &how, sizeof how);
    if (pid == 0) handlers_are_cleared = 1;
    return pid;
}

int clinux_get_limit(int resource, uint64_t limits[2]) {
    return ask4(SYS_prlimit64, 0, resource, NULL, limits);
}

int clinux_getpgrp(void) {
    return ask0(SYS_getpgrp);
}

int clinux_get_subreaper(void) {
    int is_subreaper = 0;
    int result = ask2(SYS_prctl, PR_GET_CHILD_SUBREAPER, (long)&is_subreaper);
    return result < 0 ? result : is_subreaper;
}

int clinux_getpid(void) {
    return ask0(SYS_getpid);
}

int clinux_getppid(void) {
    return ask0(SYS_getppid);
}

int clinux_kill(int pid, int signal) {
    return ask2(SYS_kill, pid, signal);
}

int clinux_pidfd_send_signal(int pidfd, int signal) {
    return ask4(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int clinux_set_group(unsigned group) {
    return ask3(SYS_setresgid, group, group, group);
}

int clinux_set_groups(size_t count, const unsigned *groups) {
    return ask2(SYS_setgroups, count, groups);
}

int clinux_set_io_priority(int priority) {
    enum { of_process = 1 };
    return ask3(SYS_ioprio_set, of_process, 0, priority);
}

int clinux_set_limit(int resource, uint64_t soft, uint64_t hard) {
    const uint64_t limit[2] = {soft, hard};
    return ask4(SYS_prlimit64, 0, resource, limit, NULL);
}

int clinux_set_parent_death_signal(int signal) {
    return ask2(SYS_prctl, PR_SET_PDEATHSIG, signal);
}

int clinux_set_priority(int priority) {
    return ask3(SYS_setpriority, PRIO_PROCESS, 0, priority);
}

int clinux_set_scheduling(int policy, int priority) {
    return ask3(SYS_sched_setscheduler, 0, policy, &priority);
}

int clinux_set_sid(void) {
    return ask0(SYS_setsid);
}

int clinux_set_subreaper(void) {
    return ask2(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1);
}

int clinux_set_umask(unsigned mask) {
    return ask1(SYS_umask, mask);
}

int clinux_set_user(unsigned user) {
    return ask3(SYS_setresuid, user, user, user);
}

// format_number: the decimal digits of `number` and a NUL, in `text`.
static void format_number(char *text, int number) {
    int digits = 1;
    for (int rest = number; rest >= 10; rest /= 10) digits++;
    text[digits] = 0;
    while (digits > 0) {
        text[--digits] = '0' + number % 10;
        number /= 10;
    }
}

// entry_of: the entry of the environment that begins with `name`, or the NULL at its end.
static char **entry_of(char **environment, const char *name, size_t length) {
    while (*environment && strncmp(*environment, name, length) != 0) environment++;
    return environment;
}

// pass_listen_pid: LISTEN_PID tells a socket-activated program that the sockets are meant for it.
// If it names the parent, it is changed to the program's own number.
static void pass_listen_pid(char **environment, int pid) {
    enum { length = sizeof "LISTEN_PID=" - 1 };
    static char own[length + 12] = "LISTEN_PID=";
    char **entry = entry_of(environment, own, length);
    format_number(own + length, ask0(SYS_getppid));
    if (!*entry || strcmp(*entry, own) != 0) return;
    format_number(own + length, pid);
    *entry = own;
}

// length_before: the number of characters before the first `end`, or in all of `text`.
static size_t length_before(char end, const char *text) {
    size_t length = 0;
    while (text[length] && text[length] != end) length++;
    return length;
}

// is_elf: whether this file is a program (then for another processor), not a script.
static int is_elf(const char *file) {
    char start[4] = {0};
    int fd = ask2(SYS_open, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return 0;
    ask3(SYS_read, fd, start, sizeof start);
    clinux_close(fd);
    return memcmp(start, "\177ELF", sizeof start) == 0;
}

// execute_file: execve(2). The shell runs a script that names no interpreter, as with shells and
// exec(3).
static int execute_file(const char *file, char *const *argv, char **environment) {
    int result = ask3(SYS_execve, file, argv, environment);
    if (result != -ENOEXEC || is_elf(file)) return result;
    size_t count = 0;
    while (argv[count]) count++;
    const char *words[count + 2];
    words[0] = "/bin/sh";
    words[1] = file;
    // Includes the NULL at the end.
    if (count > 0) memcpy(words + 2, argv + 1, count * sizeof *words);
    ask3(SYS_execve, words[0], words, environment);
    return result;
}

// execute: looks the file up in PATH if its name has no slash. exec(3)
static int execute(char *const *argv, char **environment) {
    enum { path_length = sizeof "PATH=" - 1, most = 4096 }; // PATH_MAX
    static char file[most];
    const char *name = argv[0];
    size_t name_size = strlen(name) + 1;
    if (name[length_before('/', name)]) return execute_file(name, argv, environment);
    char *entry = *entry_of(environment, "PATH=", path_length);
    const char *directory = entry ? entry + path_length : "/usr/local/bin:/bin:/usr/bin";
    int failure = -ENOENT;
    while (name_size > 1) {
        size_t length = length_before(':', directory);
        if (length + 1 + name_size <= most) {
            memcpy(file, directory, length);
            file[length] = '/';
            // An empty entry of PATH means the working directory.
            memcpy(file + length + (length > 0), name, name_size);
            int result = execute_file(file, argv, environment);
            if (result == -EACCES) failure = result;
            else if (result != -ENOENT && result != -ENOTDIR) return result;
        }
        if (!directory[length]) break;
        directory += length + 1;
    }
    return failure;
}

// make_writable: without a console, init's own streams are /dev/null for reading, so that its
// writes fail and go to the log instead. A program could mistake that for an error of its own.
static void make_writable(int fd) {
    if ((ask2(SYS_fcntl, fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
        int null = ask2(SYS_open, "/dev/null", O_WRONLY | O_CLOEXEC);
        ask2(SYS_dup2, null, fd);
    }
}

// become_program: runs in the child. Returns -errno if execve fails.
static int become_program(char *const *argv, char **environment, int how) {
    int keeps = how & clinux_keep_signals;
    int pid = clinux_getpid();
    for (int signal = 1; signal <= last_signal; signal++) {
        int is_ignored = keeps && BIT(signal) & inherited.ignored;
        set_action(signal, is_ignored ? IGNORED : DEFAULT_ACTION, 0);
    }
    if (how & clinux_new_session) {
        clinux_set_sid();
        clinux_take_terminal(STDIN_FILENO, how & clinux_steal_terminal ? 1 : 0);
    }
    if (how & clinux_writable_streams) {
        make_writable(STDOUT_FILENO);
        make_writable(STDERR_FILENO);
    }
    if (how & clinux_new_group) ask2(SYS_setpgid, 0, 0);
    if (how & clinux_foreground) clinux_set_foreground_group(pid);
    pass_listen_pid(environment, pid);
    set_mask(SIG_SETMASK, keeps ? inherited.blocked : 0);
    return execute(argv, environment);
}

// fork_with_descriptor: fork(2), with a pidfd of the child; -1 if the kernel has no pidfds.
static int fork_with_descriptor(int *pidfd) {
    *pidfd = -1;
    int pid = ask4(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL);
    return pid == -EINVAL || pid == -ENOSYS ? clinux_fork() : pid;
}

int clinux_spawn(char *const *argv, char **environment, int how, struct clinux_child *child) {
    int ends[2];
    int result = clinux_pipe(ends);
    if (result < 0) return result;
    int pid = fork_with_descriptor(&child->pidfd);
    if (pid == 0) {
        int failure = become_program(argv, environment ? environment : environ, how);
        ask3(SYS_write, ends[1], &failure, sizeof failure);
        clinux_exit(127);
    }
    clinux_close(ends[1]);
    if (pid < 0) {
        clinux_close(ends[0]);
        return pid;
    }
    // A signal may be sent to the group before the child has made it, so init makes it too.
    if (how & clinux_new_group) ask2(SYS_setpgid, pid, pid);
    child->pid = pid;
    child->report = ends[0];
    return 0;
}

int clinux_read_report(int report) {
    int failure = 0;
    int result = ask3(SYS_read, report, &failure, sizeof failure);
    return result < 0 ? result : result == sizeof failure ? -failure : 0;
}

int clinux_wait(int *status) {
    return ask4(SYS_wait4, -1, status, WNOHANG | WUNTRACED, NULL);
}

int clinux_wait_for(int pid, int *status) {
    return ask4(SYS_wait4, pid, status, WNOHANG, NULL);
}
