# init as the first process of the sandboxes that bubblewrap makes.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    load ../Support/engine
    "$root/scripts/build-init.sh"
    start_engine bwrap || return 0
}

teardown_file() {
    load ../Support/helpers
    load ../Support/engine
    end_engine
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    load ../Support/engine
    need_engine
    wrap=(timeout --foreground --signal=KILL 60 bwrap --bind "$place/tree" / --proc /proc --dev /dev
        --unshare-pid --as-pid-1)
    capture inside "${wrap[@]}" /bin/true
    [ "$status" -eq 0 ] || skip "bubblewrap can run nothing here: ${lines[-1]}"
}

@test "bubblewrap ends with the program's code, or with 127 if the program is missing" {
    local code
    for code in 0 42 255; do
        capture inside "${wrap[@]}" /init -- sh -c "exit $code"
        expect_status "$code"
        [ -z "$output" ]
    done
    capture inside "${wrap[@]}" /init -- missing
    expect_status 127
}

@test "under bubblewrap init reaps orphans" {
    capture inside "${wrap[@]}" /init -- sh -c "$orphans"
    expect_status 5
}

@test "under bubblewrap the program gets a request that is sent to PID 1" {
    capture inside "${wrap[@]}" /init -- sh -c \
        'trap "exit 9" TERM; kill -TERM 1; while :; do sleep 0.05; done'
    expect_status 9
}

@test "on bubblewrap's terminal the program gets Ctrl-C" {
    capture expect -f "$root/Tests/Support/terminal.exp" -- 'await ready; send "\x03"' \
        nsenter --target "$engine_init" --pid --mount "${wrap[@]}" \
        /init -- sh -c 'echo ready; exec sleep 1000'
    expect_status 130
}
