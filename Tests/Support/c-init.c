// The same init in C, to compare with: it writes the greeting, then pauses for ever.

#include <unistd.h>

static const char greeting[] =
    "Hello, World!\n"
    "This is your friendly init system.\n"
    "Just hanging here...\n";

int main(void) {
    if (write(1, greeting, sizeof greeting - 1) < 0) {
        // There is no reader left for an error.
    }
    for (;;) {
        pause();
    }
}
