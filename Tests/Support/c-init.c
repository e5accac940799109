// The same program in C, to measure against: write, then pause for ever.

#include <unistd.h>

static const char greeting[] =
    "Hello, World!\n"
    "This is your friendly init system.\n"
    "Just hanging here...\n";

int main(void) {
    if (write(1, greeting, sizeof greeting - 1) < 0) {
        // There is nobody to tell.
    }
    for (;;) {
        pause();
    }
}
