// Prints how many times the processor's time stamp counter ticks in a millisecond, for
// scripts/boot.sh.

#include <inttypes.h>
#include <stdio.h>

#include "../../Sources/CHost/tsc.c"

int main(void) { printf("%" PRIu64 "\n", host_tsc_khz()); }
