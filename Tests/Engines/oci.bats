# The runtime as the OCI runtime specification wants it, asked directly: runtime.md, "Operations".

setup_file() {
    load ../Support/engines
    start_machines runc || return 0
}

teardown_file() {
    load ../Support/engines
    end_engine
}

setup() {
    load ../Support/engines
    need_engine
    bundle=$place/bundle$BATS_TEST_NUMBER
    mkdir -p "$bundle"
    configure '{}'
    export client=runtime
    need_container runc try_runc
}

try_runc() { inside runc --root /run/try run --bundle "$bundle" try </dev/null; }

teardown() { runtime delete --force box >/dev/null 2>&1 || true; }

runtime() { inside timeout --signal=KILL 60 "$runtime" --root /run/runtime "$@"; }

# configure JSON: the bundle's config.json: `true` with new namespaces, and over it what JSON says.
configure() {
    python3 - "$bundle/config.json" "$place/box-tree" "$cgroup" "$1" <<'END'
import json, sys
path, tree, cgroup, changes = sys.argv[1:]
config = {
    "ociVersion": "1.0.2",
    "process": {"args": ["true"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}},
    "root": {"path": tree},
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
    "annotations": {"org.example.key": "value"},
    "linux": {
        "cgroupsPath": "/" + cgroup + "/box",
        "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]},
}
def merge(old, new):
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merge(old[key], value)
        else:
            old[key] = value
merge(config, json.loads(changes))
json.dump(config, open(path, "w"))
END
}

create() { runtime create --bundle "$bundle" box </dev/null >"$place/output" 2>&1 3>&-; }
state() { runtime state box | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
is() { [ "$(state status)" = "$1" ]; }
idle='{"process": {"args": ["sh", "-c", "trap \"exit 4\" TERM; while :; do sleep 0.05; done"]}}'

@test "a container is created, runs once it is started, stops, and is gone once it is deleted" {
    configure "$idle"
    create
    is created
    runtime start box
    is running
    runtime kill box KILL
    eventually is stopped
    runtime delete box
    capture runtime state box
    [ "$status" -ne 0 ]
    [ ! -e "$bundle/hammock" ]
}

@test "the state has version, identifier, bundle, annotations, and the number of a process that runs" {
    configure "$idle"
    create
    [ "$(state id)" = box ]
    [ "$(state bundle)" = "$bundle" ]
    [ "$(state annotations)" = "{'org.example.key': 'value'}" ]
    [ -n "$(state ociVersion)" ]
    inside kill -0 "$(state pid)"
}

@test "the program runs only after start" {
    configure '{"process": {"args": ["touch", "/data/started"]}}'
    rm -f "$place/box-tree/data/started"
    create
    [ ! -e "$place/box-tree/data/started" ]
    runtime start box
    eventually is stopped
    [ -e "$place/box-tree/data/started" ]
}

@test "what comes at the wrong time is refused, and changes nothing" {
    configure "$idle"
    capture runtime start box
    [ "$status" -ne 0 ]
    create
    capture runtime create --bundle "$bundle" box
    [ "$status" -ne 0 ]
    is created
    runtime start box
    capture runtime start box
    [ "$status" -ne 0 ]
    capture runtime delete box
    [ "$status" -ne 0 ]
    is running
    runtime kill box KILL
    eventually is stopped
    capture runtime kill box TERM
    [ "$status" -ne 0 ]
}

@test "a create that is refused because the name is taken leaves the other's bundle alone" {
    configure "$idle"
    create
    first=$bundle
    bundle=$place/other
    mkdir -p "$bundle"
    configure '{}'
    capture runtime create --bundle "$bundle" box
    [ "$status" -ne 0 ]
    [ ! -e "$bundle/hammock" ]
    [ -e "$first/hammock/box/config.json" ]
    runtime start box
    is running
}

@test "one bundle may be that of two containers" {
    configure "$idle"
    create
    runtime create --bundle "$bundle" other </dev/null >/dev/null 2>&1 3>&-
    runtime start box
    runtime delete --force other
    is running
    [ -e "$bundle/hammock/box/config.json" ]
}

@test "a bundle that is none is refused, by name" {
    capture runtime create --bundle "$place/nowhere" box
    [ "$status" -ne 0 ]
    expect_output "$place/nowhere: No such file or directory"
    rm "$bundle/config.json"
    capture runtime create --bundle "$bundle" box
    expect_output "$bundle/config.json: cannot be read"
    echo '{' >"$bundle/config.json"
    capture runtime --log "$place/log" --log-format json create --bundle "$bundle" box
    expect_output "config.json is no JSON"
    grep '"level":"error","msg":"hammock: .*config.json is no JSON"' "$place/log"
    [ ! -e "$bundle/hammock" ]
}

@test "an identifier that leads elsewhere is refused, and removes nothing" {
    mkdir -p "$bundle/hammock" "$bundle/rootfs"
    echo kept >"$bundle/rootfs/file"
    for name in ../rootfs .. . ''; do
        capture runtime create --bundle "$bundle" -- "$name"
        [ "$status" -ne 0 ]
        expect_output "a container cannot be called '$name'"
        [ -e "$bundle/rootfs/file" ]
    done
}

@test "hooks run, and get the container's state" {
    cat >"$bundle/hook" <<END_OF_HOOK
#!/bin/sh
cat >"$bundle/\$1"
END_OF_HOOK
    chmod +x "$bundle/hook"
    hook() { printf '"%s": [{"path": "%s", "args": ["hook", "%s"]}]' "$1" "$bundle/hook" "$1"; }
    configure "{\"hooks\": {$(hook prestart), $(hook poststart), $(hook poststop)}}"
    create
    grep '"id":"box"' "$bundle/prestart"
    runtime start box
    grep '"id":"box"' "$bundle/poststart"
    eventually is stopped
    runtime delete box
    grep '"id":"box"' "$bundle/poststop"
}

@test "run is create and start, and ends with the program's code" {
    configure '{"process": {"args": ["sh", "-c", "echo here; exit 7"]}}'
    capture runtime run --bundle "$bundle" box
    expect_status 7
    [ "$output" = here ]
    [ ! -e "$bundle/hammock" ]
}

@test "a container that run leaves behind keeps its bundle until it is deleted" {
    configure "$idle"
    runtime run --detach --bundle "$bundle" box </dev/null >/dev/null 2>&1 3>&-
    is running
    echo '{"args": ["true"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}' \
        >"$bundle/process"
    runtime exec --process "$bundle/process" box
    runtime delete --force box
    [ ! -e "$bundle/hammock" ]
}

@test "a plain container's bundle stays, even with a path like that of a machine's" {
    bundle=$place/hammock/box
    mkdir -p "$bundle"
    configure '{"annotations": {"io.kubernetes.cri.container-type": "sandbox"}}'
    create
    [ "$(state bundle)" = "$bundle" ]
    runtime delete --force box
    [ -e "$bundle/config.json" ]
    rm -r "$place/hammock"
}

@test "a volume goes where a link of the image's leads, also if nothing is there" {
    ln -sf ../run/nothing/resolv.conf "$place/box-tree/etc/resolv.conf"
    echo "nameserver 10.9.8.7" >"$bundle/names"
    configure '{"process": {"args": ["cat", "/etc/resolv.conf"]}, "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
        {"destination": "/etc/resolv.conf", "type": "bind", "source": "names",
            "options": ["rbind", "ro"]}]}'
    capture runtime run --bundle "$bundle" box
    rm "$place/box-tree/etc/resolv.conf"
    expect_status 0
    [ "$output" = "nameserver 10.9.8.7" ]
}

@test "of two containers that begin at once in one network one has a machine" {
    states() {
        local name
        for name in box other; do
            runtime state "$name" | sed -n 's/.*"status":"\([a-z]*\)".*/\1/p'
        done | sort | paste -sd ' '
    }
    are() { [ "$(states)" = "$1" ]; }
    inside ip netns add shared
    inside ip -n shared link add eth0 type veth peer name eth9
    inside ip -n shared link set eth0 up
    configure "${idle%?}, \"linux\": {\"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"ipc\"},
        {\"type\": \"network\", \"path\": \"/run/netns/shared\"}, {\"type\": \"uts\"},
        {\"type\": \"mount\"}]}}"
    create
    runtime create --bundle "$bundle" other </dev/null >"$place/output-of-other" 2>&1 3>&-
    runtime start box &
    runtime start other &
    wait %1 %2
    eventually are "running stopped"
    grep "the network of this pod belongs to the machine of another" "$place/output" "$place/output-of-other"
    runtime delete --force other
    inside ip netns delete shared
}

@test "the program's limits do not stop the machine" {
    configure '{"process": {"args": ["sh", "-c", "echo here >/data/said; cat /data/said"], "rlimits": [
        {"type": "RLIMIT_FSIZE", "hard": 1, "soft": 1},
        {"type": "RLIMIT_AS", "hard": 100000000, "soft": 100000000}]}}'
    capture runtime run --bundle "$bundle" box
    expect_status 0
    [ "$output" = here ]
}

@test "a limit of processes does not stop the machine" {
    configure '{"process": {"args": ["echo", "here"]},
        "linux": {"resources": {"pids": {"limit": 4}}}}'
    capture runtime run --bundle "$bundle" box
    expect_status 0
    [ "$output" = here ]
}

@test "words that only the other runtime knows are passed on to it" {
    capture runtime --version
    expect_status 0
    expect_output "runc version"
    capture runtime list
    expect_status 0
    configure "$idle"
    create
    runtime start box
    capture runtime ps box
    expect_output "/hammock/runtime machine"
}
