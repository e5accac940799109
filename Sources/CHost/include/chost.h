// What the host's tool asks of Linux and of the processor, and Swift cannot say.
#pragma once

#include <stdint.h>

/// How many times the processor's time stamp counter ticks in a millisecond. Takes 20 ms.
uint64_t host_tsc_khz(void);

/// Starts a program in a session of its own, with these standard streams. It is killed when the
/// calling thread ends. prctl(2), PR_SET_PDEATHSIG
///
/// arguments: ended by a null pointer; the first is the program, which is looked for in PATH.
/// Returns its process number, or -errno, also if the program cannot be executed.
int host_spawn(char *const arguments[], int input, int output, int error);

/// A descriptor that can be read once the process has ended. pidfd_open(2). Returns -errno.
int host_pidfd(int process);

/// Waits for a child's end. waitpid(2). Returns its status, as wait(2) has it, or -errno.
int host_wait(int process);

/// From now on, each of the signals that ask for something is written to a pipe, one byte each: its
/// number. SIGPIPE is ignored. sigaction(2)
///
/// all: whether it is each signal that another process can get in this one's place. Otherwise those
/// stay that stop or end this process from its terminal or its shell.
/// Returns the end to read from, or -errno.
int host_catch_signals(int all);

/// Undoes `host_catch_signals`, but for SIGPIPE.
void host_let_signals(void);
