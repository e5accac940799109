# Faults in PID 1: none ends it, and PID 1 reports each one, with the last events.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh" --product trapping-init
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
    cp "$out/trapping-init" "$tree/"
    : >"$console"
}

teardown() { end_namespaces; }

# What trapping-init can do wrong, and the signal that the kernel sends for it.
faults=(
    trap:'SIGILL (a Swift trap)'
    read-nowhere:SIGSEGV read-no-address:SIGSEGV write-constant:SIGSEGV execute-data:SIGSEGV
    overflow:SIGSEGV
    read-past-file:SIGBUS
    divide:SIGFPE
    break:SIGTRAP
    forbidden-call:SIGSYS
)

# expect_report FILE SIGNAL [EVENTS]: FILE has the greeting, the report once, and nothing else.
expect_report() {
    printf '%s\n' "$greeting" "init: fault: $2 in PID 1" "init: last events: ${3-b:d0}" | diff - "$1"
}

@test "PID 1 reports each kind of fault once, with the last events, and pauses" {
    local fault
    for fault in "${faults[@]}"; do
        echo "$fault"
        start /trapping-init "${fault%%:*}" >"$tree/stdout" 2>"$tree/stderr"
        eventually idles
        expect_report "$tree/stdout" "${fault#*:}"
        [ ! -s "$tree/stderr" ]
    done
}

@test "a fault in a child of PID 1 is reported as the child's, and ends the child" {
    start /trapping-init trap-in-child >"$tree/stdout"
    eventually grep -q 'last events' "$tree/stdout"
    printf '%s\n' "$greeting" 'init: fault: SIGILL (a Swift trap) in PID 2' \
        'init: last events: b:d0' | diff - "$tree/stdout"
    is_gone() { [[ $(cat "/proc/$(pgrep -P "$pid")/stat") == *') Z '* ]]; }
    eventually is_gone
    idles
}

@test "a fault in the fault report cuts it short, and PID 1 pauses" {
    start /trapping-init trap-twice >"$tree/stdout"
    eventually idles
    printf '%s\n' "$greeting" 'init: fault: SIGILL (a Swift trap) in PID 1' | diff - "$tree/stdout"
}

@test "without standard output PID 1 reports a fault on the console, or else in the kernel's log" {
    start /trapping-init >&- 2>&-
    eventually idles
    expect_report "$console" 'SIGILL (a Swift trap)'
    rm "$console"
    mkfifo "$log"
    exec {reader}<>"$log"
    start /trapping-init >&- 2>&-
    eventually idles
    # This shell holds the FIFO open for writing too, so dd would not see its end.
    dd iflag=nonblock status=none <&"$reader" >"$tree/log" 2>/dev/null || true
    expect_report "$tree/log" 'SIGILL (a Swift trap)' b:d2
}

@test "after a fault only SIGKILL from outside ends PID 1" {
    start /trapping-init >"$tree/stdout"
    eventually idles
    local signal
    for signal in $(seq 1 64); do
        case $signal in 9 | 19) continue ;; esac # from outside PID 1 cannot refuse these
        kill -n "$signal" "$pid" 2>/dev/null || true # 32 and 33 belong to the C library
    done
    eventually idles
    expect_report "$tree/stdout" 'SIGILL (a Swift trap)'
    kill -KILL "$pid"
    eventually has_ended
}
