# Power off, reboot and halt, whoever asks for them, as seen from outside the machine. In these
# machines a process writes to the disk until it is killed.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    "$root/scripts/build-init.sh"
    "$root/scripts/build-image.sh" --size 64M --output "$BATS_FILE_TMPDIR/image" \
        --add "$(command -v busybox):/busybox" \
        --add "$out/init:/sbin/poweroff" --add "$out/init:/sbin/reboot" \
        --add "$out/init:/sbin/halt"
}

setup() {
    load ../Support/helpers
    load ../Support/machine
    disk=$BATS_TEST_TMPDIR/disk.img
}

teardown() { end_machine; }

# The writer writes a whole file, fsyncs it, renames it into its place, syncs the directory, and
# begins again. SIGTERM does not end it.
writing="trap '' TERM; n=0; while n=\$((n+1)); do
yes \$n | head -n 1000 | dd of=/new conv=fsync 2>/dev/null; mv /new /numbers; sync /;
echo synced \$n.; : >/run/synced; done"

# start_writing MACHINE THEN: boots MACHINE with the writer, and runs the shell script THEN once
# the writer has synced a file.
start_writing() {
    cp --sparse=always "$BATS_FILE_TMPDIR/image.img" "$disk"
    start '' --machine "$1" --rw --image "$disk" --append hammock.grace=1 -- \
        /busybox sh -c "(${writing//$'\n'/ }) & until [ -e /run/synced ]; do usleep 10000; done; $2"
}

# expect_end KIND: the machine ended as KIND says (off, reboot or halt), and its disk is as it
# should be.
expect_end() {
    "expect_$1"
    [[ $(cat "$console") != *'Kernel panic'* ]]
    expect_disk
}

expect_off() {
    eventually ended
    on_console 'init: power off'
    on_console 'reboot: Power down'
    expect_event SHUTDOWN guest-shutdown
}

expect_reboot() {
    eventually ended
    on_console 'init: reboot'
    on_console 'reboot: Restarting system'
    expect_event SHUTDOWN guest-reset
}

# A machine that is halted is still switched on.
expect_halt() {
    eventually on_console 'reboot: System halted'
    on_console 'init: halt'
    ask_qemu 'info status'
    eventually happened 'VM status: running'
    run ! happened SHUTDOWN
    ask_qemu quit
    eventually ended
}

# expect_disk: the file system is clean, and has all that was synced.
expect_disk() {
    e2fsck -fn "$disk"
    [[ $(dumpe2fs -h "$disk" 2>&1) =~ 'Filesystem state:'\ +clean ]]
    [[ $(dumpe2fs -h "$disk" 2>&1) != *needs_recovery* ]]
    expect_synced
}

# expect_synced: the disk has what was synced last, and no half-written file.
expect_synced() {
    local synced
    synced=$(grep -ao 'synced [0-9]*\.' "$console" | tail -n 1 | tr -dc 0-9)
    [[ $(debugfs -R 'cat /numbers' "$disk" 2>/dev/null | uniq -c) =~ ^\ *1000\ ([0-9]+)$ ]]
    [ "${BASH_REMATCH[1]}" -ge "$synced" ]
}

@test "by signal, a program powers off, reboots or halts its machine" {
    start_writing microvm 'kill -USR2 1; wait'
    expect_end off
    start_writing q35 'kill -TERM 1; wait'
    expect_end reboot
    start_writing pc 'kill -USR1 1; wait'
    expect_end halt
}

@test "by command, a program powers off, reboots or halts its machine" {
    start_writing pc 'mkdir /a; mount -o bind / /a; mount -t tmpfs x /a/tmp; /sbin/poweroff; wait'
    expect_end off
    start_writing microvm '/sbin/reboot; wait'
    expect_end reboot
    start_writing q35 '/sbin/halt; wait'
    expect_end halt
}

@test "by command with -f, a program powers off at once, without PID 1" {
    start_writing microvm '/sbin/poweroff -f; wait'
    eventually ended
    expect_event SHUTDOWN guest-shutdown
    run ! on_console ' init: '
    # Repair it as the next boot would, by the journal.
    e2fsck -fp "$disk" || [ $? -eq 1 ]
    expect_synced
}

@test "when the program ends, the machine powers off, even if a process still writes" {
    start_writing microvm 'exit 3'
    expect_end off
    on_console 'init: program ended with code 3'
}

@test "a power off leaves the disk clean, even if the program has unmounted /proc" {
    start_writing microvm 'umount /proc; kill -USR2 1; wait'
    expect_end off
}

@test "the power button powers off every machine" {
    local name
    for name in microvm q35 pc; do
        start_writing "$name" wait
        eventually on_console 'synced 3'
        ask_qemu system_powerdown
        expect_end off
    done
}

@test "Ctrl-Alt-Del reboots a PC, and leaves its disk clean" {
    local name
    for name in q35 pc; do
        start_writing "$name" wait
        eventually on_console 'synced 3'
        ask_qemu 'sendkey ctrl-alt-delete'
        expect_end reboot
    done
}

@test "after a reboot a PC boots again" {
    start '' --machine pc
    eventually on_console 'Just hanging here'
    ask_qemu 'sendkey ctrl-alt-delete'
    boots_twice() { [ "$(grep -ac 'Linux version' "$console")" -eq 2 ]; }
    eventually boots_twice
    on_console 'init: reboot'
    expect_event RESET guest-reset
}
