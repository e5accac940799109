// The shim's own code, with system calls that a test answers in place of Linux.

#ifndef SIMULATED_SHIM_H
#define SIMULATED_SHIM_H

#include <sys/syscall.h>

// The numbers of system calls, which Swift cannot import.
enum simulated_call {
    simulated_close = SYS_close,
    simulated_getpgrp = SYS_getpgrp,
    simulated_ioctl = SYS_ioctl,
    simulated_open = SYS_open,
    simulated_read = SYS_read,
};

// Answers a system call as Linux does: its result, or -errno.
typedef long (*simulated_system_call)(void *world, long number, long a, long b, long c);

// clinux_is_in_foreground in this world.
int simulated_is_in_foreground(simulated_system_call answer, void *world);

#endif
