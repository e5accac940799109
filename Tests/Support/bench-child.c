// Every init under measurement runs this program, so that all of them have the same child. It
// says "up" and sleeps. Then it makes orphans die as it is told, and says how long init took to
// reap them. It reads orders and writes answers as lines, through two FIFOs:
//
//   singly N   one orphan after the other dies, N in all or as many as ten seconds allow. The
//              answer is "reaped COUNT MEDIAN SLOWEST", in nanoseconds from the death (its pidfd
//              polls readable) until its PID is free (kill says ESRCH)
//   crowd N    N orphans wait, and the answer is "ready". After any further order they all die
//              at once. The answer is "reaped ELAPSED NOW": microseconds from the order until
//              the last PID is free, and the time of day then, in microseconds

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_orphans = 1 << 22 }; // as many as Linux has PIDs for

static int told, said;
static pid_t *orphans; // shared with the process that makes them

static long long nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void give_up(const char *what) {
    dprintf(said, "failed: %s: %m\n", what);
    exit(1);
}

// The orphans' parent dies first, so that they are init's children from then on. They live until
// the returned descriptor is closed.
static int make_orphans(int count) {
    int fate[2];
    if (pipe(fate) < 0) give_up("pipe");
    pid_t parent = fork();
    if (parent == 0) {
        close(fate[1]);
        for (int i = 0; i < count; i++) {
            pid_t orphan = fork();
            if (orphan < 0) give_up("fork");
            if (orphan == 0) {
                char byte;
                _exit(read(fate[0], &byte, 1));
            }
            orphans[i] = orphan;
        }
        _exit(0);
    }
    int status;
    if (parent < 0 || waitpid(parent, &status, 0) < 0) give_up("the parent of orphans");
    if (status != 0) exit(1);
    close(fate[0]);
    return fate[1];
}

static void pin(pid_t process, int processor) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    if (sched_setaffinity(process, sizeof one, &one) < 0) give_up("sched_setaffinity");
}

// Watches from another processor than the one where the orphan dies and init reaps it.
static long long reaped_after(int watching, int dying) {
    pin(0, dying);
    int fate = make_orphans(1);
    pin(0, watching);
    struct pollfd death = {(int)syscall(SYS_pidfd_open, orphans[0], 0), POLLIN, 0};
    if (death.fd < 0) give_up("pidfd_open");
    close(fate);
    while (poll(&death, 1, 0) == 0) sched_yield();
    long long died = nanoseconds(CLOCK_MONOTONIC);
    while (kill(orphans[0], 0) == 0) sched_yield();
    long long reaped = nanoseconds(CLOCK_MONOTONIC);
    close(death.fd);
    return reaped - died;
}

static int ascending(const void *a, const void *b) {
    long long x = *(const long long *)a, y = *(const long long *)b;
    return (x > y) - (x < y);
}

static int processor_after(int processor, const cpu_set_t *allowed) {
    do processor++;
    while (processor < CPU_SETSIZE && !CPU_ISSET(processor, allowed));
    return processor;
}

// This pins init to the processor on which the orphans die, and which is therefore awake. Without
// that init would be now there and now elsewhere, and waking up a processor takes ten times as
// long as all the rest. Ten seconds are the limit, because one init reaps once a second.
static void singly(int most) {
    cpu_set_t all;
    if (sched_getaffinity(0, sizeof all, &all) < 0) give_up("sched_getaffinity");
    int watching = processor_after(-1, &all), dying = processor_after(watching, &all);
    if (dying == CPU_SETSIZE) dying = watching;
    long long *times = calloc(most, sizeof *times);
    if (!times) give_up("memory");
    pin(1, dying);
    long long end = nanoseconds(CLOCK_MONOTONIC) + 10 * 1000000000LL;
    int count = 0;
    while (count < most && nanoseconds(CLOCK_MONOTONIC) < end)
        times[count++] = reaped_after(watching, dying);
    sched_setaffinity(1, sizeof all, &all);
    sched_setaffinity(0, sizeof all, &all);
    qsort(times, count, sizeof *times, ascending);
    dprintf(said, "reaped %d %lld %lld\n", count, times[count / 2], times[count - 1]);
    free(times);
}

// Here the waiting must not take a processor from the dying orphans and from init. The answer is
// late by one nap at most: a tenth of a millisecond and the kernel's timer slack.
static void crowd(int count) {
    int fate = make_orphans(count);
    char word[16];
    dprintf(said, "ready\n");
    if (read(told, word, sizeof word) <= 0) give_up("read");
    long long start = nanoseconds(CLOCK_MONOTONIC);
    close(fate);
    for (int i = 0; i < count; i++) {
        while (kill(orphans[i], 0) == 0) nanosleep(&(struct timespec){0, 100000}, NULL);
    }
    long long elapsed = nanoseconds(CLOCK_MONOTONIC) - start;
    dprintf(said, "reaped %lld %lld\n", elapsed / 1000, nanoseconds(CLOCK_REALTIME) / 1000);
}

int main(void) {
    said = open("/said", O_WRONLY);
    told = open("/told", O_RDONLY);
    orphans = mmap(NULL, most_orphans * sizeof *orphans, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (said < 0 || told < 0 || orphans == MAP_FAILED) return 1;
    dprintf(said, "up\n");
    for (;;) {
        char line[32], word[8];
        int count;
        ssize_t length = read(told, line, sizeof line - 1);
        if (length <= 0) return 1;
        line[length] = '\0';
        if (sscanf(line, "%7s %d", word, &count) != 2 || count < 1 || count > most_orphans) return 1;
        if (strcmp(word, "singly") == 0) singly(count);
        else if (strcmp(word, "crowd") == 0) crowd(count);
        else return 1;
    }
}
