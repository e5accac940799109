# An image as a container of LXD's, with Hammock's init.

setup_file() {
    load ../Support/engines
    "$root/scripts/hammock" --help >/dev/null
    start_engine --network lxd lxc || return 0
    make_box
    "$root/scripts/hammock" build "oci-archive:$place/box.tar" --as lxd -o "$place/built" \
        --name box -- sh -c 'trap "exit 0" USR1; echo $$ >/tmp/pid; echo "I am $(id -u) in $(pwd), $COLOUR"
            while :; do sleep 0.05; done'
    start_lxd || return 0
    lxc image import "$place/built/image.tar.gz" --alias box >/dev/null
}

teardown_file() {
    load ../Support/engines
    if [ -z "${engine_lacks-}" ]; then
        lxc delete --force one >/dev/null 2>&1 || true
        inside env "LXD_DIR=$place/lxd" timeout --signal=KILL 60 lxd shutdown --timeout 20 || true
    fi
    end_engine
}

setup() {
    load ../Support/engines
    need_engine
}

teardown() { lxc delete --force one >/dev/null 2>&1 || true; }

# start_lxd: a daemon of its own, with one directory for all that it stores, and no network.
start_lxd() {
    mkdir "$place/lxd"
    inside env "LXD_DIR=$place/lxd" lxd --group root >"$place/lxd.log" 2>&1 &
    inside env "LXD_DIR=$place/lxd" timeout --signal=KILL 60 lxd waitready --timeout 50 \
        || engine_lacks "lxd does not start here: $(tail -n 1 "$place/lxd.log")" || return
    inside env "LXD_DIR=$place/lxd" timeout --signal=KILL 60 lxd init --preseed <<'END'
storage_pools:
- name: default
  driver: dir
profiles:
- name: default
  devices:
    root: {path: /, pool: default, type: disk}
END
}

lxc() {
    inside env "LXD_DIR=$place/lxd" "HOME=$place" timeout --signal=KILL 120 lxc "$@" </dev/null
}

# A container in namespaces of the test's own may not have a user namespace, too.
launch() {
    capture lxc launch box one --config security.privileged=true
    [ "$status" -eq 0 ] || skip "lxd can run no container here: ${lines[*]: -1}"
    eventually has_said "I am 0 in /data, red"
}

has_said() { grep -qF "$1" < <(lxc console one --show-log 2>/dev/null); }
state() { lxc list one --format csv --columns s; }
is_stopped() { [ "$(state)" = STOPPED ]; }

@test "the container runs the image's program under Hammock's init" {
    launch
    run -0 lxc exec one -- cat /proc/1/comm
    [ "$output" = init ]
    run -0 lxc exec one -- sh -c 'ls -l /sbin/init; exit 0'
    expect_output "/.hammock/agent"
    capture lxc exec one -- sh -c 'exit 9'
    expect_status 9
}

@test "the container stops by itself when it is asked to, and starts again" {
    launch
    run -0 lxc stop one --timeout 30
    [ "$(state)" = STOPPED ]
    run -0 lxc start one
    eventually has_said "I am 0 in /data, red"
}

@test "the container stops with its program" {
    launch
    run -0 lxc exec one -- sh -c 'kill -USR1 $(cat /tmp/pid)'
    eventually is_stopped
}
