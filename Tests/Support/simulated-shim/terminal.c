// Sources/CLinux/terminal.c, which asks a test's world in place of Linux.

#include "simulated-shim.h"

#include <stddef.h>
#include <sys/syscall.h>

// The tests run several worlds at once, each on a thread of its own.
static _Thread_local simulated_system_call answer_of_world;
static _Thread_local void *world_of_thread;

// In place of system-call.h, which terminal.c includes.
#define SYSTEM_CALL_H
#define ask(number, a, b, c, d) \
    answer_of_world(world_of_thread, (number), (long)(a), (long)(b), (long)(c))

// Other names than those of the real shim, which is in the same executable.
#define clinux_close shim_close
#define clinux_get_foreground_group shim_get_foreground_group
#define clinux_getpgrp shim_getpgrp
#define clinux_hang_up_terminal shim_hang_up_terminal
#define clinux_is_in_foreground shim_is_in_foreground
#define clinux_is_terminal shim_is_terminal
#define clinux_reset_terminal shim_reset_terminal
#define clinux_set_foreground_group shim_set_foreground_group
#define clinux_take_terminal shim_take_terminal

#include "../../../Sources/CLinux/terminal.c"

int clinux_close(int fd) {
    return ask(SYS_close, fd, 0, 0, 0);
}

int clinux_getpgrp(void) {
    return ask(SYS_getpgrp, 0, 0, 0, 0);
}

int simulated_is_in_foreground(simulated_system_call answer, void *world) {
    answer_of_world = answer;
    world_of_thread = world;
    return clinux_is_in_foreground();
}
