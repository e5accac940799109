# PID 1 and the machine around it: what a program finds there, and machines that have too little
# or too much of something.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    "$root/scripts/build-image.sh" --size 64M --output "$BATS_FILE_TMPDIR/image" \
        --add "$(command -v busybox):/busybox"
}

setup() {
    load ../Support/helpers
    load ../Support/machine
    # Even a very slow machine needs less than this; only a hang takes longer.
    export patience=120
    disk=$BATS_TEST_TMPDIR/disk.img
    cp --sparse=always "$BATS_FILE_TMPDIR/image.img" "$disk"
}

teardown() { end_machine; }

# boot OPTIONS...: runs one program of the image, without a terminal.
boot() {
    run "$root/scripts/boot.sh" --timeout "$patience" --image "$disk" "$@" </dev/null
    output=${output//$'\r'/}
}

# has_line LINE: the console has LINE as a whole line.
has_line() {
    grep -qxF -- "$1" <<<"$output" || {
        printf 'expected as a line: %s\nthe output:\n%s\n' "$1" "$output" >&2
        return 1
    }
}

# expect_report LINE: the program has left LINE on the disk, and its machine was powered off and
# did not panic.
expect_report() {
    eventually ended
    expect_event SHUTDOWN guest-shutdown
    [ "$(debugfs -R 'cat /report' "$disk" 2>/dev/null)" = "$1" ]
}

@test "a program finds what Linux programs expect, and no words of the kernel's command line" {
    # The processor has no source of randomness that the kernel would trust at once.
    start 's/-cpu. .max/&,-rdrand,-rdseed/' --image "$disk" --quiet \
        --append 'hammock.hostname=tester hammock.grace=3 stray typo=x' -- /busybox sh -c "$(one_line '
        cat /proc/self/mounts; hostname; cat /sys/class/net/lo/flags; grep -c rdrand /proc/cpuinfo;
        stat -c %n.%a /dev/shm /run /tmp; tr \\0 \\n </proc/$$/environ; echo $# $*;
        echo to 127.0.0.1 | nc -l -p 7 & until nc 127.0.0.1 7 2>&-; do usleep 10000; done')" name one two
    eventually ended
    expect_event SHUTDOWN guest-shutdown
    # The size of a tmpfs depends on the memory.
    output=$(sed 's/\r//; s/,size=[0-9]*k//' "$console")
    local kernels=rw,nosuid,nodev,noexec,relatime
    has_line "proc /proc proc $kernels 0 0"
    has_line "sysfs /sys sysfs $kernels 0 0"
    has_line "cgroup2 /sys/fs/cgroup cgroup2 $kernels 0 0"
    has_line "devpts /dev/pts devpts rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666 0 0"
    has_line "tmpfs /dev/shm tmpfs rw,nosuid,nodev,relatime 0 0"
    has_line "tmpfs /run tmpfs rw,nosuid,nodev,relatime,mode=755 0 0"
    has_line "tmpfs /tmp tmpfs rw,nosuid,nodev,relatime 0 0"
    # The kernel has mounted /dev, and PID 1 has limited its size.
    grep -qE '^devtmpfs /dev devtmpfs rw,nosuid,relatime,size=4096k,' "$console"
    [[ $output == *"
tester
0x9
0
/dev/shm.1777
/run.755
/tmp.1777
HOME=/
TERM=linux
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
2 one two
"* ]]
    has_line "to 127.0.0.1"
}

@test "without a console PID 1 runs its program, which can write, and powers off" {
    local edit
    for edit in 's/console=ttyS0/console=null/' 's/mon:stdio/none/'; do
        start "$edit" --image "$disk" --rw -- \
            /busybox sh -c 'echo said && echo ran >/report'
        expect_report ran
    done
}

@test "without a console PID 1 still obeys the power button" {
    start 's/mon:stdio/none/' --image "$disk"
    # From outside the test cannot see when PID 1 begins to listen, so it presses until then.
    pressed() { ask_qemu system_powerdown; ended; }
    eventually pressed
    expect_event SHUTDOWN guest-shutdown
}

@test "if /dev and /proc are missing and the disk is read-only, init still greets" {
    printf 'rmdir %s\n' dev proc sys run tmp | debugfs -w -f - "$disk"
    run "$root/scripts/boot.sh" --check --timeout "$patience" --image "$disk"
    expect_status 0
}

@test "if /dev and /proc are missing and the disk is writable, PID 1 makes them" {
    printf 'rmdir %s\n' dev proc sys run tmp | debugfs -w -f - "$disk"
    boot --rw -- /busybox sh -c 'exit $(grep -cv ext4 /proc/self/mounts)'
    expect_verdict 8 "/busybox ended with code 8"
}

@test "a console that takes no more bytes delays neither the reaping nor the power off" {
    local pipe=$BATS_TEST_TMPDIR/serial full
    mkfifo "$pipe.in" "$pipe.out"
    exec {full}<>"$pipe.out"
    # dd fills the pipe, which has room for 64 KiB. pipe(7)
    dd if=/dev/zero of=/dev/fd/$full bs=4096 count=16 status=none
    start "s|mon:stdio|pipe:$pipe|" --image "$disk" --rw --quiet \
        --append hammock.grace=1 -- /busybox sh -c "$(one_line "
        yes & for n in 1 2 3 4 5; do (true &); done; $(until_alone); echo reaped >/report")"
    expect_report reaped
}

@test "if a program fills the memory and each tmpfs, the kernel kills it, and not PID 1" {
    boot -- /busybox sh -c \
        'for d in dev tmp dev/shm run; do dd if=/dev/zero of=/$d/x bs=64k; done; exec tail /dev/zero'
    expect_output "Out of memory: Killed process"
    expect_verdict 137 "/busybox ended with code 137"
}

@test "PID 1 also limits the size of a /dev that it mounts itself" {
    run "$root/scripts/boot.sh" --timeout "$patience" --initramfs "$BATS_FILE_TMPDIR/image.cpio" \
        -- /busybox grep -w /dev /proc/self/mounts </dev/null
    expect_output "devtmpfs /dev devtmpfs rw,nosuid,relatime,size=4096k,"
}

@test "PID 1 powers off a machine full of processes that fork and ignore SIGTERM" {
    boot --quiet --append hammock.grace=1 -- /busybox sh -c "$(one_line "
        trap '' TERM HUP; echo 200 >/proc/sys/kernel/threads-max; f() { while :; do f & done; }; f &
        while set -- /proc/[0-9]*; [ \$# -lt 190 ]; do :; done; kill -USR2 1; while :; do :; done")"
    expect_output "can't fork"
    expect_verdict 137 "/busybox ended with code 137"
}

@test "a process that hangs in the kernel does not prevent the power off" {
    boot --rw --append hammock.grace=1 -- /busybox sh -c "$(one_line "
        trap '' TERM; : >/file; while :; do echo >>/file; done & fsfreeze --freeze /;
        until grep -q ^State:.D /proc/\$!/status; do usleep 10000; done; exit 5")"
    expect_output "init: killing takes too long: going on without"
    expect_verdict 5 "/busybox ended with code 5"
    e2fsck -fn "$disk"
}

@test "a disk that hardly answers any more does not prevent the power off" {
    start '' --image "$disk" --rw --append hammock.grace=1 -- /busybox sh -c \
        'while dd if=/dev/zero of=/file bs=64k count=9 conv=fsync; do echo written; done'
    eventually on_console '^written'
    # From now on the disk takes one byte a second.
    ask_qemu 'block_set_io_throttle root 1 0 0 0 0 0'
    ask_qemu system_powerdown
    eventually ended
    on_console 'takes too long: going on without'
    on_console 'init: power off'
    expect_event SHUTDOWN guest-shutdown
}
