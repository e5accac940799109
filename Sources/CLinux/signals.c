// Signals.

#define _GNU_SOURCE
#include "clinux.h"
#include "signals.h"
#include "system-call.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

struct inherited_signals inherited;
int handlers_are_cleared;

// The kernel's own struct sigaction, on x86-64.
struct kernel_sigaction {
    signal_handler *handler;
    unsigned long flags;
    void (*restorer)(void);
    kernel_sigset mask;
};

enum { with_restorer = 0x04000000 }; // SA_RESTORER

// A handler returns to here. This returns to where the signal came in. rt_sigreturn(2)
__attribute__((naked)) static void restore(void) {
    __asm__("mov %0, %%eax\n\tsyscall" : : "i"(SYS_rt_sigreturn));
}

// exchange_action: set_action, which also says what was set before. A handler of a fault blocks the
// faults too: a process may send them faster than handlers return.
static int exchange_action(
    int signal, signal_handler *handler, unsigned long flags, struct kernel_sigaction *before) {
    struct kernel_sigaction action = {.handler = handler,
        .flags = flags | with_restorer,
        .restorer = restore,
        .mask = BIT(signal) & faults ? ~(kernel_sigset)0 : ~faults};
    return ask4(SYS_rt_sigaction, signal, &action, before, sizeof action.mask);
}

__attribute__((noinline)) int set_action(int signal, signal_handler *handler, unsigned long flags) {
    return exchange_action(signal, handler, flags, NULL);
}

__attribute__((noinline)) int set_mask(int how, kernel_sigset mask) {
    return ask4(SYS_rt_sigprocmask, how, &mask, NULL, sizeof mask);
}

// The signals that a handler has caught and init has not taken yet, and the origin of each. At most
// one waits, plus those of faults: a process may send them, and init never blocks them.
static volatile kernel_sigset arrived;
static volatile unsigned char origins[last_signal + 1];

// Whether this process sleeps until a signal comes, or is about to sleep.
static volatile sig_atomic_t is_waiting;

__attribute__((noinline)) static void note(int signal, const siginfo_t *info) {
    int is_own = info->si_code <= 0 && info->si_pid == clinux_getpid();
    origins[signal] = is_own ? clinux_from_itself
        : info->si_code > 0  ? clinux_from_kernel
                             : clinux_from_process;
    __atomic_fetch_or(&arrived, BIT(signal), __ATOMIC_RELAXED);
}

// ask_unless_arrived: makes a system call that sleeps, or returns -EINTR at once if a signal has
// arrived. A handler may run between that check and the call. Then end_waiting skips the call, so
// that init does not sleep through a signal.
extern const char sleep_begins[] __attribute__((visibility("hidden")));
extern const char sleep_ends[] __attribute__((visibility("hidden")));

__attribute__((naked, noinline)) static long ask_unless_arrived(
    long number, long a, long b, long c, long d, long e) {
    __asm__(
        "mov %%rdi, %%rax\n\t"
        "mov %%rsi, %%rdi\n\t"
        "mov %%rdx, %%rsi\n\t"
        "mov %%rcx, %%rdx\n\t"
        "mov %%r8, %%r10\n\t"
        "mov %%r9, %%r8\n"
        ".hidden sleep_begins\n\t.globl sleep_begins\n"
        "sleep_begins:\n\t"
        "cmpq $0, %c0(%%rip)\n\t"
        "jne 1f\n\t"
        "syscall\n"
        ".hidden sleep_ends\n\t.globl sleep_ends\n"
        "sleep_ends:\n\t"
        "ret\n"
        "1:\tmov %1, %%rax\n\t"
        "ret"
        :
        : "i"(&arrived), "i"(-EINTR));
}

// end_waiting: called by a handler. It leaves every signal blocked, so that one comes at a time,
// and ends the sleep.
static void end_waiting(void *context) {
    ucontext_t *where = context;
    greg_t *registers = where->uc_mcontext.gregs;
    is_waiting = 0;
    *(kernel_sigset *)&where->uc_sigmask = ~faults;
    greg_t at = registers[REG_RIP];
    if (at < (greg_t)sleep_begins || at >= (greg_t)sleep_ends) return;
    registers[REG_RIP] = (greg_t)sleep_ends;
    registers[REG_RAX] = -EINTR;
}

static void (*fault_handler)(int);

static void on_fault(int signal, siginfo_t *info, void *context) {
    if (info->si_code > 0) {
        // The report waits for no signal. Its alarm must interrupt only its own writes.
        is_waiting = 0;
        // The report may fault itself.
        set_mask(SIG_UNBLOCK, faults);
        fault_handler(signal);
        return;
    }
    note(signal, info);
    if (is_waiting) end_waiting(context);
}

static void on_signal(int signal, siginfo_t *info, void *context) {
    // The timer's alarm only ends a write. An alarm that a process sent is a signal like others.
    if (!is_waiting && signal == SIGALRM && info->si_code > 0) return;
    note(signal, info);
    if (is_waiting) end_waiting(context);
}

// take: takes the signal that has arrived; of several the lowest, in the kernel's order.
__attribute__((noinline)) static int take(void) {
    int signal = __builtin_ctzll(arrived) + 1;
    __atomic_fetch_and(&arrived, ~BIT(signal), __ATOMIC_RELAXED);
    return signal | origins[signal] << clinux_origin_shift;
}

int clinux_catch_signals(void) {
    kernel_sigset all = ~faults;
    int result = ask4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &inherited.blocked, sizeof all);
    for (int signal = 1; signal <= last_signal; signal++) {
        struct kernel_sigaction before = {0};
        if (signal == SIGKILL || signal == SIGSTOP || BIT(signal) & faults) continue;
        int failure = exchange_action(signal, on_signal, SA_SIGINFO, &before);
        if (failure < 0) result = failure;
        if (before.handler == IGNORED) inherited.ignored |= BIT(signal);
    }
    return result;
}

int clinux_detach_terminal(void) {
    // When a session leader gives up the terminal, the kernel sends its session HUP and CONT. The
    // kernel drops a signal that is ignored and not blocked.
    kernel_sigset hand_off = BIT(SIGHUP) | BIT(SIGCONT);
    set_action(SIGHUP, IGNORED, 0);
    set_action(SIGCONT, IGNORED, 0);
    set_mask(SIG_UNBLOCK, hand_off);
    int result = ask3(SYS_ioctl, STDIN_FILENO, TIOCNOTTY, 0);
    set_mask(SIG_BLOCK, hand_off);
    set_action(SIGHUP, on_signal, SA_SIGINFO);
    set_action(SIGCONT, on_signal, SA_SIGINFO);
    return result;
}

int clinux_pause(void) {
    is_waiting = 1;
    int result = set_mask(SIG_SETMASK, 0);
    if (result == 0) result = ask_unless_arrived(SYS_pause, 0, 0, 0, 0, 0);
    // The handler that ended the pause has done so. But a fault's signal may have come before the
    // mask was opened, and a filter may refuse the pause.
    set_mask(SIG_SETMASK, ~faults);
    is_waiting = 0;
    return arrived ? take() : result;
}

int clinux_reset_signals(int ignored) {
    int result = 0;
    if (handlers_are_cleared) return ignored ? set_action(ignored, IGNORED, 0) : 0;
    for (int signal = 1; signal <= last_signal; signal++) {
        if (signal == SIGKILL || signal == SIGSTOP) continue;
        int failure = set_action(signal, signal == ignored ? IGNORED : DEFAULT_ACTION, 0);
        if (failure < 0) result = failure;
    }
    return result;
}

int clinux_sigaction_fault(int signal, void (*handler)(int)) {
    struct kernel_sigaction before = {0};
    fault_handler = handler;
    int result = exchange_action(signal, on_fault, SA_SIGINFO | SA_ONSTACK, &before);
    if (before.handler == IGNORED) inherited.ignored |= BIT(signal);
    return result;
}

int clinux_sigaltstack(void) {
    // Room for six nested handlers: with AVX-512 the kernel saves 3 KiB of registers for each.
    static char stack[32 * 1024];
    stack_t where = {.ss_sp = stack, .ss_size = sizeof stack};
    return ask2(SYS_sigaltstack, &where, NULL);
}

int clinux_sigprocmask_let_through(int signal, int through) {
    return set_mask(through ? SIG_UNBLOCK : SIG_BLOCK, BIT(signal));
}

int clinux_stop_self(int signal) {
    kernel_sigset pending = 0;
    set_action(SIGTSTP, DEFAULT_ACTION, 0);
    int result = ask2(SYS_kill, clinux_getpid(), signal);
    if (result == 0) {
        // The process stops here, and continues here.
        set_mask(SIG_UNBLOCK, BIT(SIGTSTP));
        set_mask(SIG_BLOCK, BIT(SIGTSTP));
        ask2(SYS_rt_sigpending, &pending, sizeof pending);
    }
    set_action(SIGTSTP, on_signal, SA_SIGINFO);
    return result < 0 ? result : (pending & BIT(SIGCONT)) != 0;
}

int clinux_unblock_signals(void) {
    return set_mask(SIG_SETMASK, 0);
}

int clinux_wait_for_signal(struct clinux_watched *watched, int count, int64_t milliseconds) {
    struct timespec timeout = {
        .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    kernel_sigset all = ~faults, none = 0;
    siginfo_t info;
    int result = -ENOSYS;
    is_waiting = 1;
    if (count == 0) {
        // Takes a signal without its handler, which would cost one more system call.
        result = ask_unless_arrived(SYS_rt_sigtimedwait, (long)&all, (long)&info,
            milliseconds < 0 ? 0 : (long)&timeout, sizeof all, 0);
        if (result > 0) note(result, &info);
        else if (result == -EAGAIN) result = 0;
    }
    if (!arrived && result != 0 && result != -EINTR) {
        result = ask_unless_arrived(SYS_ppoll, (long)watched, count,
            milliseconds < 0 ? 0 : (long)&timeout, (long)&none, sizeof none);
    }
    if (result < 0 && result != -EINTR) {
        // A system call filter refuses the call. Pending signals still get in here.
        set_mask(SIG_SETMASK, 0);
        set_mask(SIG_SETMASK, ~faults);
    }
    is_waiting = 0;
    if (arrived) return take();
    return result == 0 ? -EAGAIN : result < 0 ? result : 0;
}
