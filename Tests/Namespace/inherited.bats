# What init inherits: signals, children, a directory and descriptors.

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

@test "under nohup init and its program survive a hangup" {
    start_process nohup "$out/init" -- sh -c '
        echo ready; while ! test -e "$0"; do sleep 0.05; done; exit 4' "$tree/go" >"$tree/said" 2>/dev/null
    eventually grep -q ready "$tree/said"
    kill -HUP "$pid"
    : >"$tree/go"
    expect_end 4
}

@test "init ends with the program's code, although init was started with CHLD ignored" {
    code_of env --ignore-signal=CHLD "$out/init" -- sh -c 'exit 7'
    expect_status 7
    code_of env --ignore-signal=CHLD sh -c '"$@"; exit $?' sh "$out/init" -- sh -c 'exit 7'
    expect_status 7
}

@test "init with a program reaps at once the zombies that it inherits" {
    code_of "$prober" zombies 5 "$out/init" -- sh -c '
        until ! grep -qs "^State:.Z" /proc/[0-9]*/status; do sleep 0.02; done; exit 4'
    expect_status 4
    [ -z "$output" ]
}

@test "init without a program reaps at once the zombies that it inherits" {
    start_here "$prober" zombies 5 "$out/init" >"$tree/stdout"
    eventually idles
    no_children
}

@test "init runs a script without a #! line in a shell" {
    printf 'echo "$1"; exit 3\n' >"$tree/script"
    chmod +x "$tree/script"
    code_of "$out/init" -- "$tree/script" word
    expect_status 3
    [ "$output" = word ]
}

@test "PID 1 changes to the root directory, and its program stays where init was started" {
    cd "$tree"
    start_here "$out/init" -- sh -c 'pwd; exec sleep 1000' >"$BATS_TEST_TMPDIR/said"
    eventually grep -q . "$BATS_TEST_TMPDIR/said"
    eventually is_at_root
    [ "$(cat "$BATS_TEST_TMPDIR/said")" = "$tree" ]
    start_here "$out/init" >"$BATS_TEST_TMPDIR/said"
    eventually idles
    is_at_root
}

is_at_root() { [ "$(readlink "/proc/$pid/cwd")" = / ]; }

@test "PID 1 closes the descriptors from 3 up that its program inherits" {
    exec {one_more}</dev/null
    export one_more
    start_here "$out/init" -- sh -c 'test -e "/proc/self/fd/$one_more" && echo has it
        exec sleep 1000' >"$tree/said"
    eventually grep -q "has it" "$tree/said"
    eventually keeps_nothing
}

# keeps_nothing: whether PID 1 no longer holds the descriptor that it inherited.
keeps_nothing() { [ ! -e "/proc/$pid/fd/$one_more" ]; }

@test "PID 1 does not hold a pipe open whose reader waits for the end of file" {
    code_of sh -c '
        mkfifo "$1/pipe"
        cat "$1/pipe" >"$1/all" & reader=$!
        exec 7>"$1/pipe"
        exec "$2" -- sh -c "exec 7>&-
            while test -e /proc/$reader && ! grep -qs \"^State:.Z\" /proc/$reader/status; do
                sleep 0.02
            done; exit 5"' sh "$tree" "$out/init"
    expect_status 5
}
