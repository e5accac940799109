// Where the kernel's execve ends up, by way of musl's startup code. SwiftPM renames `main`
// in a Swift executable, so the entry is in C; everything else is in InitRuntime.

_Noreturn void init_main(void);

int main(void) {
    init_main();
}
