# As any other process than PID 1.

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

@test "as any other process than PID 1 it greets as well, and can be ended" {
    "$out/init" >"$tree/stdout" 3>&- &
    pid=$!
    eventually idles
    says_greeting "$tree/stdout"
    kill "$pid"
    run ! wait "$pid"
}
