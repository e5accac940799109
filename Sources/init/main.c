// Where the kernel's execve ends up, by way of musl's startup code. SwiftPM renames `main`
// in a Swift executable, so the entry is in C; everything else is in InitRuntime.

_Noreturn void init_main(int argc, char *const *argv, char *const *envp);

int main(int argc, char **argv, char **envp) {
    init_main(argc, argv, envp);
}
