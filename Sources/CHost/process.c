// Processes and signals.

#define _GNU_SOURCE
#include "chost.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
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

static const int caught[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};

int host_catch_signals(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return -errno;
    signals_go_to = ends[1];
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    for (size_t index = 0; index < sizeof caught / sizeof caught[0]; index++) {
        struct sigaction before;
        sigaction(caught[index], NULL, &before);
        // What nohup(1) or the shell of a background job has ignored stays ignored.
        if (before.sa_handler != SIG_IGN) sigaction(caught[index], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    return ends[0];
}

void host_let_signals(void) {
    for (size_t index = 0; index < sizeof caught / sizeof caught[0]; index++) {
        struct sigaction now;
        sigaction(caught[index], NULL, &now);
        if (now.sa_handler == note) signal(caught[index], SIG_DFL);
    }
}
