# Without a program init greets, wherever the greeting finds a reader, and then idles.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
    build_prober
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
}

teardown() { end_namespaces; }

@test "init writes the greeting, byte for byte, and idles in pause(2)" {
    start /init >"$tree/stdout"
    eventually idles
    printf '%s\n' "$greeting" | cmp - "$tree/stdout"
}

@test "an idle init does not wake up, and uses no processor time" {
    start /init >"$tree/stdout"
    eventually idles
    expect_no_wakeup
}

@test "with options but without a program, init greets" {
    start /init -v -w -- >"$tree/stdout"
    eventually idles
    says_greeting "$tree/stdout"
}

@test "with descriptors 0 to 2 closed init greets on /dev/console" {
    : >"$console"
    start /init >&- 2>&-
    eventually idles
    says_greeting "$console"
}

@test "without a console init greets in the kernel's log" {
    : >"$log"
    start /init >&- 2>&-
    eventually idles
    says_greeting "$log"
}

@test "without a directory /dev init idles all the same" {
    rmdir "$tree/dev"
    start /init >&- 2>&-
    eventually idles
}

@test "when its terminal hangs up, init stays idle" {
    start_on_terminal /init >"$BATS_TEST_TMPDIR/terminal"
    eventually idles
    hang_up
    eventually idles
    expect_no_wakeup
    # A terminal ends each line with two characters.
    printf '%s\r\n' "${greeting//$'\n'/$'\r\n'}" | cmp - "$BATS_TEST_TMPDIR/terminal"
}

@test "with a read-only root directory init greets all the same" {
    mkdir "$tree/bin"
    # The mount belongs to the namespace, and goes with it when the test ends.
    "${as_root[@]}" "${in_namespace[@]}" sh -c '
        mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && ! touch "$1/x" 2>/dev/null \
            && exec chroot "$1" /init' sh "$tree" >"$BATS_TEST_TMPDIR/stdout" 3>&- &
    own_namespace $!
    eventually idles
    says_greeting "$BATS_TEST_TMPDIR/stdout"
}

# inject ERROR WHEN: makes write(2) fail in this way at the next start.
inject() {
    strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
    injection=(strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=write -e inject="write:$1:when=$2")
}

start_injected() {
    "${as_root[@]}" "${injection[@]}" "${in_namespace[@]}" --root="$tree" /init >"$tree/stdout" <&- 3>&- &
    own_namespace $!
    eventually greeted_somewhere
    grep -q INJECTED "$BATS_TEST_TMPDIR/trace"
}

greeted_somewhere() {
    says_greeting "$tree/stdout" || says_greeting "$console" || says_greeting "$log"
} 2>/dev/null

@test "if a signal interrupts a write, init writes again" {
    inject error=EINTR 1..3
    start_injected
    says_greeting "$tree/stdout"
}

@test "if the console is full for a moment, init waits for it" {
    inject error=EAGAIN 1..3
    start_injected
    says_greeting "$tree/stdout"
}

@test "if a write writes nothing, init writes again" {
    inject retval=0 1..3
    start_injected
    says_greeting "$tree/stdout"
}

@test "after an I/O error init greets on /dev/console" {
    : >"$console"
    inject error=EIO 1
    start_injected
    says_greeting "$console"
}

@test "after two I/O errors init greets in the kernel's log" {
    touch "$console" "$log"
    inject error=EIO 1..2
    start_injected
    says_greeting "$log"
}

@test "a full standard output that nobody reads does not block init" {
    : >"$console"
    mkfifo "$BATS_TEST_TMPDIR/full"
    exec {full}<>"$BATS_TEST_TMPDIR/full"
    # dd fills the pipe, which has room for 64 KiB. pipe(7)
    dd if=/dev/zero of=/dev/fd/$full bs=4096 count=16 status=none
    start /init >&"$full"
    eventually idles
    says_greeting "$console"
}
