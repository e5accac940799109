# Whoever is left without a parent: reaped, and not outlived by much.

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

@test "what the program leaves is asked to end, and killed after the grace period" {
    code_of "$out/init" -v --grace 1 -- sh -c 'trap "" TERM; sh -c "sleep 1000; :" & exit 3'
    expect_status 3
    expect_output "init: the grace period is over"
}

@test "a stopped orphan is no reason to wait for the grace period" {
    code_of "$out/init" -v --grace 50 -- sh -c 'sleep 1000 & kill -STOP $!; exit 4'
    expect_status 4
    [[ $output != *'grace period'* ]]
}

@test "deaths that share one signal lose nothing" {
    mkfifo "$tree/go"
    start_here "$out/init" -- sh -c '
        for i in $(seq 50); do (read x <"$1" &) ; done; read x <"$1"; exit 9' sh "$tree/go"
    readers() { [ "$(pgrep -P "$pid" | wc -l)" -eq 51 ]; }
    eventually readers
    kill -STOP "$pid"
    : >"$tree/go"
    all_dead() { [ "$(pgrep -P "$pid" -r Z | wc -l)" -eq 51 ]; }
    eventually all_dead
    kill -CONT "$pid"
    expect_end 9
}

@test "orphans that die are reaped" {
    start /init >"$tree/stdout"
    eventually idles
    # nsenter's children are of the namespace; when their parent has gone, they are PID 1's.
    nsenter --target "$pid" --pid "${into_user_namespace[@]}" sh -c '
        for i in $(seq 200); do (sleep 0.05 &) ; done' 3>&-
    eventually no_children
    eventually idles
}
