// Measures how long commands take from fork to reap. Runs each of them in turn, over and over.
//
//   bench-spawn ROUNDS pid1|ordinary + COMMAND... + COMMAND...
//
// With `pid1` each command runs as PID 1 of a PID namespace of its own, which begins and ends
// within the measured time. Prints a line for each run: the command's number, from 0, and
// microseconds. An extra round comes first and is not printed, so that no command pays for a
// cold cache. Ends with 1 as soon as a command does not end with 0.

#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_commands = 16 };

static long long nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long run(char **command, unsigned long flags) {
    long long start = nanoseconds();
    pid_t process = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (process == 0) {
        execv(command[0], command);
        _exit(127);
    }
    int status;
    if (process < 0 || waitpid(process, &status, 0) < 0) {
        perror("bench-spawn");
        exit(1);
    }
    long long end = nanoseconds();
    if (status != 0) {
        fprintf(stderr, "bench-spawn: %s: wait status %#x\n", command[0], status);
        exit(1);
    }
    return end - start;
}

int main(int argc, char **argv) {
    char **commands[most_commands];
    int count = 0;
    if (argc < 5) return 2;
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "+") != 0) continue;
        argv[i] = NULL;
        if (count == most_commands || i + 1 == argc) return 2;
        commands[count++] = &argv[i + 1];
    }
    int rounds = atoi(argv[1]);
    unsigned long flags = strcmp(argv[2], "pid1") == 0 ? CLONE_NEWPID : 0;
    for (int round = 0; round <= rounds; round++) {
        for (int i = 0; i < count; i++) {
            long long taken = run(commands[i], flags);
            if (round > 0) printf("%d %lld\n", i, taken / 1000);
        }
    }
    return 0;
}
