# Much data through one login.

setup_file() {
    load ../Support/helpers
    load ../Support/ssh
    start_shared_machine
}

teardown_file() {
    load ../Support/helpers
    load ../Support/ssh
    stop_shared_machine
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
