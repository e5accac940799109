# What comes from outside: the power button, and Ctrl-Alt-Del on a PC's keyboard.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    musl-gcc -Os -static -s -Wall -x c -o "$BATS_FILE_TMPDIR/stand-in" - <<'END'
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(void) {
    enum { power_button = 38 };
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, power_button);
    sigaddset(&awaited, SIGINT);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    reboot(RB_DISABLE_CAD);
    puts("Hello, World!\nThis is your friendly init system.\nJust hanging here...");
    fflush(stdout);
    int off = sigwaitinfo(&awaited, NULL) == power_button;
    dprintf(open("/dev/kmsg", O_WRONLY), "<2>init: %s\n", off ? "power off" : "reboot");
    sync();
    if (fork() == 0) reboot(off ? RB_POWER_OFF : RB_AUTOBOOT);
    for (;;) pause();
}
END
    # Until init itself listens, an init that does.
    "$root/scripts/build-image.sh" --init "$BATS_FILE_TMPDIR/stand-in" --size 64M \
        --output "$BATS_FILE_TMPDIR/disk"
}

setup() {
    load ../Support/helpers
    # A machine as slow as it likes may take so long; only a hang takes longer.
    export patience=120
    console=$BATS_TEST_TMPDIR/console
    machine_pid=''
}

teardown() { [ -z "$machine_pid" ] || kill "$machine_pid" 2>/dev/null || true; }

# start MACHINE: boots it to the greeting, with its keys on a pipe.
start() {
    local keys=$BATS_TEST_TMPDIR/keys.$1
    mkfifo "$keys"
    "$root/scripts/boot.sh" --machine "$1" --image "$BATS_FILE_TMPDIR/disk.img" \
        --timeout "$patience" <"$keys" >"$console" 2>&1 3>&- &
    machine_pid=$!
    exec {to_machine}>"$keys"
    eventually on_console 'Just hanging here'
}

# tell_qemu COMMAND: to its monitor. Ctrl-A C leads there, and back.
tell_qemu() { printf '\001c%s\n\001c' "$1" >&"$to_machine"; }

on_console() { grep -aq -- "$1" "$console"; }
boots() { [ "$(grep -ac 'Linux version' "$console")" -ge "$1" ]; }
ended() { ! kill -0 "$machine_pid" 2>/dev/null; }

# expect_end: qemu ends by itself, and says so with 0.
expect_end() {
    eventually ended
    wait "$machine_pid"
    machine_pid=''
}

@test "the power button ends every machine, by way of init" {
    local machine
    for machine in microvm pc q35; do
        start "$machine"
        tell_qemu system_powerdown
        expect_end
        on_console 'init: power off'
        on_console 'reboot: Power down'
    done
}

@test "Ctrl-Alt-Del ends q35, which does not boot again" {
    start q35
    tell_qemu 'sendkey ctrl-alt-delete'
    expect_end
    on_console 'init: reboot'
    on_console 'reboot: Restarting system'
}

@test "Ctrl-Alt-Del has a PC boot again" {
    start pc
    tell_qemu 'sendkey ctrl-alt-delete'
    eventually on_console 'init: reboot'
    eventually boots 2
    tell_qemu quit
    eventually ended
}
