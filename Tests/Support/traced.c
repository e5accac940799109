// traced STRACE-OPTIONS... -- ROOT COMMAND...: runs COMMAND as PID 1 of a PID namespace, with
// ROOT as its root directory. strace traces this one process from its first instruction on. The
// process has SIGTERM blocked, and also pending if PENDING is set. If SECOND is set there is a
// PID 2 that is not a child of PID 1, like the kernel's own threads on a machine.
//
// unshare(1) cannot do this. If strace ran unshare, it would trace unshare too, and count its
// calls. If unshare ran strace, the first child of strace would be PID 1.

#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// strace makes getppid(2) return this. From then on strace sees every call.
static const int answer_of_strace = 77;

static int give_up(const char *what) {
    perror(what);
    return 99;
}

static int become(char **words, int readiness) {
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    sigprocmask(SIG_BLOCK, &terminate, NULL);
    // Not raise(3): musl does not know the new process number.
    if (getenv("PENDING")) kill(getpid(), SIGTERM);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return give_up("mount");
    if (chroot(words[0]) < 0 || chdir("/") < 0) return give_up(words[0]);
    // From here on strace may count calls.
    close(readiness);
    while (syscall(SYS_getppid) != answer_of_strace) usleep(500);
    // Not execve(2), because that may be the call that strace makes fail.
    syscall(SYS_execveat, AT_FDCWD, words[1], words + 1, environ, 0);
    return give_up(words[1]);
}

// make_second: makes a process in the PID namespace of `first` that is not a child of `first`.
// setns(2) puts only the next child into the namespace, and not this process.
static int make_second(int first) {
    char name[40];
    snprintf(name, sizeof name, "/proc/%d/ns/pid", first);
    int namespace = open(name, O_RDONLY | O_CLOEXEC);
    if (namespace < 0 || setns(namespace, CLONE_NEWPID) < 0) return -1;
    int second = fork();
    if (second == 0)
        for (;;) pause();
    return second;
}

int main(int count, char **words) {
    int split = 1;
    while (split < count && strcmp(words[split], "--") != 0) split++;
    if (count - split < 3) return give_up("usage");
    int readiness[2];
    if (pipe2(readiness, O_CLOEXEC) < 0) return give_up("pipe");
    // fork(2), but into a new namespace.
    int process = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
    if (process < 0) return give_up("clone");
    if (process == 0) return become(words + split + 1, readiness[1]);
    close(readiness[1]);
    char byte;
    if (read(readiness[0], &byte, 1) != 0) return give_up("read");
    if (getenv("SECOND") && make_second(process) < 0) return give_up("second");
    char number[12], answer[40];
    snprintf(number, sizeof number, "%d", process);
    snprintf(answer, sizeof answer, "inject=getppid:retval=%d", answer_of_strace);
    // The fixed words come first, and then the given options.
    char *command[count + 8];
    char *fixed[] = {"strace", "-q", "-p", number, "-e", answer};
    memcpy(command, fixed, sizeof fixed);
    int length = sizeof fixed / sizeof *fixed;
    for (int i = 1; i < split; i++) command[length++] = words[i];
    command[length] = NULL;
    execvp("strace", command);
    return give_up("strace");
}
