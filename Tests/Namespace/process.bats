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

# A write that blocks is interrupted by alarms of init's own, which are not to be mixed up.
@test "an alarm that somebody sends counts, also while init waits for its console" {
    mkfifo "$tree/full"
    exec {full}<>"$tree/full"
    dd if=/dev/zero of=/dev/fd/$full bs=4096 count=16 status=none
    "${as_root[@]}" unshare --root="$tree" /init >&"$full" 3>&- &
    namespace=$!
    namespaces+=("$namespace")
    eventually writes
    kill -ALRM "$namespace"
    expect_end $((128 + 14))
}

# writes: whether init is in write(2), system call 1.
writes() {
    [ "$(readlink "/proc/$namespace/exe")" = "$tree/init" ] && [[ $(cat "/proc/$namespace/syscall") == 1\ * ]]
}
