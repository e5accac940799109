# Much data through one login.

setup_file() {
    load ../Support/helpers
    load ../Support/ssh
    make_key "$BATS_FILE_TMPDIR/key"
    start_machine "$BATS_FILE_TMPDIR/console" --key "$BATS_FILE_TMPDIR/key.pub"
    export boot port
}

teardown_file() {
    load ../Support/ssh
    stop_machine "$boot"
    rm -f "$out"/ssh/.*.lock
}

setup() {
    load ../Support/helpers
    load ../Support/ssh
}

# gigabyte: prints the same bytes each time, and no two blocks of them are alike.
gigabyte() { seq 1000000000 | head -c 1000000000; }

@test "a gigabyte goes in, and has the same sum there" {
    local sum
    sum=$(gigabyte | guest sha256sum)
    [ "$sum" = "$(gigabyte | sha256sum)" ]
}

@test "a gigabyte comes back, and has the same sum here" {
    # The guest has no room for it, so it goes through.
    local sum
    sum=$(gigabyte | guest cat | sha256sum)
    [ "$sum" = "$(gigabyte | sha256sum)" ]
}
