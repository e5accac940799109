// How the shim calls the kernel. For the shim only: Swift sees just clinux.h.

#ifndef SYSTEM_CALL_H
#define SYSTEM_CALL_H

#include <sys/syscall.h>

// A system call on x86-64: the number is in rax, the arguments are in rdi, rsi, rdx, r10 and r8.
// The result, or -errno, comes back in rax. syscall(2). The C library's functions would turn it
// into errno, and the shim would turn it back: 3 kB of code for nothing.
//
// Each of these is for calls with so many arguments. Registers that a call does not read are left
// as they are: to clear them at each call takes another kB.
#define ask0(number) system_call0((number))
#define ask1(number, a) system_call1((number), (long)(a))
#define ask2(number, a, b) system_call2((number), (long)(a), (long)(b))
#define ask3(number, a, b, c) system_call3((number), (long)(a), (long)(b), (long)(c))
#define ask4(number, a, b, c, d) \
    system_call4((number), (long)(a), (long)(b), (long)(c), (long)(d))
#define ask5(number, a, b, c, d, e) \
    system_call5((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

// The kernel overwrites rcx and r11.
#define SYSTEM_CALL(...) \
    __asm__ volatile("syscall" : "+a"(number) : __VA_ARGS__ : "rcx", "r11", "memory")

static inline long system_call0(long number) {
    SYSTEM_CALL();
    return number;
}

static inline long system_call1(long number, long a) {
    SYSTEM_CALL("D"(a));
    return number;
}

static inline long system_call2(long number, long a, long b) {
    SYSTEM_CALL("D"(a), "S"(b));
    return number;
}

static inline long system_call3(long number, long a, long b, long c) {
    SYSTEM_CALL("D"(a), "S"(b), "d"(c));
    return number;
}

static inline long system_call4(long number, long a, long b, long c, long d) {
    register long r10 __asm__("r10") = d;
    SYSTEM_CALL("D"(a), "S"(b), "d"(c), "r"(r10));
    return number;
}

static inline long system_call5(long number, long a, long b, long c, long d, long e) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    SYSTEM_CALL("D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8));
    return number;
}

#endif
