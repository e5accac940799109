// The tests run this program under init where a shell would not do. It uses the kernel's own
// numbers of signals, 1 to 64, without the C library, which keeps some signals for itself.
//
//   signals                        says "ready", then the number of each signal that it gets
//   pending SIGNAL... -- COMMAND   runs COMMAND with these signals blocked and pending
//   zombies COUNT COMMAND          runs COMMAND as the parent of COUNT children that have ended
//   first                          sends PID 1 signal 64, and exits with the number of the first
//                                  signal that comes
//   quiet                          exits with the number of a pending signal, or 0 if there is none
//   descriptors                    says which descriptors are open
//   foreground                     says whether its group has the terminal: "yes" or "no"
//   job                            says "ready", and "went on" each time that it goes on after a
//                                  stop
//   hangup COMMAND                 runs COMMAND on a terminal, copies what it writes there, and
//                                  hangs up when anything comes on standard input
//   bomb                           forks for ever, with SIGTERM blocked; says "full" when a fork
//                                  fails
//   send PROCESS SIGNAL...         sends all of them
//   flood SOCKET                   connects for ever, and sends what makes no sense
//   notify TEXT...                 sends each text to $NOTIFY_SOCKET, as sd_notify(3) does
//   notices                        sends there what makes no sense, for ever
//   hang                           waits in vfork(2) for ever, in state D, with SIGTERM ignored
//   ask SOCKET COUNT               asks init for the status of its units COUNT times, and says
//                                  how many microseconds each answer took

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int give_up(const char *what) {
    perror(what);
    return 99;
}

static void mask(uint64_t signals) {
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &signals, NULL, sizeof signals);
}

static _Noreturn void signals(void) {
    uint64_t all = ~0ULL;
    mask(all);
    dprintf(1, "ready\n");
    for (;;) {
        int signal = syscall(SYS_rt_sigtimedwait, &all, NULL, NULL, sizeof all);
        if (signal > 0) dprintf(1, "%d\n", signal);
    }
}

static int pending(char **words) {
    mask(~0ULL);
    for (; *words && strcmp(*words, "--") != 0; words++)
        syscall(SYS_kill, getpid(), atoi(*words));
    if (!*words || !words[1]) return 99;
    execvp(words[1], words + 1);
    return give_up(words[1]);
}

static int zombies(char **words) {
    for (int left = atoi(*words); left > 0; left--) {
        siginfo_t end;
        pid_t child = fork();
        if (child == 0) _exit(3);
        if (child < 0 || waitid(P_PID, child, &end, WEXITED | WNOWAIT) < 0) return give_up("a child");
    }
    execvp(words[1], words + 1);
    return give_up(words[1]);
}

// No signal can overtake one with a lower number: all wait, and the kernel hands out the lowest
// first.
static int first(void) {
    uint64_t all = ~0ULL;
    mask(all);
    syscall(SYS_kill, 1, 64);
    return syscall(SYS_rt_sigtimedwait, &all, NULL, NULL, sizeof all);
}

static int quiet(void) {
    uint64_t came = 0;
    mask(~0ULL);
    syscall(SYS_rt_sigpending, &came, sizeof came);
    for (int signal = 1; signal <= 64; signal++)
        if (came >> (signal - 1) & 1) return signal;
    return 0;
}

static int descriptors(void) {
    char found[4096];
    int length = 0;
    for (int fd = 0; fd < 1024 && length < 4000; fd++)
        if (fcntl(fd, F_GETFD) >= 0) length += sprintf(found + length, "%d ", fd);
    found[length ? length - 1 : 0] = '\n';
    return write(1, found, length) == length ? 0 : 99;
}

// In a container the groups may be outside, and then both are 0. But a read in the background
// fails.
static int foreground(void) {
    mask(1ULL << (SIGTTIN - 1));
    int is_behind = read(open("/dev/tty", O_RDONLY | O_NONBLOCK), NULL, 0) < 0;
    dprintf(1, "%s\n", tcgetpgrp(0) == getpgrp() && !is_behind ? "yes" : "no");
    return 0;
}

static void say_went_on(int signal) {
    (void)signal;
    dprintf(1, "went on\n");
}

static _Noreturn void job(void) {
    signal(SIGCONT, say_went_on);
    dprintf(1, "ready\n");
    for (;;) pause();
}

static int hangup(char **command) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) return give_up("a terminal");
    pid_t child = fork();
    if (child == 0) {
        int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
        for (int fd = 0; fd < 3; fd++) dup2(slave, fd);
        close(slave);
        close(master);
        execvp(*command, command);
        _exit(give_up(*command));
    }
    struct pollfd sides[] = {{.fd = 0, .events = POLLIN}, {.fd = master, .events = POLLIN}};
    char bytes[256];
    while (poll(sides, 2, -1) > 0) {
        ssize_t got = sides[1].revents ? read(master, bytes, sizeof bytes) : 0;
        if (got > 0 && write(1, bytes, got) != got) return give_up("standard output");
        // No process has the other side open any more.
        if (sides[1].revents && got <= 0) break;
        if (sides[0].revents) break;
    }
    close(master);
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static _Noreturn void bomb(void) {
    mask(1ULL << (SIGTERM - 1));
    while (fork() >= 0) continue;
    dprintf(1, "full\n");
    for (;;)
        if (fork() < 0) poll(NULL, 0, 10);
}

static int send_signals(char **words) {
    int process = atoi(*words);
    while (process > 0 && *++words)
        if (syscall(SYS_kill, process, atoi(*words)) < 0) return give_up(*words);
    return 0;
}

static int notify(char **texts) {
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path || strlen(path) >= sizeof where.sun_path) return 98;
    strcpy(where.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    for (; *texts; texts++) {
        ssize_t sent = sendto(
            fd, *texts, strlen(*texts), 0, (struct sockaddr *)&where, sizeof where);
        if (sent < 0) return give_up(path);
    }
    return 0;
}

static _Noreturn void notices(void) {
    for (;;)
        if (notify((char *[]){"STATUS=busy", "NONSENSE", "", NULL}) == 98) _exit(98);
}

// The parent of a vfork(2) waits until its child has called execve(2) or has ended. Only a signal
// that ends the parent ends the wait.
static _Noreturn void hang(void) {
    signal(SIGTERM, SIG_IGN);
    if (vfork() == 0)
        for (;;) pause();
    _exit(99);
}

static int ask(const char *path, int count) {
    static const char request[] = "hammock/1 status\n";
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    strncpy(where.sun_path, path, sizeof where.sun_path - 1);
    for (; count > 0; count--) {
        struct timespec begin, end;
        char answer[4096], last[4] = "";
        clock_gettime(CLOCK_MONOTONIC, &begin);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&where, sizeof where) < 0
            || write(fd, request, sizeof request - 1) < 0)
            return give_up(path);
        for (ssize_t got; (got = read(fd, answer, sizeof answer)) > 0;)
            if (got >= 4) memcpy(last, answer + got - 4, 4);
        clock_gettime(CLOCK_MONOTONIC, &end);
        close(fd);
        // The last line is "end".
        if (memcmp(last, "end\n", 4) != 0) return give_up("the answer");
        dprintf(1, "%lld\n", (end.tv_sec - begin.tv_sec) * 1000000LL
            + (end.tv_nsec - begin.tv_nsec) / 1000);
    }
    return 0;
}

// Connects again and again, and sends what is no request. Reads nothing.
static _Noreturn void flood(const char *path) {
    static char zeros[4096];
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    strncpy(where.sun_path, path, sizeof where.sun_path - 1);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&where, sizeof where) == 0)
            while (write(fd, zeros, sizeof zeros) > 0) continue;
        close(fd);
    }
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "signals") == 0) signals();
    if (strcmp(what, "pending") == 0) return pending(argv + 2);
    if (strcmp(what, "zombies") == 0 && argc > 3) return zombies(argv + 2);
    if (strcmp(what, "first") == 0) return first();
    if (strcmp(what, "quiet") == 0) return quiet();
    if (strcmp(what, "descriptors") == 0) return descriptors();
    if (strcmp(what, "foreground") == 0) return foreground();
    if (strcmp(what, "job") == 0) job();
    if (strcmp(what, "hangup") == 0 && argc > 2) return hangup(argv + 2);
    if (strcmp(what, "bomb") == 0) bomb();
    if (strcmp(what, "flood") == 0 && argc > 2) flood(argv[2]);
    if (strcmp(what, "notify") == 0) return notify(argv + 2);
    if (strcmp(what, "notices") == 0) notices();
    if (strcmp(what, "hang") == 0) hang();
    if (strcmp(what, "ask") == 0 && argc > 3) return ask(argv[2], atoi(argv[3]));
    if (strcmp(what, "send") == 0 && argc > 2) return send_signals(argv + 2);
    return 99;
}
