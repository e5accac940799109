// Where the kernel's execve ends up, by way of the C library's startup code. SwiftPM renames `main`
// in a Swift executable, so the entry is in C; everything else is in HammockTool.

int hammock_main(int argc, char *const *argv);

int main(int argc, char **argv) {
    return hammock_main(argc, argv);
}
