# The program: what it is given, and what becomes of its code.

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
