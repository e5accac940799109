// How the shim calls the kernel. For the shim only: Swift sees just clinux.h.

#ifndef SYSTEM_CALL_H
#define SYSTEM_CALL_H

#include <sys/syscall.h>

// A system call on x86-64: the number is in rax, the arguments are in rdi, rsi, rdx, r10 and r8.
// The result, or -errno, comes back in rax. syscall(2). The C library's functions would turn it
// into errno, and the shim would turn it back: 3 kB of code for nothing.
#define ask(number, a, b, c, d) ask5((number), (a), (b), (c), (d), 0)
#define ask5(number, a, b, c, d, e) \
    system_call((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

static inline long system_call(long number, long a, long b, long c, long d, long e) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
        : "+a"(number)
        : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
        : "rcx", "r11", "memory");
    return number;
}

#endif
