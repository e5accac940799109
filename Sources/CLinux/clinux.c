#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// A system call, as x86-64 has it: its number in rax, the arguments in rdi, rsi, rdx, r10 and
// r8, and back in rax comes the result, or -errno. syscall(2). The C library's functions would
// make errno of that, which is then to be undone: 3 kB of code for nothing.
#define ask(number, a, b, c, d) ask5((number), (a), (b), (c), (d), 0)
#define ask5(number, a, b, c, d, e) \
    system_call((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

static inline long system_call(long number, long a, long b, long c, long d, long e) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
        : "+a"(number)
        : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
        : "rcx", "r11", "memory");
    return number;
}

// --- signals, by the kernel's own layout ------------------------------------------------

enum { last_signal = 64 };

typedef uint64_t kernel_sigset;

#define BIT(signal) ((kernel_sigset)1 << ((signal) - 1))

static const kernel_sigset faults =
    BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSEGV) | BIT(SIGSYS);

typedef void signal_handler(int, siginfo_t *, void *);

// What the kernel calls struct sigaction, on x86-64.
struct kernel_sigaction {
    signal_handler *handler;
    unsigned long flags;
    void (*restorer)(void);
    kernel_sigset mask;
};

enum { with_restorer = 0x04000000 }; // SA_RESTORER

// A handler returns to here, and this to where the signal came in. rt_sigreturn(2)
__attribute__((naked)) static void restore(void) {
    __asm__("mov %0, %%eax\n\tsyscall" : : "i"(SYS_rt_sigreturn));
}

__attribute__((noinline)) static int set_action(
    int signal, signal_handler *handler, unsigned long flags) {
    struct kernel_sigaction action = {
        .handler = handler, .flags = flags | with_restorer, .restorer = restore, .mask = ~faults};
    return ask(SYS_rt_sigaction, signal, &action, NULL, sizeof action.mask);
}

__attribute__((noinline)) static int set_mask(int how, kernel_sigset mask) {
    return ask(SYS_rt_sigprocmask, how, &mask, NULL, sizeof mask);
}

// Nobody can block the signal of a fault, so one that a process has sent arrives in a
// handler, in the middle of anything. It is sent on to this process as this one, which is
// blocked and waits its turn, with the number as its value.
enum { carrier = 33 };

// The number of the signal that `info` tells of.
static int number_of(const siginfo_t *info) {
    int value = info->si_value.sival_int;
    int is_carried = info->si_signo == carrier && info->si_code == SI_QUEUE
        && info->si_pid == clinux_getpid() && value >= 1 && value <= last_signal;
    return is_carried ? value : info->si_signo;
}

static void carry(int signal) {
    siginfo_t carried = {.si_signo = carrier, .si_code = SI_QUEUE};
    carried.si_pid = clinux_getpid();
    carried.si_value.sival_int = signal;
    ask(SYS_rt_sigqueueinfo, carried.si_pid, carrier, &carried, 0);
}

static void (*fault_handler)(int);

static void on_fault(int signal, siginfo_t *info, void *context) {
    (void)context;
    if (info->si_code > 0) {
        fault_handler(signal);
        return;
    }
    carry(signal);
}

int clinux_sigaction_fault(int signal, void (*handler)(int)) {
    fault_handler = handler;
    // SA_NODEFER: the report of a fault may have a fault of its own.
    return set_action(signal, on_fault, SA_SIGINFO | SA_ONSTACK | SA_NODEFER);
}

// Where clinux_pause_for_signal goes on, while it pauses.
static jmp_buf after_pause;
static volatile sig_atomic_t is_pausing;
static volatile sig_atomic_t caught;

// All that a handler does is to end the system call that it interrupts. pause(2) needs
// more: a signal that comes after it was let through and before pause has begun would leave
// pause asleep. So the handler jumps out of the pausing, wherever that had got to.
static void on_signal(int signal, siginfo_t *info, void *context) {
    (void)context;
    if (is_pausing) {
        is_pausing = 0;
        caught = number_of(info);
        longjmp(after_pause, 1);
    }
    // Not the timer's alarm but a process's, which waits its turn like any other signal.
    if (info->si_code <= 0) carry(signal);
}

// The kernel takes a signal without a handler to PID 1 for one that is ignored.
static int catch_signals(void) {
    static int done;
    for (int signal = 1; !done && signal <= last_signal; signal++) {
        int refused = signal == SIGKILL || signal == SIGSTOP || BIT(signal) & faults;
        int result = refused ? 0 : set_action(signal, on_signal, SA_SIGINFO);
        if (result < 0) return result;
    }
    done = 1;
    return 0;
}

int clinux_pause_for_signal(void) {
    int result = catch_signals();
    if (result < 0) return result;
    // The handler runs with everything blocked, and longjmp leaves it so.
    if (setjmp(after_pause) != 0) return caught;
    is_pausing = 1;
    result = set_mask(SIG_SETMASK, 0);
    while (result == 0) ask(SYS_pause, 0, 0, 0, 0);
    is_pausing = 0;
    return result;
}

int clinux_sigaltstack(void) {
    // For six nested handlers: with AVX-512 the kernel saves 3 KiB of registers for each.
    static char stack[32 * 1024];
    stack_t where = {.ss_sp = stack, .ss_size = sizeof stack};
    return ask(SYS_sigaltstack, &where, NULL, 0, 0);
}

int clinux_sigprocmask_block(void) {
    return set_mask(SIG_SETMASK, ~faults);
}

int clinux_sigprocmask_let_through(int signal, int through) {
    int result = catch_signals();
    return result < 0 ? result : set_mask(through ? SIG_UNBLOCK : SIG_BLOCK, BIT(signal));
}

int clinux_sigtimedwait(int64_t timeout_milliseconds) {
    kernel_sigset all = ~faults;
    siginfo_t info;
    struct timespec timeout = {
        .tv_sec = timeout_milliseconds / 1000, .tv_nsec = timeout_milliseconds % 1000 * 1000000};
    int result = ask(SYS_rt_sigtimedwait, &all, &info,
        timeout_milliseconds < 0 ? NULL : &timeout, sizeof all);
    return result < 0 ? result : number_of(&info);
}

// --- processes --------------------------------------------------------------------------

// The program that was given the terminal, on which this process was in the foreground; or 0.
static int borrower;

_Noreturn void clinux_exit(int code) {
    if (borrower) {
        int holder = 0, group = ask(SYS_getpgrp, 0, 0, 0, 0);
        ask(SYS_ioctl, STDIN_FILENO, TIOCGPGRP, &holder, 0);
        // Who else has it by now keeps it: a shell that saw this process stop, and what it runs.
        // SIGTTOU, which this raises in the background, is blocked.
        if (holder == borrower) ask(SYS_ioctl, STDIN_FILENO, TIOCSPGRP, &group, 0);
    }
    for (;;) ask(SYS_exit_group, code, 0, 0, 0);
}

int clinux_fork(void) {
    return ask(SYS_fork, 0, 0, 0, 0);
}

int clinux_getpid(void) {
    return ask(SYS_getpid, 0, 0, 0, 0);
}

int clinux_kill(int pid, int signal) {
    return ask(SYS_kill, pid, signal, 0, 0);
}

int clinux_set_parent_death_signal(int signal) {
    return ask(SYS_prctl, PR_SET_PDEATHSIG, signal, 0, 0);
}

int clinux_set_subreaper(void) {
    return ask(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0);
}

// write_number: the decimal digits of `number`, with a NUL behind them.
static void write_number(char *text, int number) {
    int digits = 1;
    for (int rest = number; rest >= 10; rest /= 10) digits++;
    text[digits] = 0;
    while (digits > 0) {
        text[--digits] = '0' + number % 10;
        number /= 10;
    }
}

// entry_of: the entry of an environment that begins with `name`, or its end, a NULL.
static char **entry_of(char **environment, const char *name, size_t length) {
    while (*environment && strncmp(*environment, name, length) != 0) environment++;
    return environment;
}

// pass_listen_pid: a socket-activated program knows by LISTEN_PID that the sockets are meant
// for it. Where they were handed to the parent, it finds its own number there.
static void pass_listen_pid(char **environment, int pid) {
    enum { length = sizeof "LISTEN_PID=" - 1 };
    static char own[length + 12] = "LISTEN_PID=";
    char **entry = entry_of(environment, own, length);
    write_number(own + length, ask(SYS_getppid, 0, 0, 0, 0));
    if (!*entry || strcmp(*entry, own) != 0) return;
    write_number(own + length, pid);
    *entry = own;
}

// length_before: how many characters stand before the first `end`, or in all of `text`.
static size_t length_before(char end, const char *text) {
    size_t length = 0;
    while (text[length] && text[length] != end) length++;
    return length;
}

// execute: execve(2), looked up in PATH where the name has no slash. exec(3)
static int execute(char *const *argv, char **environment) {
    enum { path_length = sizeof "PATH=" - 1, most = 4096 }; // PATH_MAX
    static char file[most];
    const char *name = argv[0];
    size_t name_size = strlen(name) + 1;
    if (name[length_before('/', name)]) return ask(SYS_execve, name, argv, environment, 0);
    char *entry = *entry_of(environment, "PATH=", path_length);
    const char *folder = entry ? entry + path_length : "/usr/local/bin:/bin:/usr/bin";
    int failure = -ENOENT;
    while (name_size > 1) {
        size_t length = length_before(':', folder);
        if (length + 1 + name_size <= most) {
            memcpy(file, folder, length);
            file[length] = '/';
            // Nothing between two colons is the working folder.
            memcpy(file + length + (length > 0), name, name_size);
            int result = ask(SYS_execve, file, argv, environment, 0);
            if (result == -EACCES) failure = result;
            else if (result != -ENOENT && result != -ENOTDIR) return result;
        }
        if (!folder[length]) break;
        folder += length + 1;
    }
    return failure;
}

// make_writable: without a console init itself has only /dev/null for reading, so that what it
// writes fails and finds its way to the log. A program might take such a failure for its own.
static void make_writable(int fd) {
    if ((ask(SYS_fcntl, fd, F_GETFL, 0, 0) & O_ACCMODE) == O_RDONLY) {
        int null = ask(SYS_open, "/dev/null", O_WRONLY | O_CLOEXEC, 0, 0);
        ask(SYS_dup2, null, fd, 0, 0);
    }
}

// run_program: what the child of a vfork does; returns -errno, if execve fails. It shares its
// parent's memory, and the parent waits meanwhile.
__attribute__((noinline)) static int run_program(
    char *const *argv, char **environment, int new_session, int in_foreground) {
    for (int signal = 1; signal <= last_signal; signal++) {
        set_action(signal, NULL, 0); // SIG_DFL is a null pointer
    }
    int pid = clinux_getpid();
    if (new_session) {
        ask(SYS_setsid, 0, 0, 0, 0);
        ask(SYS_ioctl, STDIN_FILENO, TIOCSCTTY, 1, 0);
        make_writable(STDOUT_FILENO);
        make_writable(STDERR_FILENO);
    } else {
        ask(SYS_setpgid, 0, 0, 0, 0);
        // SIGTTOU, which this raises in the background, is blocked still.
        if (in_foreground) ask(SYS_ioctl, STDIN_FILENO, TIOCSPGRP, &pid, 0);
    }
    pass_listen_pid(environment, pid);
    set_mask(SIG_SETMASK, 0);
    return execute(argv, environment);
}

// musl's vfork would put the child's errno into memory that is the parent's too. The return
// address waits in a register, as the child's calls write over the stack.
__attribute__((naked, noinline, returns_twice)) static int clone_and_wait(void) {
    __asm__("pop %%rdx\n\tmov %0, %%eax\n\tsyscall\n\tpush %%rdx\n\tret" : : "i"(SYS_vfork));
}

int clinux_spawn(char *const *argv, char **environment, int new_session) {
    static volatile int failure; // the child writes it
    failure = 0;
    if (!environment) environment = environ;
    int foreground = -1;
    ask(SYS_ioctl, STDIN_FILENO, TIOCGPGRP, &foreground, 0);
    // In a container both may be 0, a group outside. But who reads in the background has EIO,
    // where SIGTTIN is blocked; even who reads nothing.
    int in_foreground = foreground == ask(SYS_getpgrp, 0, 0, 0, 0)
        && ask(SYS_read, STDIN_FILENO, NULL, 0, 0) == 0;
    int pid = clone_and_wait();
    if (pid == 0) {
        failure = run_program(argv, environment, new_session, in_foreground);
        clinux_exit(127);
    }
    if (in_foreground && !new_session) borrower = pid;
    if (!failure) return pid;
    // It never was the program, and is nobody's orphan.
    ask(SYS_wait4, pid, NULL, 0, NULL);
    return failure;
}

int clinux_wait(int *status) {
    return ask(SYS_wait4, -1, status, WNOHANG, NULL);
}

// --- files ------------------------------------------------------------------------------

int clinux_close(int fd) {
    return ask(SYS_close, fd, 0, 0, 0);
}

int clinux_get_descriptor_flags(int fd) {
    return ask(SYS_fcntl, fd, F_GETFD, 0, 0);
}

int clinux_open_for_reading(const char *path) {
    return ask(SYS_open, path, O_RDONLY | O_CLOEXEC, 0, 0);
}

int clinux_open_for_writing(const char *path) {
    return ask(SYS_open, path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, 0);
}

int clinux_open_standard_stream(const char *path, int for_writing) {
    return ask(SYS_open, path, (for_writing ? O_RDWR : O_RDONLY) | O_NOCTTY, 0, 0);
}

int clinux_poll_writable(int fd, int timeout_milliseconds) {
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    return ask(SYS_poll, &entry, 1, timeout_milliseconds, 0);
}

ptrdiff_t clinux_read(int fd, void *bytes, size_t count) {
    return ask(SYS_read, fd, bytes, count, 0);
}

void *clinux_scratch(void) {
    static char scratch[clinux_scratch_size] __attribute__((aligned(16)));
    return scratch;
}

ptrdiff_t clinux_write(int fd, const void *bytes, size_t count) {
    return ask(SYS_write, fd, bytes, count, 0);
}

// --- file systems -----------------------------------------------------------------------

int clinux_is_mount_point(const char *path) {
    // musl 1.2.3 knows nothing of statx: the head of its structure, and room for the rest.
    struct {
        uint32_t mask, block_size;
        uint64_t attributes;
        char rest[240];
    } found;
    enum { no_automount = 0x800, mount_root = 0x2000 };
    int result = ask5(SYS_statx, AT_FDCWD, path, no_automount, 0, &found);
    return result < 0 ? result : (found.attributes & mount_root) != 0;
}

int clinux_mkdir(const char *path) {
    return ask(SYS_mkdir, path, 0755, 0, 0);
}

int clinux_mount(const char *type, const char *path, unsigned long flags, const char *data) {
    return ask5(SYS_mount, type, path, type, flags, data);
}

int clinux_mount_read_only(const char *path) {
    return ask5(SYS_mount, NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL);
}

void clinux_sync(void) {
    ask(SYS_sync, 0, 0, 0, 0);
}

int clinux_umount(const char *path) {
    return ask(SYS_umount2, path, UMOUNT_NOFOLLOW, 0, 0);
}

// --- the machine ------------------------------------------------------------------------

int clinux_bring_up_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = ask(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0);
    if (fd < 0) return fd;
    int result = ask(SYS_ioctl, fd, SIOCSIFFLAGS, &request, 0);
    clinux_close(fd);
    return result;
}

int64_t clinux_clock_milliseconds(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int clinux_reboot(enum clinux_reboot_operation operation) {
    static const int operations[] = {
        [clinux_reboot_disable_ctrl_alt_delete] = RB_DISABLE_CAD,
        [clinux_reboot_power_off] = RB_POWER_OFF,
        [clinux_reboot_restart] = RB_AUTOBOOT,
        [clinux_reboot_halt] = RB_HALT_SYSTEM,
    };
    enum { magic1 = 0xfee1dead, magic2 = 672274793 };
    return ask(SYS_reboot, magic1, magic2, operations[operation], 0);
}

int clinux_set_alarm_interval(int milliseconds) {
    struct timeval each = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    struct itimerval timer = {.it_interval = each, .it_value = each};
    return ask(SYS_setitimer, ITIMER_REAL, &timer, NULL, 0);
}

int clinux_set_host_name(const char *name, size_t length) {
    return ask(SYS_sethostname, name, length, 0, 0);
}
