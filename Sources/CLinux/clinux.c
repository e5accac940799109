#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
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

_Static_assert(sizeof(ptrdiff_t) == sizeof(ssize_t), "read(2) and write(2) counts fit");

static int result_of(long result) {
    return result < 0 ? -errno : (int)result;
}

// --- signals, by the kernel's own layout ------------------------------------------------

enum { last_signal = 64 };

typedef uint64_t kernel_sigset;

#define BIT(signal) ((kernel_sigset)1 << ((signal) - 1))

static const kernel_sigset faults =
    BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSEGV) | BIT(SIGSYS);

// What the kernel calls struct sigaction, on x86-64.
struct kernel_sigaction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    kernel_sigset mask;
};

enum { with_restorer = 0x04000000 }; // SA_RESTORER

// A handler returns to here, and this to where the signal came in. rt_sigreturn(2)
__attribute__((naked)) static void restore(void) {
    __asm__("mov %0, %%eax\n\tsyscall" : : "i"(SYS_rt_sigreturn));
}

static int set_action(int signal, void (*handler)(int, siginfo_t *, void *), unsigned long flags) {
    struct kernel_sigaction action = {
        .handler = handler, .flags = flags | with_restorer, .restorer = restore, .mask = ~faults};
    return result_of(syscall(SYS_rt_sigaction, signal, &action, NULL, sizeof action.mask));
}

static int set_mask(int how, kernel_sigset mask) {
    return result_of(syscall(SYS_rt_sigprocmask, how, &mask, NULL, sizeof mask));
}

// Nobody can block the signal of a fault, so one that a process has sent arrives in a
// handler, in the middle of anything. It is sent on to this process as this one, which is
// blocked and waits its turn, with the number as its value.
enum { carrier = 33 };

// The number of the signal that `info` tells of.
static int number_of(const siginfo_t *info) {
    int value = info->si_value.sival_int;
    int is_carried = info->si_signo == carrier && info->si_code == SI_QUEUE
        && info->si_pid == getpid() && value >= 1 && value <= last_signal;
    return is_carried ? value : info->si_signo;
}

static void (*fault_handler)(int);

static void on_fault(int signal, siginfo_t *info, void *context) {
    (void)context;
    if (info->si_code > 0) {
        fault_handler(signal);
        return;
    }
    siginfo_t carried = {.si_signo = carrier, .si_code = SI_QUEUE};
    carried.si_pid = getpid();
    carried.si_value.sival_int = signal;
    syscall(SYS_rt_sigqueueinfo, getpid(), carrier, &carried);
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
    (void)signal, (void)context;
    if (is_pausing) {
        is_pausing = 0;
        caught = number_of(info);
        longjmp(after_pause, 1);
    }
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
    while (result == 0) pause();
    is_pausing = 0;
    return result;
}

int clinux_sigaltstack(void) {
    // For two nested handlers: with AVX-512 the kernel saves 3 KiB of registers for each.
    static char stack[32 * 1024];
    stack_t where = {.ss_sp = stack, .ss_size = sizeof stack};
    return result_of(sigaltstack(&where, NULL));
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
    int result = result_of(syscall(SYS_rt_sigtimedwait, &all, &info,
        timeout_milliseconds < 0 ? NULL : &timeout, sizeof all));
    return result < 0 ? result : number_of(&info);
}

// --- processes --------------------------------------------------------------------------

_Noreturn void clinux_exit(int code) {
    _exit(code);
}

int clinux_fork(void) {
    return result_of(syscall(SYS_fork));
}

int clinux_getpid(void) {
    return getpid();
}

int clinux_kill(int pid, int signal) {
    return result_of(kill(pid, signal));
}

int clinux_set_parent_death_signal(int signal) {
    return result_of(prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0));
}

int clinux_set_subreaper(void) {
    return result_of(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
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

static const char listen_pid[] = "LISTEN_PID=";

// listen_pid_entry: the entry by which a socket-activated program knows that the sockets are
// meant for it, if they were handed to this process.
static char **listen_pid_entry(char **environment) {
    char number[12];
    write_number(number, getpid());
    for (; *environment; environment++) {
        if (strncmp(*environment, listen_pid, sizeof listen_pid - 1) == 0
            && strcmp(*environment + sizeof listen_pid - 1, number) == 0)
            return environment;
    }
    return NULL;
}

// run_program: what the child of a vfork does; returns errno, if execvp fails. It shares its
// parent's memory, and the parent waits meanwhile.
__attribute__((noinline)) static int run_program(
    char *const *argv, char **listen, int new_session, int in_foreground) {
    static char own_listen_pid[sizeof listen_pid + 12];
    for (int signal = 1; signal <= last_signal; signal++) {
        set_action(signal, NULL, 0); // SIG_DFL is a null pointer
    }
    if (new_session) {
        setsid();
        ioctl(STDIN_FILENO, TIOCSCTTY, 1);
    } else {
        setpgid(0, 0);
        // SIGTTOU, which this raises in the background, is blocked still.
        if (in_foreground) tcsetpgrp(STDIN_FILENO, getpid());
    }
    if (listen) {
        memcpy(own_listen_pid, listen_pid, sizeof listen_pid);
        write_number(own_listen_pid + sizeof listen_pid - 1, getpid());
        *listen = own_listen_pid;
    }
    set_mask(SIG_SETMASK, 0);
    execvp(argv[0], argv);
    return errno;
}

int clinux_spawn(char *const *argv, char **environment, int new_session) {
    static volatile int failure; // the child writes it
    failure = 0;
    char **own_environment = environ;
    if (environment) environ = environment;
    char **listen = listen_pid_entry(environ);
    int in_foreground = tcgetpgrp(STDIN_FILENO) == getpgrp();
    int pid = vfork();
    if (pid == 0) {
        failure = run_program(argv, listen, new_session, in_foreground);
        _exit(127);
    }
    int result = result_of(pid);
    environ = own_environment;
    return failure ? -failure : result;
}

int clinux_wait(int *status) {
    return result_of(wait4(-1, status, WNOHANG, NULL));
}

// --- files ------------------------------------------------------------------------------

int clinux_close(int fd) {
    return result_of(close(fd));
}

int clinux_get_descriptor_flags(int fd) {
    return result_of(fcntl(fd, F_GETFD));
}

int clinux_open_for_reading(const char *path) {
    return result_of(open(path, O_RDONLY | O_CLOEXEC));
}

int clinux_open_for_writing(const char *path) {
    return result_of(open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

int clinux_open_standard_stream(const char *path, int for_writing) {
    return result_of(open(path, (for_writing ? O_RDWR : O_RDONLY) | O_NOCTTY));
}

int clinux_poll_writable(int fd, int timeout_milliseconds) {
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    return result_of(poll(&entry, 1, timeout_milliseconds));
}

ptrdiff_t clinux_read(int fd, void *bytes, size_t count) {
    ssize_t got = read(fd, bytes, count);
    return got < 0 ? -errno : got;
}

void *clinux_scratch(void) {
    static char scratch[clinux_scratch_size] __attribute__((aligned(16)));
    return scratch;
}

ptrdiff_t clinux_write(int fd, const void *bytes, size_t count) {
    ssize_t written = write(fd, bytes, count);
    return written < 0 ? -errno : written;
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
    int result = result_of(syscall(SYS_statx, AT_FDCWD, path, no_automount, 0, &found));
    return result < 0 ? result : (found.attributes & mount_root) != 0;
}

int clinux_mkdir(const char *path) {
    return result_of(mkdir(path, 0755));
}

int clinux_mount(const char *type, const char *path, unsigned long flags, const char *data) {
    return result_of(mount(type, path, type, flags, data));
}

int clinux_mount_read_only(const char *path) {
    return result_of(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL));
}

void clinux_sync(void) {
    sync();
}

int clinux_umount(const char *path) {
    return result_of(umount2(path, UMOUNT_NOFOLLOW));
}

// --- the machine ------------------------------------------------------------------------

int clinux_bring_up_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int result = result_of(ioctl(fd, SIOCSIFFLAGS, &request));
    close(fd);
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
    return result_of(reboot(operations[operation]));
}

int clinux_set_alarm_interval(int milliseconds) {
    struct timeval each = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    struct itimerval timer = {.it_interval = each, .it_value = each};
    return result_of(setitimer(ITIMER_REAL, &timer, NULL));
}

int clinux_set_host_name(const char *name, size_t length) {
    return result_of(sethostname(name, length));
}
