// Greets as init does, and then has a fault: a Swift trap, or with any argument a stack
// overflow.

void trapping_init_start(void);
_Noreturn void trapping_init_trap(void);

// Each call's frame is reachable from the next, so no compiler can make a loop of this.
static int overflow(const volatile char *caller) {
    volatile char frame[1024];
    frame[0] = caller[0];
    return overflow(frame) + frame[0];
}

int main(int argc, char **argv) {
    trapping_init_start();
    if (argc > 1) {
        return overflow(argv[1]);
    }
    trapping_init_trap();
}
