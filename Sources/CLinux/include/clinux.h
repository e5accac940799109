// The C side of the seam to Linux: one function for each system call or macro that Swift
// cannot import by itself. No policy lives here, but for what a child does between vfork
// and execve, where nothing but C is safe.
//
// Every function returns a value >= 0, or -errno; none of them lets errno cross the
// border. Functions stand in alphabetical order, each below its man page's prototype.
//
// System calls go to the kernel without the C library in between, but for the clock's, which
// the library answers without the kernel. Its functions would add errno, which this border
// takes off again; musl keeps the signals 32 to 34 for itself and refuses to block them, and
// glibc's programs send 34 and up to PID 1.

#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>

// int ioctl(int fd, SIOCSIFFLAGS, struct ifreq *);                       netdevice(7)
// Sets IFF_UP for the interface `lo`.
int clinux_bring_up_loopback(void);

// int clock_gettime(clockid_t clockid, struct timespec *tp);        clock_gettime(2)
// CLOCK_MONOTONIC in milliseconds. Asks the vDSO where there is one, not the kernel.
int64_t clinux_clock_milliseconds(void);

// int close(int fd);                                                        close(2)
int clinux_close(int fd);

// void _exit(int status);                                                   _exit(2)
// A terminal that clinux_spawn gave to the program, and that the program still has, is this
// process's group's again.
_Noreturn void clinux_exit(int code);

// pid_t fork(void);                                                          fork(2)
// Without the C library's locks and handlers: there are no threads. 0 in the child.
int clinux_fork(void);

// int fcntl(int fd, F_GETFD);                                               fcntl(2)
// -EBADF where `fd` is not open.
int clinux_get_descriptor_flags(int fd);

// pid_t getpid(void);                                                      getpid(2)
int clinux_getpid(void);

// int statx(int dirfd, const char *path, int flags, unsigned mask, struct statx *);
//                                                                           statx(2)
// STATX_ATTR_MOUNT_ROOT: 1 where a file system is mounted on `path` itself. 0 too where the
// kernel is too old to say (before 5.8).
int clinux_is_mount_point(const char *path);

// int kill(pid_t pid, int sig);                                              kill(2)
int clinux_kill(int pid, int signal);

// int mkdir(const char *path, mode_t mode);                                 mkdir(2)
// Mode 755.
int clinux_mkdir(const char *path);

// int mount(const char *source, const char *target, const char *type,
//           unsigned long flags, const void *data);                         mount(2)
int clinux_mount(const char *type, const char *path, unsigned long flags, const char *data);

// The same call with MS_REMOUNT | MS_RDONLY: what is mounted stays so, for reading only.
int clinux_mount_read_only(const char *path);

// int open(const char *path, int flags);                                     open(2)
// O_RDONLY | O_CLOEXEC.
int clinux_open_for_reading(const char *path);

// Never waits for a terminal's carrier, never makes the terminal a controlling one, closed
// on execve: O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC.
int clinux_open_for_writing(const char *path);

// As a standard stream, which stays open on execve: O_RDWR | O_NOCTTY, or O_RDONLY.
int clinux_open_standard_stream(const char *path, int for_writing);

// int pause(void);                                                          pause(2)
// Lets all signals through, pauses until one comes, and returns its number, with all
// signals blocked again. None is lost in between.
int clinux_pause_for_signal(void);

// int poll(struct pollfd *fds, nfds_t nfds, int timeout);                    poll(2)
// Waits until `fd` takes bytes or is in error; with an `fd` of -1, for the time alone.
// 1: ready, 0: timed out.
int clinux_poll_writable(int fd, int timeout_milliseconds);

// ssize_t read(int fd, void *buf, size_t count);                             read(2)
ptrdiff_t clinux_read(int fd, void *bytes, size_t count);

// int reboot(int op);                                                      reboot(2)
enum clinux_reboot_operation {
    clinux_reboot_disable_ctrl_alt_delete,
    clinux_reboot_power_off,
    clinux_reboot_restart,
    clinux_reboot_halt,
};
int clinux_reboot(enum clinux_reboot_operation operation);

// A buffer of clinux_scratch_size bytes for whoever reads a file: there is no heap, and the
// pages cost nothing before they are used.
enum { clinux_scratch_size = 32 * 1024 };
void *clinux_scratch(void);

// int setitimer(int which, const struct itimerval *new, struct itimerval *old);
//                                                                       setitimer(2)
// ITIMER_REAL: a SIGALRM every `milliseconds`, none from now on where it is 0.
int clinux_set_alarm_interval(int milliseconds);

// int sethostname(const char *name, size_t len);                     sethostname(2)
int clinux_set_host_name(const char *name, size_t length);

// int prctl(PR_SET_PDEATHSIG, int signal);                                  prctl(2)
int clinux_set_parent_death_signal(int signal);

// int prctl(PR_SET_CHILD_SUBREAPER, 1);                                     prctl(2)
int clinux_set_subreaper(void);

// int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact);
//                                                                       sigaction(2)
// `handler` runs on the stack of clinux_sigaltstack for a fault of this process: an
// instruction or an access that the processor refuses. The same signal sent by a process is
// no fault, and is passed on to the functions that wait for signals.
int clinux_sigaction_fault(int signal, void (*handler)(int));

// int sigaltstack(const stack_t *ss, stack_t *old_ss);                sigaltstack(2)
// A static stack of the shim's own for the handlers of faults, so that one that answers a
// stack overflow has where to run.
int clinux_sigaltstack(void);

// int sigprocmask(int how, const sigset_t *set, sigset_t *oldset);    sigprocmask(2)
// Blocks every signal but those that a fault raises: the kernel kills whoever has a fault
// while its signal is blocked.
int clinux_sigprocmask_block(void);

// Lets `signal` through, to end whatever system call blocks (no SA_RESTART) and to do nothing
// else, or blocks it again.
int clinux_sigprocmask_let_through(int signal, int through);

// int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout);
//                                                                    sigtimedwait(2)
// Takes the next signal, whichever. -EAGAIN when the time is up, -EINTR for no reason that
// matters. A timeout below 0 is none.
int clinux_sigtimedwait(int64_t timeout_milliseconds);

// pid_t vfork(void);                                                        vfork(2)
// int execvpe(const char *file, char *const argv[], char *const envp[]);     exec(3)
// Runs argv[0], looked up in PATH, in a process group of its own, with no signal blocked or
// ignored. Returns its process number, or -errno of vfork or execvpe.
//   environment  like environ(7), or NULL for this process's own. Where LISTEN_PID names
//                this process the program finds its own number there, sd_listen_fds(3).
//   new_session  its own session too, with descriptor 0 as its controlling terminal, and with
//                descriptors 1 and 2 that can be written to, if need be to /dev/null.
//                Otherwise, where this process is in the foreground of a terminal, the
//                program takes its place there.
int clinux_spawn(char *const *argv, char **environment, int new_session);

// void sync(void);                                                           sync(2)
void clinux_sync(void);

// int umount2(const char *target, int flags);                               umount(2)
int clinux_umount(const char *path);

// pid_t wait4(pid_t pid, int *wstatus, int options, struct rusage *rusage);  wait4(2)
// Reaps any one child that has ended. 0 where none has; -ECHILD where there is none.
int clinux_wait(int *status);

// ssize_t write(int fd, const void *buf, size_t count);                     write(2)
ptrdiff_t clinux_write(int fd, const void *bytes, size_t count);

#endif
