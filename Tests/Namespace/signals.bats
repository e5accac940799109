# Whose a signal is: the program's, or PID 1's own.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
}

teardown() { end_namespaces; }

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

@test "a request ends a container, with code 0" {
    local signal
    for signal in 2 10 12 15 30 37 38; do
        start /init >"$tree/stdout"
        eventually idles
        kill -n "$signal" "$pid"
        expect_end 0
    done
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
