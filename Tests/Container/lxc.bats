# init as the first process of the containers that LXC makes.

setup_file() {
    load ../Support/engine
    start_engine lxc-start lxc-stop lxc-attach || return 0
    mkdir -p "$place/lxc/box"
    cat >"$place/lxc/box/config" <<END_OF_CONFIG
lxc.rootfs.path = dir:$place/tree
lxc.uts.name = box
lxc.net.0.type = empty
lxc.mount.auto = proc:rw
lxc.init.cmd = /start
lxc.cgroup.dir = $cgroup
END_OF_CONFIG
    # In the background LXC gives the first process /dev/null.
    printf '#!/bin/sh\nexec /init >>/said\n' >"$place/tree/start"
    chmod +x "$place/tree/start"
}

teardown_file() {
    load ../Support/engine
    end_engine
}

setup() {
    load ../Support/engine
    need_engine
    said=$place/tree/said
    : >"$said"
    need_container LXC lxc start -d -- /bin/true
    eventually is_stopped
    : >"$said"
}

teardown() { lxc stop --kill >/dev/null 2>&1 || true; }

# lxc JOB WORD...
lxc() {
    local job=$1
    shift
    inside timeout --signal=KILL 60 "lxc-$job" --lxcpath="$place/lxc" --name=box "$@"
}

is_stopped() { [ "$(lxc info --state --no-humanize 2>/dev/null)" = STOPPED ]; }
is_running() { [ "$(lxc info --state --no-humanize 2>/dev/null)" = RUNNING ]; }

# has_greeted TIMES
has_greeted() { [ "$(grep -c "Just hanging here" "$said")" -eq "$1" ]; }

# is_asleep: whether the container's PID 1 is in pause(2).
is_asleep() { [[ $(inside cat "/proc/$(lxc info --pid --no-humanize)/syscall") == 34\ * ]]; }

start_idle() {
    lxc start -d
    eventually has_greeted 1
    eventually is_asleep
}

@test "lxc-stop ends an idle container before LXC would kill it" {
    start_idle
    within 8 lxc stop --nokill --timeout 30
    is_stopped
}

@test "lxc-stop -r reboots an idle container" {
    start_idle
    within 8 lxc stop --reboot --timeout 30
    eventually has_greeted 2
    is_running
}

@test "inside LXC both Hammock's and busybox's reboot reboot the container" {
    start_idle
    lxc attach -- /sbin/reboot || true
    eventually has_greeted 2
    eventually is_asleep
    lxc attach -- /bin/reboot || true
    eventually has_greeted 3
    is_running
}

@test "poweroff inside LXC stops the container" {
    start_idle
    lxc attach -- /sbin/poweroff || true
    eventually is_stopped
}

@test "under LXC the program gets LXC's stop signal, and the container ends with the program" {
    lxc start -d -- /init -- sh -c 'trap "echo told; exit 0" PWR; echo ready >>/said
        while :; do sleep 0.05; done'
    eventually grep -q ready "$said"
    within 8 lxc stop --nokill --timeout 30
    is_stopped
}

@test "under LXC init reaps orphans" {
    lxc start -d -- /init -- sh -c "($orphans); echo code \$? >>/said"
    eventually is_stopped
    grep -q "code 5" "$said"
}
