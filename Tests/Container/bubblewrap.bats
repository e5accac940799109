# init as the first process of the sandboxes that bubblewrap makes.

setup_file() {
    load ../Support/engine
    start_engine bwrap || return 0
}

teardown_file() {
    load ../Support/engine
    end_engine
}

setup() {
    load ../Support/engine
    need_engine
    wrap=(timeout --foreground --signal=KILL 60 bwrap --bind "$place/tree" / --proc /proc --dev /dev
        --unshare-pid --as-pid-1)
    need_container bubblewrap inside "${wrap[@]}" /bin/true
}

@test "bubblewrap ends with the program's code, or with 127 if the program is missing" {
    expect_codes inside "${wrap[@]}" /init --
}

@test "under bubblewrap init reaps orphans" {
    expect_reaping inside "${wrap[@]}" /init --
}

@test "under bubblewrap the program gets a request that is sent to PID 1" {
    capture inside "${wrap[@]}" /init -- sh -c \
        'trap "exit 9" TERM; kill -TERM 1; while :; do sleep 0.05; done'
    expect_status 9
}

@test "on bubblewrap's terminal the program gets Ctrl-C" {
    expect_interrupt "${wrap[@]}" /init --
}
