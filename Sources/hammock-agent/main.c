// Where the kernel's execve ends up, by way of musl's startup code. SwiftPM renames `main`
// in a Swift executable, so the entry is in C; everything else is in GuestAgent.

_Noreturn void agent_main(int argc, char *const *argv);

int main(int argc, char **argv) {
    agent_main(argc, argv);
}
