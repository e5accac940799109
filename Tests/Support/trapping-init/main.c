// Does all that init does until it idles, and then has a fault. The first argument says which
// fault. Without an argument it is a Swift trap.

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void trapping_init_boot(char *const *argv);
void trapping_init_trap(void);
void trapping_init_break_report(void);

static void read_nowhere(void) {
    *(volatile char *)16;
}

// No address has a bit 62 but not a bit 63: for this one the processor has no page to name.
static void read_no_address(void) {
    *(volatile char *)((uintptr_t)1 << 62);
}

static void write_constant(void) {
    *(volatile char *)"constant" = 0;
}

static void execute_data(void) {
    static char data[] = {(char)0xc3};
    ((void (*)(void))(uintptr_t)data)();
}

static void divide_by_zero(void) {
    __asm__ volatile("xorl %%ecx, %%ecx\n\tidivl %%ecx" : : : "eax", "ecx", "edx");
}

static void break_here(void) {
    __asm__ volatile("int3");
}

// The file has no byte for the page.
static void read_past_file(void) {
    int file = syscall(SYS_memfd_create, "empty", 0);
    volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
    *page;
}

// These are in linux/filter.h, which musl does not have.
struct instruction {
    uint16_t code;
    uint8_t if_true, if_false;
    uint32_t operand;
};

static void make_forbidden_call(void) {
    enum { load = 0x20, jump_if_equal = 0x15, answer = 0x06 };
    enum { allow = 0x7fff0000, trap = 0x00030000, filter_mode = 2 };
    const struct instruction code[] = {
        {load, 0, 0, 0},
        {jump_if_equal, 0, 1, SYS_getppid},
        {answer, 0, 0, trap},
        {answer, 0, 0, allow},
    };
    struct {
        uint16_t length;
        const struct instruction *code;
    } filter = {sizeof code / sizeof *code, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, filter_mode, &filter);
    getppid();
}

// Each call's frame is reachable from the next, so no compiler can turn this into a loop.
static int use_stack(const volatile char *caller) {
    volatile char frame[1024];
    frame[0] = caller[0];
    return use_stack(frame) + frame[0];
}

static void overflow(void) {
    use_stack("");
}

static void trap_twice(void) {
    trapping_init_break_report();
    trapping_init_trap();
}

static void trap_in_child(void) {
    if (fork() == 0) trapping_init_trap();
    for (;;) pause();
}

static const struct {
    const char *name;
    void (*have)(void);
} faults[] = {
    {"trap", trapping_init_trap},
    {"read-nowhere", read_nowhere},
    {"read-no-address", read_no_address},
    {"write-constant", write_constant},
    {"execute-data", execute_data},
    {"divide", divide_by_zero},
    {"break", break_here},
    {"read-past-file", read_past_file},
    {"forbidden-call", make_forbidden_call},
    {"overflow", overflow},
    {"trap-twice", trap_twice},
    {"trap-in-child", trap_in_child},
};

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "trap";
    trapping_init_boot(argv);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (strcmp(faults[i].name, name) == 0) faults[i].have();
    }
}
