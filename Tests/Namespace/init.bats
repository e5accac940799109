# The real executable as PID 1 of a PID namespace, in a root directory of its own: five
# milliseconds to start, and all the rules for PID 1 hold. pid_namespaces(7)

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh"
    "$root/scripts/build-init.sh" --product trapping-init
}

setup() {
    load ../Support/helpers
    # An ordinary user gets a user namespace to be root in, where the machine allows one.
    as_root=()
    into_user_namespace=()
    if [ "$(id -u)" -ne 0 ]; then
        as_root=(unshare --user --map-root-user)
        into_user_namespace=(--user --preserve-credentials)
    fi
    in_namespace=(unshare --pid --fork --mount --kill-child)
    "${as_root[@]}" "${in_namespace[@]}" true 2>/dev/null \
        || skip "this machine lets user $(id -un) make no PID namespace"
    namespaces=()
    tree=$BATS_TEST_TMPDIR/root
    mkdir -p "$tree/dev"
    cp "$out/init" "$out/trapping-init" "$tree/"
    console=$tree/dev/console
    log=$tree/dev/kmsg
}

teardown() {
    local process
    for process in "${namespaces[@]}"; do
        # strace, where it is in front, does not take what it traces along.
        kill -KILL $(pgrep -P "$process") "$process" 2>/dev/null || true
    done
}

# own_namespace PID: the process in front of a namespace, which is to end with the test.
own_namespace() {
    namespace=$1
    namespaces+=("$1")
    disown "$1"
}

# start COMMAND...: runs COMMAND, which ends in an exec of the guest's /init, as PID 1 of a
# namespace with its standard output in `$tree/stdout`. Sets `pid`, as seen from here.
start() {
    "${as_root[@]}" "${in_namespace[@]}" --root="$tree" "$@" <&- 3>&- &
    own_namespace $!
    eventually has_child
    pid=$(pgrep -P "$namespace")
}

has_child() { pgrep -P "$namespace" >/dev/null; }

# idles: whether PID 1 is in pause(2), system call 34.
idles() { [ -e "/proc/$pid" ] && [[ $(cat "/proc/$pid/syscall") == 34\ * ]]; }

# expect_no_wakeup: neither a context switch nor a tick of processor time in a second. Not a
# wait for something: the second in which nothing may happen.
expect_no_wakeup() {
    local before after
    before=$(grep ctxt_switches "/proc/$pid/status"; cut -d' ' -f14,15 "/proc/$pid/stat")
    sleep 1
    after=$(grep ctxt_switches "/proc/$pid/status"; cut -d' ' -f14,15 "/proc/$pid/stat")
    [ "$before" = "$after" ]
}

says_greeting() { [ "$(cat "$1")" = "$greeting" ]; }

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

@test "a read-only root makes no difference" {
    mkdir "$tree/bin"
    # The namespace's own mount: it is gone with the test.
    "${as_root[@]}" "${in_namespace[@]}" sh -c '
        mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && ! touch "$1/x" 2>/dev/null \
            && exec chroot "$1" /init' sh "$tree" >"$BATS_TEST_TMPDIR/stdout" 3>&- &
    own_namespace $!
    eventually has_child
    pid=$(pgrep -P "$namespace")
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

@test "signals that its parent had blocked or ignored are its own again" {
    : >"$console"
    mkfifo "$BATS_TEST_TMPDIR/full"
    exec {full}<>"$BATS_TEST_TMPDIR/full"
    dd if=/dev/zero of=/dev/fd/$full bs=4096 count=16 status=none
    in_namespace=(env --block-signal --ignore-signal=ALRM "${in_namespace[@]}")
    start /init >&"$full"
    eventually says_greeting "$console"
    eventually idles
}

@test "a signal that means nothing to a container's PID 1 does nothing" {
    start /init >"$tree/stdout"
    eventually idles
    local signal
    for signal in $(seq 1 64); do
        case $signal in
            9 | 19) continue ;;                          # nobody can refuse them from here
            2 | 10 | 12 | 15 | 30 | 37 | 38 | 39) continue ;; # requests, below
        esac
        kill -n "$signal" "$pid" 2>/dev/null || true # 32 and 33 belong to the C library
    done
    eventually idles
    says_greeting "$tree/stdout"
}

# code_of COMMAND...: runs COMMAND in a namespace, in the machine's own root directory.
code_of() {
    run quietly timeout 60 "${as_root[@]}" "${in_namespace[@]}" --mount-proc "$@"
}

# quietly COMMAND...: without bats' own descriptor, which bats itself still needs.
quietly() { "$@" 3>&-; }

@test "a request ends a container, with code 0" {
    local signal
    for signal in 2 10 12 15 30 37 38; do
        "${as_root[@]}" "${in_namespace[@]}" --root="$tree" /init >"$tree/stdout" 3>&- &
        own_namespace $!
        eventually has_child
        pid=$(pgrep -P "$namespace")
        eventually idles
        kill -n "$signal" "$pid"
        gone() { [ ! -e "/proc/$pid" ]; }
        eventually gone
    done
}

@test "a program's code is the container's" {
    local code
    for code in 0 1 2 42 126 127 128 254 255; do
        code_of "$out/init" -- sh -c "exit $code"
        expect_status "$code"
        [ -z "$output" ]
    done
}

@test "a program that a signal ends gives 128 and the signal" {
    local signal
    for signal in 1 2 6 9 11 15 34 64; do
        code_of "$out/init" -- sh -c "ulimit -c 0; kill -$signal \$\$"
        expect_status $((128 + signal))
    done
}

@test "what cannot be run gives 126, what is not there 127" {
    code_of "$out/init" /nowhere
    expect_status 127
    expect_output "init: cannot run /nowhere: no such file or directory"
    code_of "$out/init" /etc/passwd
    expect_status 126
    expect_output "init: cannot run /etc/passwd: permission denied"
}

@test "wrong use is told, with code 2, and nothing is run" {
    code_of "$out/init" --nonsense sh -c 'echo run'
    expect_status 2
    expect_output "init: --nonsense: unknown option (see --help)"
    [[ $output != *run* ]]
}

@test "-e makes a code 0, -w tells of orphans" {
    code_of "$out/init" -e 7 -w -- sh -c '(sh -c "exit 3" &); sleep 0.3; exit 7'
    expect_status 0
    expect_output "init: reaped orphan "
    expect_output ", code 3"
}

@test "the program starts with no signal blocked, ignored or caught, in a group of its own" {
    in_namespace=(env --block-signal --ignore-signal=HUP --ignore-signal=PIPE "${in_namespace[@]}")
    code_of "$out/init" -- cat /proc/self/status
    expect_status 0
    [ "$(grep -cE '^Sig(Blk|Ign|Cgt):.0000000000000000$' <<<"$output")" -eq 3 ]
    code_of "$out/init" -- sh -c 'cut -d" " -f1,5 /proc/self/stat >/dev/null; cut -d" " -f5 "/proc/$$/stat"; echo $$'
    [ "${lines[0]}" = "${lines[1]}" ]
}

@test "LISTEN_PID becomes the program's where it was init's, and stays where not" {
    code_of env LISTEN_PID=1 "$out/init" -- sh -c 'test "$LISTEN_PID" = $$'
    expect_status 0
    code_of env LISTEN_PID=77 "$out/init" -- sh -c 'test "$LISTEN_PID" = 77'
    expect_status 0
}

@test "signals are forwarded, to the program, its group, or rewritten" {
    code_of "$out/init" -- sh -c 'trap "exit 33" USR1; kill -USR1 1; while :; do sleep 0.02; done'
    expect_status 33
    code_of "$out/init" -r USR1:USR2 -- sh -c 'trap "exit 34" USR2; kill -USR1 1; while :; do sleep 0.02; done'
    expect_status 34
    code_of "$out/init" -g -- sh -c 'trap "exit 35" TERM; sleep 100 & kill -TERM 1; wait'
    expect_status 35
    code_of "$out/init" -- sh -c 'trap "exit 36" SEGV; kill -SEGV 1; while :; do sleep 0.02; done'
    expect_status 36
}

@test "what the program leaves is asked to end, and killed after the grace period" {
    code_of "$out/init" -v --grace 1 -- sh -c 'trap "" TERM; sh -c "sleep 1000; :" & exit 3'
    expect_status 3
    expect_output "init: the grace period is over"
}

@test "a stopped orphan is no reason to wait for the grace period" {
    code_of "$out/init" -v --grace 50 -- sh -c 'sleep 1000 & kill -STOP $!; exit 4'
    expect_status 4
    [[ $output != *'grace period'* ]]
}

@test "deaths that share one signal lose nothing" {
    mkfifo "$tree/go"
    "${as_root[@]}" "${in_namespace[@]}" --mount-proc "$out/init" -- sh -c '
        for i in $(seq 50); do (read x <"$1" &) ; done; read x <"$1"; exit 9' sh "$tree/go" \
        >"$tree/stdout" 2>&1 3>&- &
    namespaces+=($!)
    local starter=$!
    namespace=$starter
    eventually has_child
    pid=$(pgrep -P "$namespace")
    readers() { [ "$(pgrep -P "$pid" | wc -l)" -eq 51 ]; }
    eventually readers
    kill -STOP "$pid"
    : >"$tree/go"
    all_dead() { [ "$(pgrep -P "$pid" -r Z | wc -l)" -eq 51 ]; }
    eventually all_dead
    kill -CONT "$pid"
    local code=0
    wait "$starter" || code=$?
    [ "$code" -eq 9 ]
}

@test "a stack overflow is reported, and PID 1 lives on" {
    start /trapping-init overflow >"$tree/stdout"
    eventually grep -q 'init: fault: SIGSEGV' "$tree/stdout"
    eventually idles
}

@test "a Swift trap is reported, and PID 1 lives on" {
    start /trapping-init >"$tree/stdout"
    eventually grep -q 'init: fault: SIGILL (a Swift trap)' "$tree/stdout"
    eventually idles
    head -n 3 "$tree/stdout" | cmp - <(printf '%s\n' "$greeting")
}

@test "orphans that die are reaped" {
    start /init >"$tree/stdout"
    eventually idles
    # nsenter's children are of the namespace; when their parent has gone, they are PID 1's.
    nsenter --target "$pid" --pid "${into_user_namespace[@]}" sh -c '
        for i in $(seq 200); do (sleep 0.05 &) ; done' 3>&-
    eventually no_children
    eventually idles
}

no_children() { ! pgrep -P "$pid" >/dev/null; }

@test "as any other process than PID 1 it greets as well, and can be ended" {
    "$out/init" >"$tree/stdout" 3>&- &
    pid=$!
    eventually idles
    says_greeting "$tree/stdout"
    kill "$pid"
    run ! wait "$pid"
}
