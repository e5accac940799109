// Sources/CLinux/terminal.c, which asks a test's world in place of Linux.

#include "simulated-shim.h"

#include <stddef.h>
#include <sys/syscall.h>

// The tests run several worlds at once, each on a thread of its own.
static _Thread_local simulated_system_call answer_of_world;
static _Thread_local void *world_of_thread;

// In place of system-call.h, which terminal.c includes.
#define SYSTEM_CALL_H
#define ask3(number, a, b, c) \
    answer_of_world(world_of_thread, (number), (long)(a), (long)(b), (long)(c))
#define ask2(number, a, b) ask3(number, a, b, 0)
#define ask1(number, a) ask3(number, a, 0, 0)
#define ask0(number) ask3(number, 0, 0, 0)

// Other names than those of the real shim, which is in the same executable.
#define clinux_close shim_close
#define clinux_get_foreground_group shim_get_foreground_group
#define clinux_getpgrp shim_getpgrp
#define clinux_hang_up_terminal shim_hang_up_terminal
#define clinux_is_in_foreground shim_is_in_foreground
#define clinux_is_terminal shim_is_terminal
#define clinux_open_terminal_peer shim_open_terminal_peer
#define clinux_reset_terminal shim_reset_terminal
#define clinux_set_foreground_group shim_set_foreground_group
#define clinux_set_window shim_set_window
#define clinux_take_terminal shim_take_terminal
#define clinux_unlock_terminal shim_unlock_terminal

#include "../../../Sources/CLinux/terminal.c"

int clinux_close(int fd) {
    return ask1(SYS_close, fd);
}

int clinux_getpgrp(void) {
    return ask0(SYS_getpgrp);
}

int simulated_is_in_foreground(simulated_system_call answer, void *world) {
    answer_of_world = answer;
    world_of_thread = world;
    return clinux_is_in_foreground();
}
