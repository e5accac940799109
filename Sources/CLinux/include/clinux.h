// The C side of the seam to Linux: one function for each system call or macro that Swift cannot
// import. It holds no policy, except for what the child of clinux_spawn does before execve. There
// is one C file per topic: files, machine, process, signals, sockets, terminal.
//
// Every function returns a value >= 0, or -errno. None of them touches errno itself. The functions
// are in alphabetical order, each below the prototype of its man page.
//
// The system calls bypass the C library. Its functions would only add errno, which this shim
// would remove again. musl reserves the signals 32 to 34 and refuses to block them, but
// programs built with glibc send 34 and above to PID 1.

#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>

// int accept4(int sockfd, struct sockaddr *, socklen_t *, int flags);       accept(2)
// The connection does not block, and closes on execve.
int clinux_accept(int fd);

// A buffer of clinux_agent_size bytes for the agent of a machine. There is no heap, and the pages
// cost nothing until they are used.
enum { clinux_agent_size = 2 * 1024 * 1024 };
void *clinux_agent_memory(void);

// One message for the kernel's network, with NLM_F_ACK, and its answer.     rtnetlink(7)
int clinux_ask_network(const void *request, size_t size);

// int bind(int sockfd, const struct sockaddr *, socklen_t);                   bind(2)
// A socket in the file system, with the access `mode`. It does not block, and closes on execve.
// A stream socket listens; a datagram socket gets its senders' credentials.
int clinux_bind(const char *path, int is_stream, int mode);

// int ioctl(int fd, SIOCSIFFLAGS, struct ifreq *);                       netdevice(7)
// Sets IFF_UP for the interface `lo`.
int clinux_bring_up_loopback(void);

// int clock_gettime(clockid_t clockid, struct timespec *tp);        clock_gettime(2)
// CLOCK_MONOTONIC in microseconds.
int64_t clinux_clock_microseconds(void);

// int clock_gettime(clockid_t clockid, struct timespec *tp);        clock_gettime(2)
// CLOCK_MONOTONIC in milliseconds.
int64_t clinux_clock_milliseconds(void);

// int chdir(const char *path);                                              chdir(2)
int clinux_change_directory(const char *path);

// int fchown(int fd, uid_t owner, gid_t group);                             chown(2)
// UINT_MAX leaves the user or the group as it is.
int clinux_change_file_owner(int fd, unsigned user, unsigned group);

// int chmod(const char *path, mode_t mode);                                 chmod(2)
int clinux_change_mode(const char *path, unsigned mode);

// int chown(const char *path, uid_t owner, gid_t group);                    chown(2)
// Follows a link. UINT_MAX leaves the user or the group as it is.
int clinux_change_owner(const char *path, unsigned user, unsigned group);

// int chroot(const char *path);                                            chroot(2)
int clinux_change_root(const char *path);

// int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact);
//                                                                       sigaction(2)
// Blocks every signal except those of faults, and gives each a handler, since the kernel drops
// a signal for which PID 1 has none. Remembers what was blocked and ignored before.
int clinux_catch_signals(void);

// int close(int fd);                                                        close(2)
int clinux_close(int fd);

// int close_range(unsigned first, unsigned last, unsigned flags);     close_range(2)
int clinux_close_range(int first, int last);

// int connect(int sockfd, const struct sockaddr *, socklen_t);              connect(2)
// A stream socket that is connected to the one at `path`, and closes on execve. -EAGAIN if nobody
// accepts it in time.
int clinux_connect(const char *path, int timeout_milliseconds);

// int ioctl(int fd, LOOP_CLR_FD);                                            loop(4)
// For the device at `path`: at once, or when its last user closes it.
int clinux_detach_loop(const char *path);

// A buffer of clinux_directory_size bytes for the entries of a directory.
enum { clinux_directory_size = 4 * 1024 };
void *clinux_directory(void);

// int ioctl(int fd, TIOCNOTTY);                                         ioctl_tty(2)
// Gives up the controlling terminal on descriptor 0. The signals that this raises are discarded.
int clinux_detach_terminal(void);

// int fcntl(int fd, F_SETFL, O_NONBLOCK);                                   fcntl(2)
// From now on no call waits for `fd`.
int clinux_do_not_block(int fd);

// int dup2(int oldfd, int newfd);                                            dup(2)
// The copy stays open on execve; so does `fd`, if it is to be its own copy.
int clinux_duplicate(int fd, int as);

// int fcntl(int fd, F_DUPFD_CLOEXEC, int lowest);                           fcntl(2)
// The lowest free descriptor from `lowest` up, which closes on execve.
int clinux_duplicate_above(int fd, int lowest);

// int execve(const char *path, char *const argv[], char *const envp[]);    execve(2)
// Does not look the file up, and runs no shell. Returns only if it fails.
int clinux_execve(const char *path, char *const *argv, char *const *environment);

// int epoll_create1(EPOLL_CLOEXEC);                                  epoll_create(2)
int clinux_epoll_create(void);

// int epoll_wait(int epfd, struct epoll_event *events, 1, 0);          epoll_wait(2)
// Takes the number of one descriptor that has got something to read. 1, or 0 if there is none.
int clinux_epoll_take(int epoll, uint32_t *number);

// int epoll_ctl(int epfd, EPOLL_CTL_ADD, int fd, struct epoll_event *);  epoll_ctl(2)
// EPOLLIN | EPOLLET: told of once, and again when more has come.
int clinux_epoll_watch(int epoll, int fd, uint32_t number);

// void _exit(int status);                                                   _exit(2)
_Noreturn void clinux_exit(int code);

// off_t lseek(int fd, 0, SEEK_END);                                         lseek(2)
int64_t clinux_file_size(int fd);

// int statfs(const char *path, struct statfs *buf);                        statfs(2)
// How large the file system of `path` is, in bytes.
int64_t clinux_file_system_size(const char *path);

// pid_t fork(void);                                                          fork(2)
// Bypasses the C library's locks and handlers: init has no threads. 0 in the child.
int clinux_fork(void);

// long clone3(struct clone_args *args, size_t size);                        clone(2)
// fork(2), with the child in the cgroup of this directory's descriptor (CLONE_INTO_CGROUP) from
// its first moment, unless that is -1. No signal has a handler in the child (CLONE_CLEAR_SIGHAND).
// 0 in the child.
int clinux_fork_service(int cgroup);

// int fstat(int fd, struct stat *statbuf);                                   stat(2)
// What tells an open file from others, its type and mode, and its size in bytes.
struct clinux_file {
    uint64_t device, number;
    int64_t size;
    unsigned mode;
};
int clinux_fstat(int fd, struct clinux_file *found);

// int fsync(int fd);                                                        fsync(2)
int clinux_fsync(int fd);

// int fcntl(int fd, F_GETFD);                                               fcntl(2)
// -EBADF if `fd` is not open.
int clinux_get_descriptor_flags(int fd);

// pid_t tcgetpgrp(int fd);                                               tcgetpgrp(3)
// The foreground group of `fd`, which must be the controlling terminal; otherwise -ENOTTY. 0 if
// that group is outside of this PID namespace.
int clinux_get_foreground_group(int fd);

// int prlimit(pid_t pid, int resource, const struct rlimit *new, struct rlimit *old);
//                                                                         prlimit(2)
// The soft and the hard limit; UINT64_MAX is none.
int clinux_get_limit(int resource, uint64_t limits[2]);

// pid_t getpgrp(void);                                                    getpgrp(2)
int clinux_getpgrp(void);
// ssize_t getdents64(int fd, void *dirp, size_t count);                  getdents(2)
// Reads into the buffer of clinux_directory; 0 at the end.
int clinux_getdents(int fd, void *entries);
// int prctl(PR_GET_CHILD_SUBREAPER, int *subreaper);                        prctl(2)
int clinux_get_subreaper(void);

// pid_t getpid(void);                                                      getpid(2)
int clinux_getpid(void);

// pid_t getppid(void);                                                     getpid(2)
// 0 if the parent is outside of this PID namespace.
int clinux_getppid(void);

// int ioctl(int fd, TIOCVHANGUP);                                      vhangup(2)
// For the terminal on `fd`: whoever has it open can use it no more, and neither can this process.
int clinux_hang_up_terminal(int fd);

// int inotify_add_watch(int fd, const char *path, uint32_t mask);
//                                                               inotify_add_watch(2)
// Has `inotify` told of what is written, made, renamed and moved in a directory, and that it has
// moved itself; for a `parent` only of what is removed from there. The kernel does not tell of the
// removal of a directory that somebody is in.
int clinux_inotify_add(int inotify, const char *directory, int is_parent);

// int inotify_init1(IN_NONBLOCK | IN_CLOEXEC);                        inotify_init(2)
int clinux_inotify_create(void);

// ssize_t read(int fd, void *buf, size_t count);                           inotify(7)
// Takes some of what there is, with the buffer of clinux_directory. Returns enum clinux_notice, or
// -EAGAIN if there is nothing.
enum clinux_notice {
    // Something has been written.
    clinux_notice_written = 1,
    // A name has been made, renamed or moved, or more has happened than the kernel can tell.
    clinux_notice_named = 2,
    // The directory may be gone.
    clinux_notice_gone = 4,
};
int clinux_inotify_take(int inotify);

// ssize_t read(int fd, void *buf, 0);                                  read(2), tty(4)
// Whether this process's group is in the foreground of its controlling terminal; below 0 if it has
// none. Reads no byte and does not wait.
int clinux_is_in_foreground(void);

// int statx(int dirfd, const char *path, int flags, unsigned mask, struct statx *);
//                                                                           statx(2)
// STATX_ATTR_MOUNT_ROOT: 1 if a file system is mounted on `path` itself. Also 0 if the kernel is
// too old to tell (before 5.8).
int clinux_is_mount_point(const char *path);

// int ioctl(int fd, TCGETS, struct termios *argp);                     ioctl_tty(2)
// Below 0 if `fd` is no terminal.
int clinux_is_terminal(int fd);

// int kill(pid_t pid, int sig);                                              kill(2)
int clinux_kill(int pid, int signal);

// int fcntl(int fd, F_SETFL, 0);                                            fcntl(2)
// From now on calls wait that `fd` cannot do at once.
int clinux_let_block(int fd);

// int mkdir(const char *path, mode_t mode);                                 mkdir(2)
// Any mode; the umask takes bits off.
int clinux_make_directory(const char *path, unsigned mode);

// int access(const char *path, W_OK);                                      access(2)
int clinux_may_write(const char *path);

// int mount(const char *source, const char *target, const char *type,
//           unsigned long flags, const void *data);                         mount(2)
int clinux_mount(const char *type, const char *path, unsigned long flags, const char *data);

// The same call with a source of its own. `type` and `data` may be NULL.
int clinux_mount_from(const char *source, const char *path, const char *type,
    unsigned long flags, const char *data);

// The same call with MS_REMOUNT | MS_RDONLY: the file system stays mounted, but read-only.
int clinux_mount_read_only(const char *path);

// int open(const char *path, int flags, mode_t mode);                        open(2)
// O_CLOEXEC, and `flags`.
int clinux_open(const char *path, int flags, unsigned mode);

// int open(const char *path, int flags);                                     open(2)
// O_RDONLY | O_CLOEXEC.
int clinux_open_for_reading(const char *path);

// Does not wait for a terminal's carrier, does not make the terminal the controlling one, and
// closes on execve: O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC.
int clinux_open_for_writing(const char *path);

// For reading, and for writing at the end; makes the file, with mode 640. A link is not followed.
// O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC.
int clinux_open_log(const char *path);

// Opens a standard stream, which stays open on execve: O_RDWR | O_NOCTTY, or O_RDONLY.
int clinux_open_standard_stream(const char *path, int for_writing);

// int ioctl(int fd, TIOCGPTPEER, int flags);                           ioctl_tty(2)
// The other end of the terminal whose master is `fd`: O_RDWR | O_NOCTTY | O_CLOEXEC.
int clinux_open_terminal_peer(int fd);

// int pause(void);                                                          pause(2)
// Unblocks all signals, pauses until one comes, takes it, and blocks all signals again. No signal
// is lost in between. Returns the same as clinux_wait_for_signal.
int clinux_pause(void);

// int getsockopt(int sockfd, SOL_SOCKET, SO_PEERCRED, ...);                   unix(7)
// The user who connected.
int64_t clinux_peer_user(int fd);

// int ioctl(int fd, FIONREAD, int *argp);                                 ioctl(2)
// How many bytes can be read from `fd` at once.
int clinux_pending_bytes(int fd);

// int pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags);
//                                                               pidfd_send_signal(2)
int clinux_pidfd_send_signal(int pidfd, int signal);

// int pipe2(int pipefd[2], O_CLOEXEC | O_NONBLOCK);                          pipe(2)
int clinux_pipe(int ends[2]);

// A buffer of clinux_planner_size bytes for the planner of services. There is no heap.
enum { clinux_planner_size = 384 * 1024 };
void *clinux_planner_memory(void);

// int poll(struct pollfd *fds, nfds_t nfds, int timeout);                    poll(2)
// Waits until one is ready. Returns how many are.
struct clinux_watched;
int clinux_poll(struct clinux_watched *watched, int count, int timeout_milliseconds);

// int poll(struct pollfd *fds, nfds_t nfds, -1);                             poll(2)
// Sleeps until there is something to read from one of two descriptors, of which one may be -1, or
// until nobody reads any more what is written to `output`. 1: something is there, 0: nobody reads.
int clinux_poll_either(int first, int second, int output);

// int poll(struct pollfd *fds, nfds_t nfds, int timeout);                    poll(2)
// Waits until `fd` has bytes, has come to its end, or has an error. 1: so it is, 0: timed out.
int clinux_poll_readable(int fd, int timeout_milliseconds);

// int poll(struct pollfd *fds, nfds_t nfds, int timeout);                    poll(2)
// Waits until `fd` takes bytes or has an error. With an `fd` of -1 it only waits for the time.
// 1: ready, 0: timed out.
int clinux_poll_writable(int fd, int timeout_milliseconds);

// ssize_t getrandom(void *buf, size_t count, GRND_NONBLOCK);             getrandom(2)
// -EAGAIN as long as the kernel has no randomness.
ptrdiff_t clinux_random(void *bytes, size_t count);

// ssize_t pread(int fd, void *buf, size_t count, off_t offset);             pread(2)
ptrdiff_t clinux_pread(int fd, void *bytes, size_t count, int64_t offset);

// ssize_t read(int fd, void *buf, size_t count);                             read(2)
ptrdiff_t clinux_read(int fd, void *bytes, size_t count);

// What the child of a clinux_spawn has reported: 0 if it has become the program, the errno of
// execve (above 0) if execve failed, -EAGAIN if it has not reported yet.
int clinux_read_report(int report);

// int open(const char *pathname, int flags);                                 open(2)
// int fstat(int fd, struct stat *statbuf);                                   stat(2)
// The beginning of a regular file, and the user that owns it. Of what is none: no byte, and the
// user. -ELOOP if it is a link. Does not wait, not even for the other end of a FIFO.
int clinux_read_start(const char *path, void *bytes, size_t size, unsigned *user);

// ssize_t readlink(const char *path, char *buf, size_t bufsiz);          readlink(2)
ptrdiff_t clinux_readlink(const char *path, char *target, size_t size);

// int reboot(int op);                                                      reboot(2)
enum clinux_reboot_operation {
    clinux_reboot_disable_ctrl_alt_delete,
    clinux_reboot_power_off,
    clinux_reboot_restart,
    clinux_reboot_halt,
};
int clinux_reboot(enum clinux_reboot_operation operation);

// ssize_t recvmsg(int sockfd, struct msghdr *msg, int flags);                recv(2)
// One message, with its sender's user and process; UINT32_MAX and 0 if they are unknown. Closes
// descriptors that come with it. -EMSGSIZE if it is longer than `size`. Does not wait.
int clinux_receive(int fd, void *bytes, size_t size, uint32_t *user, int *process);

// int ioctl(int fd, DM_REMOVE_ALL, struct dm_ioctl *);          linux/dm-ioctl.h
// Removes no mapping that is open.
int clinux_remove_mappings(void);

// int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact);
//                                                                       sigaction(2)
// Every signal has its default action again, except `ignored`, which is ignored; 0 for none.
// Leaves all of them blocked.
int clinux_reset_signals(int ignored);

// int rmdir(const char *path);                                              rmdir(2)
int clinux_remove_directory(const char *path);

// int ioctl(int fd, TCSETS, const struct termios *);                     ioctl_tty(2)
// Gives the terminal on `fd` the settings that a new one has, but for its speed, and lets every
// process open it.
int clinux_reset_terminal(int fd);

// int rename(const char *oldpath, const char *newpath);                    rename(2)
int clinux_rename(const char *from, const char *to);

// A buffer of clinux_scratch_size bytes to read files into. There is no heap, and the pages cost
// nothing until they are used.
enum { clinux_scratch_size = 32 * 1024 };
void *clinux_scratch(void);

// ssize_t send(int sockfd, const void *buf, size_t len, int flags);          send(2)
// Neither waits nor raises SIGPIPE.
int clinux_send(int fd, const void *bytes, size_t size);

// int setitimer(int which, const struct itimerval *new, struct itimerval *old);
//                                                                       setitimer(2)
// ITIMER_REAL: raises SIGALRM every `milliseconds`; 0 stops the timer.
int clinux_set_alarm_interval(int milliseconds);

// int tcsetpgrp(int fd, pid_t pgrp);                                     tcsetpgrp(3)
// Puts a group into the foreground of the terminal on descriptor 0.
int clinux_set_foreground_group(int group);

// int setresgid(gid_t rgid, gid_t egid, gid_t sgid);                    setresuid(2)
int clinux_set_group(unsigned group);

// int setgroups(size_t size, const gid_t *list);                        setgroups(2)
int clinux_set_groups(size_t count, const unsigned *groups);

// int sethostname(const char *name, size_t len);                     sethostname(2)
int clinux_set_host_name(const char *name, size_t length);

// int syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, int ioprio);      ioprio_set(2)
int clinux_set_io_priority(int priority);

// int prlimit(pid_t pid, int resource, const struct rlimit *new, struct rlimit *old);
//                                                                         prlimit(2)
// UINT64_MAX is no limit.
int clinux_set_limit(int resource, uint64_t soft, uint64_t hard);

// int prctl(PR_SET_PDEATHSIG, int signal);                                  prctl(2)
int clinux_set_parent_death_signal(int signal);

// A buffer of clinux_services_size bytes for what init keeps about its services. The pages cost
// nothing where there are none.
enum { clinux_services_size = 320 * 1024 };
void *clinux_services_memory(void);

// int setpriority(PRIO_PROCESS, 0, int prio);                         setpriority(2)
int clinux_set_priority(int priority);

// int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param);
//                                                              sched_setscheduler(2)
int clinux_set_scheduling(int policy, int priority);

// pid_t setsid(void);                                                      setsid(2)
int clinux_set_sid(void);

// int prctl(PR_SET_CHILD_SUBREAPER, 1);                                     prctl(2)
int clinux_set_subreaper(void);

// mode_t umask(mode_t mask);                                                umask(2)
// Returns what it was before.
int clinux_set_umask(unsigned mask);

// int setresuid(uid_t ruid, uid_t euid, uid_t suid);                    setresuid(2)
int clinux_set_user(unsigned user);

// int ioctl(int fd, TIOCSWINSZ, const struct winsize *argp);           ioctl_tty(2)
// The size of a terminal. Its foreground group is told if that is another one, by SIGWINCH.
int clinux_set_window(int fd, unsigned short rows, unsigned short columns);

// int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact);
//                                                                       sigaction(2)
// `handler` runs on the stack of clinux_sigaltstack when this process has a fault: the processor
// refuses an instruction or an access. If a process sent the signal, it is no fault, and the
// functions that wait for signals return it.
int clinux_sigaction_fault(int signal, void (*handler)(int));

// int sigaltstack(const stack_t *ss, stack_t *old_ss);                sigaltstack(2)
// Gives the handlers of faults a static stack of their own, so that they can run after a stack
// overflow.
int clinux_sigaltstack(void);

// int sigprocmask(int how, const sigset_t *set, sigset_t *oldset);    sigprocmask(2)
// Unblocks `signal`, or blocks it again. While it is unblocked it only interrupts the system call
// that blocks (no SA_RESTART).
int clinux_sigprocmask_let_through(int signal, int through);

// int execve(const char *path, char *const argv[], char *const envp[]);   execve(2)
// Forks and returns. The child becomes argv[0], looked up in PATH, and reports over a pipe whether
// that worked: see clinux_read_report. 0, or -errno of pipe2 or clone.
//   environment  like environ(7), or NULL for this process's own. If LISTEN_PID names this
//                process, the program finds its own number there, sd_listen_fds(3).
//   how          any combination of enum clinux_spawn_how.
enum clinux_spawn_how {
    // Run in a new session. If descriptor 0 is a terminal, the session takes it. setsid(2)
    clinux_new_session = 1,
    // Take that terminal even if another session has it. ioctl_tty(2), TIOCSCTTY
    clinux_steal_terminal = 2,
    // Make descriptors 1 and 2 writable; replace one that is not by /dev/null.
    clinux_writable_streams = 4,
    // Run in a new process group. setpgid(2)
    clinux_new_group = 8,
    // Put that group into the foreground of the terminal on descriptor 0. tcsetpgrp(3)
    clinux_foreground = 16,
    // Block and ignore the signals that init's parent blocked and ignored; otherwise none.
    clinux_keep_signals = 32,
};
struct clinux_child {
    int pid;
    // The child's pidfd, pidfd_open(2); -1 if the kernel has no pidfds.
    int pidfd;
    // When readable, read it with clinux_read_report, then close it.
    int report;
};
int clinux_spawn(
    char *const *argv, char **environment, int how, struct clinux_child *child);

// int stat(const char *path, struct stat *statbuf);                          stat(2)
// The file's mode with its type, inode(7); with `follows` of a link's target, otherwise of the
// link. `size` is its size in bytes.
int clinux_stat(const char *path, int follows, int64_t *size);

// int kill(pid_t pid, int sig);                                          credentials(7)
// Stops this process by SIGSTOP or SIGTSTP, and returns when it continues. 1 if it was stopped.
// 0 if the kernel did not stop it: it is PID 1, or SIGTSTP came and its session has no shell
// that could continue it.
int clinux_stop_self(int signal);

// int swapoff(const char *path);                                          swapoff(2)
int clinux_swapoff(const char *path);

// int symlink(const char *target, const char *path);                        symlink(2)
int clinux_symlink(const char *target, const char *path);

// void sync(void);                                                           sync(2)
void clinux_sync(void);

// int ioctl(int fd, TIOCSCTTY, int force);                               ioctl_tty(2)
// Makes the terminal on `fd` the controlling one of this session; with `force` even if it is
// another session's.
int clinux_take_terminal(int fd, int force);

// ssize_t tee(int fd_in, int fd_out, size_t len, SPLICE_F_NONBLOCK);          tee(2)
ptrdiff_t clinux_tee(int from, int to, size_t count);

// int ftruncate(int fd, off_t length);                                  ftruncate(2)
int clinux_truncate(int fd, int64_t size);

// int umount2(const char *target, int flags);                               umount(2)
int clinux_umount(const char *path);

// int sigprocmask(SIG_SETMASK, const sigset_t *set, NULL);            sigprocmask(2)
// Unblocks every signal.
int clinux_unblock_signals(void);

// int unlink(const char *path);                                            unlink(2)
int clinux_unlink(const char *path);

// int ioctl(int fd, TIOCSPTLCK, int *argp);                            ioctl_tty(2)
// Lets the other end of the terminal whose master is `fd` be opened.
int clinux_unlock_terminal(int fd);

// pid_t wait4(pid_t pid, int *wstatus, int options, struct rusage *rusage);  wait4(2)
// Reaps one child that has ended, or finds one that has stopped. 0 if there is no such child;
// -ECHILD if there is no child at all.
int clinux_wait(int *status);

// pid_t wait4(pid_t pid, int *wstatus, int options, struct rusage *rusage);  wait4(2)
// Reaps this child if it has ended. 0 if it has not.
int clinux_wait_for(int pid, int *status);

// int ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout,
//           const sigset_t *sigmask);                                       ppoll(2)
// int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout);
//                                                                    sigtimedwait(2)
// Sleeps until a signal comes, which it takes, or one of `count` descriptors is ready, or the time
// is up. Returns the signal's number, with its origin (enum clinux_origin) shifted by
// clinux_origin_shift; 0 for a descriptor; -EAGAIN for the time; -EINTR for no reason that matters.
// `milliseconds` below 0 means no time.
enum clinux_origin { clinux_from_process, clinux_from_kernel, clinux_from_itself };
enum { clinux_origin_shift = 8 };
// struct pollfd
struct clinux_watched {
    int descriptor;
    short awaited;
    short found;
};
int clinux_wait_for_signal(struct clinux_watched *watched, int count, int64_t milliseconds);

// ssize_t write(int fd, const void *buf, size_t count);                     write(2)
ptrdiff_t clinux_write(int fd, const void *bytes, size_t count);

#endif
