# Without a program: the greeting, wherever it finds a reader, and then nothing.

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

@test "it greets, byte for byte, and idles in pause" {
    start /init >"$tree/stdout"
    eventually idles
    printf '%s\n' "$greeting" | cmp - "$tree/stdout"
}

@test "idle means idle: no wakeup and no processor time" {
    start /init >"$tree/stdout"
    eventually idles
    expect_no_wakeup
}

@test "options without a program leave it greeting" {
    start /init -v -w -- >"$tree/stdout"
    eventually idles
    says_greeting "$tree/stdout"
}

@test "with descriptors 0 to 2 closed it greets on /dev/console" {
    : >"$console"
    start /init >&- 2>&-
    eventually idles
    says_greeting "$console"
}

@test "without a console it greets in the kernel's log" {
    : >"$log"
    start /init >&- 2>&-
    eventually idles
    says_greeting "$log"
}

@test "without any /dev it idles all the same" {
    rmdir "$tree/dev"
    start /init >&- 2>&-
    eventually idles
}

@test "a terminal that hangs up leaves it idle" {
    start_on_terminal /init >"$BATS_TEST_TMPDIR/terminal"
    eventually idles
    hang_up
    eventually idles
    expect_no_wakeup
    # A terminal ends its lines with two characters.
    printf '%s\r\n' "${greeting//$'\n'/$'\r\n'}" | cmp - "$BATS_TEST_TMPDIR/terminal"
}

@test "a read-only root makes no difference" {
    mkdir "$tree/bin"
    # The namespace's own mount: it is gone with the test.
    "${as_root[@]}" "${in_namespace[@]}" sh -c '
        mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && ! touch "$1/x" 2>/dev/null \
            && exec chroot "$1" /init' sh "$tree" >"$BATS_TEST_TMPDIR/stdout" 3>&- &
    own_namespace $!
    eventually idles
    says_greeting "$BATS_TEST_TMPDIR/stdout"
}

# inject ERROR WHEN: the next start has write(2) fail so.
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

@test "a write that is interrupted is made again" {
    inject error=EINTR 1..3
    start_injected
    says_greeting "$tree/stdout"
}

@test "a console that is full for now is waited for" {
    inject error=EAGAIN 1..3
    start_injected
    says_greeting "$tree/stdout"
}

@test "a write of nothing is made again" {
    inject retval=0 1..3
    start_injected
    says_greeting "$tree/stdout"
}

@test "after an I/O error it greets on /dev/console" {
    : >"$console"
    inject error=EIO 1
    start_injected
    says_greeting "$console"
}

@test "after two I/O errors it greets in the kernel's log" {
    touch "$console" "$log"
    inject error=EIO 1..2
    start_injected
    says_greeting "$log"
}

@test "a standard output that nobody drains does not hold it up" {
    : >"$console"
    mkfifo "$BATS_TEST_TMPDIR/full"
    exec {full}<>"$BATS_TEST_TMPDIR/full"
    # 64 KiB is a pipe's room, pipe(7); dd gives up when there is none left.
    dd if=/dev/zero of=/dev/fd/$full bs=4096 count=16 status=none
    start /init >&"$full"
    eventually idles
    says_greeting "$console"
}
