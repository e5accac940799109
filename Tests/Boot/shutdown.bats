# What a shutdown does with disks that are slow, hidden, or kept busy by something.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    "$root/scripts/build-image.sh" --size 64M --output "$BATS_FILE_TMPDIR/image" \
        --add "$(command -v busybox):/busybox"
}

setup() {
    load ../Support/helpers
    load ../Support/machine
    disk=$BATS_TEST_TMPDIR/disk.img
    second=$BATS_TEST_TMPDIR/second.img
    cp --sparse=always "$BATS_FILE_TMPDIR/image.img" "$disk"
    truncate -s 32M "$second"
    mkfs.ext4 -q "$second"
}

teardown() { end_machine; }

# start_with_second THROTTLE OPTIONS...: boots a machine with a second disk, /dev/vdb. THROTTLE
# says how slow that disk is.
start_with_second() {
    local drive="if=none,id=second,format=raw,file=$second$1"
    start "s|\$| -drive $drive -device virtio-blk-device,drive=second|" \
        --machine microvm --rw --image "$disk" --append hammock.grace=1 "${@:2}"
}

# expect_whole DISK: the file system is clean.
expect_whole() {
    e2fsck -fn "$1"
    [[ $(dumpe2fs -h "$1" 2>&1) =~ 'Filesystem state:'\ +clean ]]
    [[ $(dumpe2fs -h "$1" 2>&1) != *needs_recovery* ]]
}

expect_off() {
    # The slow disk takes half a minute, and a slow machine may take as long.
    eventually ended || eventually ended
    on_console 'init: power off'
    expect_event SHUTDOWN guest-shutdown
}

# The disk takes six megabytes at 0.3 MB/s.
@test "PID 1 waits for a slow disk as long as it writes, and logs how much is left" {
    start_with_second ,throttling.bps-total=300000 -- /busybox sh -c "$(one_line '
        mkdir -p /mnt; mount -t ext4 /dev/vdb /mnt;
        yes whole | head -c 6000000 >/mnt/file; exit 3')"
    expect_off
    on_console 'init: program ended with code 3'
    on_console 'init: unmounting: [0-9]* [KM]iB left to write'
    run ! on_console 'takes too long'
    expect_whole "$second"
    debugfs -R "dump /file $BATS_TEST_TMPDIR/file" "$second"
    cmp "$BATS_TEST_TMPDIR/file" <(yes whole | head -c 6000000)
    expect_whole "$disk"
}

# A later mount keeps each of the first mounts busy, and the disk comes last.
@test "PID 1 unmounts a disk that comes after more mounts than its buffer holds" {
    start_with_second '' -- /busybox sh -c "$(one_line '
        long=$(printf %0250d 0); n=0; while [ $n -lt 140 ]; do
        n=$((n+1)); mkdir -p /run/$n/$long; mount -t tmpfs x /run/$n/$long; done;
        for place in /run/*/*; do mkdir $place/in; mount -t tmpfs x $place/in; done;
        mkdir -p /mnt; mount -t ext4 /dev/vdb /mnt; echo whole >/mnt/file;
        wc -c </proc/self/mounts; exit 3')"
    expect_off
    [ "$(grep -aoE '^[0-9]{5,}' "$console")" -gt 32768 ]
    run ! on_console 'init: unmounting'
    expect_whole "$second"
    [ "$(debugfs -R 'cat /file' "$second" 2>/dev/null)" = whole ]
    expect_whole "$disk"
}

@test "a swap file does not keep a disk from being unmounted" {
    start_with_second '' -- /busybox sh -c "$(one_line '
        mkdir -p /mnt; mount -t ext4 /dev/vdb /mnt; IFS=; for file in /swap /mnt/a\ swap; do
        dd if=/dev/zero of=$file bs=1M count=4; chmod 600 $file; mkswap $file;
        swapon $file || exit; done; cat /proc/swaps; exit 3')"
    expect_off
    on_console 'init: program ended with code 3'
    run ! on_console 'init: unmounting'
    expect_whole "$second"
    expect_whole "$disk"
}

@test "PID 1 names the file system that stays writable" {
    start_with_second '' -- /busybox sh -c "$(one_line "
        mkdir -p '/a b'; mount -t ext4 /dev/vdb '/a b'; trap '' TERM; : >'/a b/file';
        while :; do echo >>'/a b/file'; done & fsfreeze --freeze '/a b';
        until grep -q ^State:.D /proc/\$!/status; do usleep 10000; done; exit 5")"
    expect_off
    on_console 'init: killing takes too long: going on without'
    on_console 'init: /a b stays writable: device or resource busy'
    on_console 'init: unmounting, code 1'
    expect_whole "$disk"
}

@test "a shell on the console does not delay the power off" {
    start '' --machine microvm --image "$disk" --append hammock.grace=50 -- /busybox ash -i
    eventually on_console '/ #'
    ask_qemu system_powerdown
    expect_off
    # SIGHUP has ended the shell.
    on_console 'init: program ended with code 129'
    run ! on_console 'grace period'
}
