// One of the hundred services of scripts/bench.sh's part `services`, and the clock that the start
// of a supervisor is read from. Each writes the time at which it runs to the FIFO /stamps as a
// line, CLOCK_MONOTONIC in microseconds:
//
//   start PROGRAM ARGUMENT...   PROGRAM takes its place, as the supervisor to be measured
//   sleep                       sleeps until a signal ends it. Arguments mean nothing, so that a
//                               file that begins with #!/bin/sleep is a service without a shell

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **arguments) {
    int stamps = open("/stamps", O_WRONLY | O_CLOEXEC);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (stamps < 0 || dprintf(stamps, "%lld\n", now.tv_sec * 1000000LL + now.tv_nsec / 1000) < 0) {
        perror("bench-sleep: /stamps");
        return 1;
    }
    if (count > 1 && strcmp(basename(arguments[0]), "start") == 0) {
        execv(arguments[1], arguments + 1);
        perror(arguments[1]);
        return 1;
    }
    close(stamps);
    // Run by way of a script, it would be called by the script's name.
    prctl(PR_SET_NAME, "sleep");
    for (;;) pause();
}
