// The speed of the processor's time stamp counter. qemu's emulation shows its guest the host's
// counter, and the guest's kernel has to be told how fast it is: calibrating it against emulated
// timers fails now and then.

#include <stdint.h>
#include <time.h>
#include <x86intrin.h>

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

uint64_t host_tsc_khz(void) {
    const int64_t start = nanoseconds();
    const uint64_t first = __rdtsc();
    int64_t elapsed;
    // 20 ms: an error of a microsecond at either end is a part in ten thousand.
    do {
        elapsed = nanoseconds() - start;
    } while (elapsed < 20000000);
    const uint64_t ticks = __rdtsc() - first;
    return ticks * 1000000 / (uint64_t)elapsed;
}
