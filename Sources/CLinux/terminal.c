// The terminal, and which group is in its foreground.

#define _GNU_SOURCE
#include "clinux.h"
#include "system-call.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int clinux_get_foreground_group(int fd) {
    int group = 0;
    int result = ask3(SYS_ioctl, fd, TIOCGPGRP, &group);
    return result < 0 ? result : group;
}

int clinux_hang_up_terminal(int fd) {
    return ask3(SYS_ioctl, fd, TIOCVHANGUP, 0);
}

int clinux_is_in_foreground(void) {
    // A description that is init's alone, and does not block.
    int fd = ask2(SYS_open, "/dev/tty", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        // Without /dev/tty, compare groups. In a container the terminal's may be 0: it is outside.
        int group = clinux_get_foreground_group(STDIN_FILENO);
        return group < 0 ? group : group == clinux_getpgrp();
    }
    // In the background, read(2) fails with EIO while SIGTTIN is blocked. The kernel checks that
    // first, so this takes no byte and waits for no other reader.
    int result = ask3(SYS_read, fd, NULL, 0);
    clinux_close(fd);
    return result != -EIO;
}

int clinux_is_terminal(int fd) {
    struct termios settings;
    return ask3(SYS_ioctl, fd, TCGETS, &settings);
}

int clinux_open_terminal_peer(int fd) {
    enum { get_peer = 0x5441 }; // TIOCGPTPEER
    return ask3(SYS_ioctl, fd, get_peer, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

int clinux_reset_terminal(int fd) {
    // What drivers/tty/tty_io.c gives a new terminal. Its speed and its parity stay.
    static const char keys[] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0};
    struct termios settings = {0};
    int result = ask3(SYS_ioctl, fd, TCGETS, &settings);
    if (result < 0) return result;
    settings.c_iflag = ICRNL | IXON | IMAXBEL | IUTF8;
    settings.c_oflag = OPOST | ONLCR;
    settings.c_cflag |= CREAD;
    settings.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
    memcpy(settings.c_cc, keys, sizeof keys);
    ask3(SYS_ioctl, fd, TIOCNXCL, 0);
    return ask3(SYS_ioctl, fd, TCSETS, &settings);
}

int clinux_set_foreground_group(int group) {
    // In the background this raises SIGTTOU, which is blocked.
    return ask3(SYS_ioctl, STDIN_FILENO, TIOCSPGRP, &group);
}

int clinux_set_window(int fd, unsigned short rows, unsigned short columns) {
    const struct winsize size = {.ws_row = rows, .ws_col = columns};
    return ask3(SYS_ioctl, fd, TIOCSWINSZ, &size);
}

int clinux_take_terminal(int fd, int force) {
    return ask3(SYS_ioctl, fd, TIOCSCTTY, force);
}

int clinux_unlock_terminal(int fd) {
    int locked = 0;
    return ask3(SYS_ioctl, fd, TIOCSPTLCK, &locked);
}
