# In place of tini, dumb-init and catatonit: what their users and their scripts rely on.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
    local name
    for name in tini docker-init dumb-init catatonit; do
        ln -s "$out/init" "$BATS_TEST_TMPDIR/$name"
    done
    PATH=$BATS_TEST_TMPDIR:$PATH
}

teardown() { end_namespaces; }

@test "under each peer's name init ends with the program's code" {
    local name code
    for name in tini docker-init dumb-init catatonit; do
        for code in 0 7 255; do
            code_of "$name" -- sh -c "exit $code"
            expect_status "$code"
            [ -z "$output" ]
        done
        code_of "$name" -- sh -c 'kill -TERM $$'
        expect_status 143
    done
}

@test "if a program cannot be run, init uses the peer's code and words" {
    code_of tini /nonexistent
    expect_status 127
    [ "$output" = "[FATAL tini (1)] exec /nonexistent failed: No such file or directory" ]
    code_of tini /etc/passwd
    expect_status 126
    [ "$output" = "[FATAL tini (1)] exec /etc/passwd failed: Permission denied" ]
    code_of dumb-init /nonexistent
    expect_status 2
    [ "$output" = "[dumb-init] /nonexistent: No such file or directory" ]
    code_of catatonit /nonexistent
    expect_status 1
    [ "$output" = "ERROR (catatonit:1): failed to exec pid1: No such file or directory" ]
}

@test "on wrong use init says what the peer would say, and runs nothing" {
    local name
    for name in tini dumb-init catatonit; do
        code_of "$name" -x sh -c 'echo run'
        expect_status 1
        [ "${lines[0]}" = "$name: invalid option -- 'x'" ]
        [[ $output != *run$'\n'* ]]
        code_of "$name"
        expect_status 1
        [[ ${output,,} == *usage:* ]]
    done
}

@test "init prints the version that Docker and others look for, where they look" {
    [ "$(docker-init --version 2>/dev/null)" = "tini version 0.19.0" ]
    [ "$(catatonit -V 2>/dev/null)" = "tini version 0.2.1_catatonit" ]
    [ "$(dumb-init --version 2>&1 >/dev/null)" = "dumb-init v1.2.5" ]
}

@test "if tini is not PID 1, it warns, unless it is a subreaper or its verbosity is 0" {
    warning() { code_of sh -c "$1; exit \$?" && [[ $output == *"zombie reaping won't work"* ]]; }
    warning 'tini true'
    run ! warning 'tini -s true'
    run ! warning 'TINI_SUBREAPER= tini true'
    run ! warning 'TINI_VERBOSITY=0 tini true'
}

@test "tini -w logs each orphan, and tini -v logs the program to standard output" {
    local leave='(sh -c "exit 3" &); until [ -z "$(pgrep -P 1 -x sh | grep -vx $$)" ]; do sleep 0.02; done'
    code_of tini -w -- sh -c "$leave"
    expect_status 0
    [[ $output =~ ^"[WARN  tini (1)] Reaped zombie process with pid="[0-9]+$ ]]
    code_of sh -c 'tini -s -v -- true 2>/dev/null'
    [[ $output == *"[INFO  tini ("*")] Spawned child process 'true' with pid '"* ]]
}

@test "catatonit -P idles until SIGTERM comes" {
    start_here catatonit -P
    kill -HUP "$pid"
    kill -USR1 "$pid"
    kill -TERM "$pid"
    ended() { ! has_child; }
    eventually ended
}
