# containerd's containers in machines, asked for by the interface that Kubernetes has for it.

setup_file() {
    load ../Support/engines
    start_machines containerd ctr runc curl || return 0
    /usr/bin/python3 -c 'import grpc' 2>/dev/null || engine_lacks "there is no grpc for Python" \
        || return 0
    [ -x /usr/lib/cni/bridge ] || engine_lacks "there are no plugins for networks" || return 0
    mkdir "$place/net" "$place/logs"
    cat >"$place/net/10-test.conflist" <<END_OF_NET
{"cniVersion": "0.4.0", "name": "test", "plugins": [
  {"type": "bridge", "bridge": "test0", "isGateway": true, "ipMasq": false,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.251.0.0/24"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}}]}
END_OF_NET
    cat >"$place/containerd.toml" <<END_OF_TOML
version = 2
root = "$place/containerd"
state = "/run/containerd-test"
[grpc]
  address = "/run/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:latest"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "$place/net"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
END_OF_TOML
    deployed containerd.toml >>"$place/containerd.toml"
    make_pause
    inside containerd --config "$place/containerd.toml" >"$place/containerd.log" 2>&1 &
    eventually ctr_ready
    for archive in box nginx pause; do
        ctr images import "$place/$archive.tar" >/dev/null
    done
}

# make_pause: what holds a pod's namespaces is Hammock's init.
make_pause() {
    mkdir "$place/pause-tree"
    cp "$out/init" "$place/pause-tree/pause"
    make_archive pause '{"Entrypoint": ["/pause"]}'
}

ctr() {
    inside timeout --signal=KILL 120 ctr --address /run/containerd.sock --namespace k8s.io "$@"
}
ctr_ready() { ctr version >/dev/null 2>&1; }

teardown_file() {
    load ../Support/engines
    end_engine
}

setup() {
    load ../Support/engines
    need_engine
    export engine_log=$place/containerd.log
    need_container containerd try_runc
}

try_runc() {
    local sandbox
    sandbox=$(cri sandbox try runc "$place/logs") || return
    cri stop-sandbox "$sandbox" && cri remove-sandbox "$sandbox"
}

teardown() {
    [ -z "${pod-}" ] || {
        cri stop-sandbox "$pod" || true
        cri remove-sandbox "$pod" || true
    }
}

cri() {
    inside timeout --signal=KILL 120 /usr/bin/python3 "$root/Tests/Support/cri.py" \
        /run/containerd.sock "$@"
}

# start_pod IMAGE WORD...: a pod with one container. Sets `pod` and `container`.
start_pod() {
    pod=$(cri sandbox "pod$BATS_TEST_NUMBER" hammock "$place/logs")
    container=$(cri container "$pod" app "$place/logs" "$@")
    cri start "$container"
}

has_status() { [ "$(cri status "$container")" = "$1" ]; }

@test "a pod's container has a machine, its code is the program's, and its log is Kubernetes'" {
    start_pod localhost/box:latest sh -c 'echo "I am $(cat /proc/1/comm)"; exit 9'
    eventually has_status "exited 9"
    grep -E '^[^ ]+ stdout F I am init$' "$place/logs/app.log"
    [ "$(machines)" -eq 0 ]
}

@test "a pod's machine answers at the pod's address, with its programs and its stop signal" {
    start_pod localhost/nginx:latest
    address=$(cri address "$pod")
    eventually answers "http://$address/" "nginx in a machine"
    capture cri exec "$container" /usr/sbin/nginx -v
    expect_status 0
    expect_output "nginx version"
    within 8 cri stop "$container" 30
    has_status "exited 0"
    eventually nothing_left
}

@test "an exec probe has the code of its program" {
    start_pod localhost/box:latest sleep 1000
    for code in 0 7; do
        capture cri exec "$container" sh -c "exit $code"
        expect_status "$code"
    done
}

@test "a second container of a pod is told why it has no machine" {
    start_pod localhost/nginx:latest
    address=$(cri address "$pod")
    eventually answers "http://$address/" "nginx in a machine"
    container=$(cri container "$pod" other "$place/logs" localhost/box:latest true)
    cri start "$container"
    eventually has_status "exited 125"
    grep "the network of this pod belongs to the machine of another container" \
        "$place/logs/other.log"
    answers "http://$address/" "nginx in a machine"
}
