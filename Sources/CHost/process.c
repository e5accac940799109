// Processes and signals.

#define _GNU_SOURCE
#include "chost.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(char *const arguments[], int input, int output, int error, int parent) {
    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have ended before that took effect.
    if (getppid() != parent) _exit(1);
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0) return;
    execvp(arguments[0], arguments);
}

int host_spawn(char *const arguments[], int input, int output, int error) {
    int report[2], failure = 0;
    if (pipe2(report, O_CLOEXEC) < 0) return -errno;
    const int parent = getpid();
    const int child = fork();
    if (child == 0) {
        become(arguments, input, output, error, parent);
        failure = errno;
        if (write(report[1], &failure, sizeof failure) < 0) _exit(126);
        _exit(127);
    }
    if (child < 0) failure = errno;
    close(report[1]);
    if (child > 0 && read(report[0], &failure, sizeof failure) > 0) waitpid(child, NULL, 0);
    close(report[0]);
    return failure > 0 ? -failure : child;
}

int host_pidfd(int process) {
    const long descriptor = syscall(SYS_pidfd_open, process, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int host_wait(int process) {
    int status;
    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) return -errno;
    }
    return status;
}

static int signals_go_to = -1;

static void note(int signal) {
    const int saved = errno;
    const unsigned char byte = (unsigned char)signal;
    // A pipe that is full holds enough requests.
    if (write(signals_go_to, &byte, 1) < 0) errno = saved;
    errno = saved;
}

static int is_request(int signal) {
    switch (signal) {
    case SIGHUP: case SIGINT: case SIGQUIT: case SIGTERM: case SIGUSR1: case SIGUSR2:
    case SIGWINCH: return 1;
    default: return 0;
    }
}

// What may be passed on. SIGCHLD is about children of this process, and a fault is its own. The C
// library keeps two for itself, below SIGRTMIN.
static int can_be_passed(int signal) {
    switch (signal) {
    case SIGKILL: case SIGSTOP: case SIGCHLD: case SIGPIPE: case SIGILL: case SIGTRAP:
    case SIGBUS: case SIGFPE: case SIGSEGV: case SIGSYS: return 0;
    default: return signal < 32 || (signal >= SIGRTMIN && signal <= SIGRTMAX);
    }
}

int host_catch_signals(int all) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return -errno;
    signals_go_to = ends[1];
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    for (int signal = 1; signal <= SIGRTMAX; signal++) {
        if (!(all ? can_be_passed(signal) : is_request(signal))) continue;
        struct sigaction before;
        sigaction(signal, NULL, &before);
        // What nohup(1) or the shell of a background job has ignored stays ignored.
        if (before.sa_handler != SIG_IGN) sigaction(signal, &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    return ends[0];
}

void host_let_signals(void) {
    for (int number = 1; number <= SIGRTMAX; number++) {
        struct sigaction now = {0};
        sigaction(number, NULL, &now);
        if (now.sa_handler == note) signal(number, SIG_DFL);
    }
}
