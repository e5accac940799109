// Signals in the kernel's own layout, for the shim only: musl reserves three of them.

#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdint.h>

enum { last_signal = 64 };

typedef uint64_t kernel_sigset;

#define BIT(signal) ((kernel_sigset)1 << ((signal) - 1))

// The signals of faults. If such a signal is blocked, the kernel ends a process that has the fault.
static const kernel_sigset faults =
    BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSEGV) | BIT(SIGSYS);

typedef void signal_handler(int, siginfo_t *, void *);

// SIG_DFL and SIG_IGN, with the type of the handlers that they replace.
#define DEFAULT_ACTION ((signal_handler *)0)
#define IGNORED ((signal_handler *)1)

// What init's parent had set before init caught every signal.
struct inherited_signals {
    kernel_sigset blocked, ignored;
};
extern struct inherited_signals inherited;

// Whether no signal has a handler in this process, nor is ignored: it was forked without them.
extern int handlers_are_cleared;

int set_action(int signal, signal_handler *handler, unsigned long flags);
int set_mask(int how, kernel_sigset mask);

#endif
