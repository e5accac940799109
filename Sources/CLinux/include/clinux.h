// The C side of the seam to Linux: one function for each system call or macro that Swift
// cannot import by itself. No policy lives here.
//
// Every function returns a value >= 0, or -errno; none of them lets errno cross the
// border. Functions stand in alphabetical order, each below its man page's prototype.

#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>

// int open(const char *pathname, int flags);                                  open(2)
// Opens for writing. Never waits for a terminal's carrier, never makes the terminal a
// controlling one, closed on execve: O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC.
int clinux_open_for_writing(const char *path);

// int pause(void);                                                           pause(2)
// Returns -EINTR once a signal handler has run, and only then.
int clinux_pause(void);

// int poll(struct pollfd *fds, nfds_t nfds, int timeout);                     poll(2)
// Waits until `fd` takes bytes or is in error. 1: ready, 0: timed out.
int clinux_poll_writable(int fd, int timeout_milliseconds);

// int setitimer(int which, const struct itimerval *new, struct itimerval *old);
//                                                                        setitimer(2)
// ITIMER_REAL: a SIGALRM every `milliseconds`, none from now on where it is 0.
int clinux_set_alarm_interval(int milliseconds);

// int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact);
//                                                                        sigaction(2)
// `handler` runs on the stack that clinux_sigaltstack names, if called (SA_ONSTACK), with the
// signal itself not blocked (SA_NODEFER: a fault while its own signal is blocked kills), and interrupts system calls (no SA_RESTART).
int clinux_sigaction_handle(int signal, void (*handler)(int));

// The same call with SIG_IGN. For SIGCHLD it means that the kernel reaps children itself.
int clinux_sigaction_ignore(int signal);

// int sigaltstack(const stack_t *ss, stack_t *old_ss);                 sigaltstack(2)
// Handlers run on a static stack of the shim's own from now on, so that one that answers
// a stack overflow has where to run.
int clinux_sigaltstack(void);

// int sigprocmask(int how, const sigset_t *set, sigset_t *oldset);     sigprocmask(2)
// SIG_SETMASK with an empty set: no signal is blocked from now on.
int clinux_sigprocmask_clear(void);

// ssize_t write(int fd, const void *buf, size_t count);                      write(2)
ptrdiff_t clinux_write(int fd, const void *bytes, size_t count);

#endif
