# What a container's program leaves behind when it ends, and how long the container's end takes.

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

# A program that ends with 5 on TERM, and has a child that ignores TERM.
stubborn='(trap "" TERM; echo ready; while :; do sleep 0.1; done) &
    trap "exit 5" TERM
    while :; do sleep 0.05; done'

# start_stubborn OPTION...: starts init with this program.
start_stubborn() {
    start_here "$out/init" "$@" -- sh -c "$stubborn" >"$tree/said"
    eventually grep -q ready "$tree/said"
}

# ended_after COMMAND...: runs COMMAND, and expects the end with code 5. Sets `took` to the
# milliseconds from before COMMAND until the end.
ended_after() {
    local began=${EPOCHREALTIME/./}
    "$@"
    expect_end 5
    took=$(((${EPOCHREALTIME/./} - began) / 1000))
}

@test "in a container a child that ignores TERM gets two seconds, and the code is the program's" {
    start_stubborn
    ended_after kill "$pid"
    [ "$took" -ge 1000 ]
    [ "$took" -lt 6000 ]
}

@test "a child that ignores TERM gets as long as --grace says" {
    start_stubborn --grace 4
    ended_after kill "$pid"
    [ "$took" -ge 3500 ]
    start_stubborn --grace 0
    ended_after kill "$pid"
    [ "$took" -lt 1900 ]
}

told_again() {
    kill "$pid"
    eventually no_program
    kill "$pid"
}

# no_program: whether the program has ended, and init has reaped it.
no_program() { [ ! -e "/proc/$program" ]; }

@test "a second TERM ends the grace period" {
    start_stubborn --grace 30
    program=$(pgrep -P "$pid")
    ended_after told_again
    [ "$took" -lt 10000 ]
}

@test "a child that ends on TERM does not delay the end of the container" {
    start_here "$out/init" -- sh -c '(sleep 1000 &); echo ready; trap "exit 5" TERM
        while :; do sleep 0.05; done' >"$tree/said"
    eventually grep -q ready "$tree/said"
    ended_after kill "$pid"
    [ "$took" -lt 1900 ]
}
