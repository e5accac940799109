# init as the first process of an OCI container, under runc and under crun. The container mounts
# init read-only into a root directory that is not init's own.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
    # Not in bats' own directory, where another user may not go.
    place=$(mktemp -d)
    chmod 755 "$place"
    make_bundle
    container=hammock-$$-$BATS_TEST_NUMBER
    said=$place/said
}

teardown() {
    timeout 60 "${oci[@]}" delete --force "$container" >/dev/null 2>&1 3>&- || true
    end_namespaces
    rm -rf "$place"
}

make_bundle() {
    bundle=$place/bundle
    mkdir -p "$bundle/root"/{bin,dev,proc} "$place/state"
    cp "$(command -v busybox)" "$bundle/root/bin/"
    ln -s busybox "$bundle/root/bin/sh"
    cp "$out/init" "$place/init"
    : >"$bundle/root/init"
}

# configure WORD...: what the container runs.
configure() {
    local word words=''
    for word; do
        word=${word//\\/\\\\}
        word=${word//\"/\\\"}
        words+=${words:+, }\"${word//$'\n'/\\n}\"
    done
    cat >"$bundle/config.json" <<END_OF_JSON
{
  "ociVersion": "1.0.0",
  "process": {
    "user": { "uid": 0, "gid": 0 },
    "args": [ $words ],
    "env": [ "PATH=/bin" ],
    "cwd": "/",
    "capabilities": {}
  },
  "root": { "path": "root", "readonly": true },
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc" },
    { "destination": "/init", "type": "bind", "source": "$place/init", "options": [ "bind", "ro" ] }
  ],
  "linux": { "namespaces": [ { "type": "pid" }, { "type": "mount" }, { "type": "ipc" } ] }
}
END_OF_JSON
}

# under RUNTIME [OPTION...]: uses it, if it can run anything here. A container without init
# has to show that first.
under() {
    # crun refuses to run where there are cgroups of both versions, even if it is to use none.
    oci=("${as_root[@]}" unshare --mount sh -c '
        mount -t tmpfs none /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' sh
        "$@" --root "$place/state")
    configure /bin/busybox true
    run_container
    [ "$status" -eq 0 ] || skip "$1 can run no container here: ${lines[-1]}"
}

under_runc() { under runc; }
under_crun() { under crun --cgroup-manager=disabled; }

# run_container: to its end.
run_container() {
    capture timeout --signal=KILL 60 "${oci[@]}" run --bundle "$bundle" "$container"
}

# start_container: until it says "ready".
start_container() {
    rm -f "$said"
    "${oci[@]}" run --bundle "$bundle" "$container" >"$said" 3>&- &
    namespace=$!
    namespaces+=("$namespace")
    eventually grep -q ready "$said"
}

send() { timeout --signal=KILL 60 "${oci[@]}" kill "$container" "$1" 3>&-; }

no_container_is_left() { [ -z "$(timeout --signal=KILL 60 "${oci[@]}" list --quiet 3>&-)" ]; }

passes_codes_on() {
    local code
    for code in 0 1 42 255; do
        configure /init -- sh -c "exit $code"
        run_container
        expect_status "$code"
        [ -z "$output" ]
    done
    configure /init -- missing
    run_container
    expect_status 127
    expect_output "init: cannot run missing: no such file or directory"
    no_container_is_left
}

passes_signals_on() {
    configure /init -- sh -c 'trap "echo caught; exit 33" USR1; echo ready; while :; do sleep 0.05; done'
    start_container
    send USR1
    expect_end 33
    grep -q caught "$said"
    no_container_is_left
}

stops() {
    configure /init -- sh -c 'echo ready; exec sleep 1000'
    start_container
    send TERM
    expect_end 143
    no_container_is_left
}

stops_without_program() {
    configure /bin/sh -c 'echo ready; exec /init'
    start_container
    eventually says_hello
    send TERM
    expect_end 0
    no_container_is_left
}

says_hello() { [ "$(cat "$said")" = "ready"$'\n'"$greeting" ]; }

# If init did not reap, /proc would have two hundred zombies.
reaps_orphans() {
    configure /init -- sh -c '
        for i in $(seq 200); do (sleep 0.05 &); done
        until [ "$(ls -d /proc/[0-9]* | wc -l)" -lt 10 ]; do sleep 0.05; done
        exit 5'
    run_container
    expect_status 5
    no_container_is_left
}

# ordinary_user: lets root run the rest of a test as user 65534. Another user has no need of that.
ordinary_user() {
    [ "$(id -u)" -eq 0 ] || skip "user $(id -un) has run all the other tests"
    as_root=(setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user)
    "${as_root[@]}" true 2>/dev/null || skip "this machine lets user 65534 make no user namespace"
    chown -R 65534:65534 "$place"
}

@test "runc ends with the program's code, or 127 if it is missing" { under_runc; passes_codes_on; }
@test "crun ends with the program's code, or 127 if it is missing" { under_crun; passes_codes_on; }
@test "the program gets a signal from runc" { under_runc; passes_signals_on; }
@test "the program gets a signal from crun" { under_crun; passes_signals_on; }
@test "TERM from runc ends a container" { under_runc; stops; }
@test "TERM from crun ends a container" { under_crun; stops; }
@test "TERM from runc ends a container without a program" { under_runc; stops_without_program; }
@test "TERM from crun ends a container without a program" { under_crun; stops_without_program; }
@test "under runc init reaps orphans" { under_runc; reaps_orphans; }
@test "under crun init reaps orphans" { under_crun; reaps_orphans; }

@test "under an ordinary user's runc init does the same" {
    ordinary_user
    under_runc
    passes_codes_on
    passes_signals_on
    stops
    reaps_orphans
}

@test "under an ordinary user's crun init does the same" {
    ordinary_user
    under_crun
    passes_codes_on
    passes_signals_on
    stops
    reaps_orphans
}
