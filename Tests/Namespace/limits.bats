# When no more processes can be made, or no memory is left.

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

teardown() {
    end_namespaces
    rm -rf "${place-}"
}

# leave_root: the kernel does not limit root's processes, so the test becomes another user. That
# user may enter `$place`.
leave_root() {
    place=$(mktemp -d)
    chmod 755 "$place"
    cp "$out/init" "$prober" "$place/"
    if [ "$(id -u)" -eq 0 ]; then
        as_root=(setpriv --reuid=61234 --regid=61234 --clear-groups unshare --user --map-root-user)
        "${as_root[@]}" true 2>/dev/null || skip "this machine lets user 61234 make no user namespace"
    fi
}

@test "the container ends on request, although a fork bomb has left no room for a process" {
    leave_root
    in_namespace=(prlimit --nproc=100 "${in_namespace[@]}")
    start_here "$place/init" -v --grace 1 "$place/prober" bomb >"$place/said" 2>&1
    eventually grep -q full "$place/said"
    kill -USR1 "$pid"
    expect_end 138
    grep -q "init: killing: no process for it: no more processes are allowed" "$place/said"
    run ! grep "takes too long" "$place/said"
}

@test "with a megabyte of memory init greets, and runs a program" {
    # A third of it is the room for services, of which init touches nothing here.
    local little=(prlimit --as=$((1024 * 1024)) "$out/init")
    start_here "${little[@]}" >"$tree/stdout"
    eventually idles
    says_greeting "$tree/stdout"
    code_of "${little[@]}" -v "$prober" quiet
    [ "$output" = "init: program ended with code 0" ]
}
