# init as the first process of the containers that systemd-nspawn makes.

setup_file() {
    load ../Support/engine
    start_engine systemd-nspawn || return 0
}

teardown_file() {
    load ../Support/engine
    end_engine
}

setup() {
    load ../Support/engine
    need_engine
    need_container systemd-nspawn nspawn /bin/true
}

nspawn() {
    inside timeout --foreground --signal=KILL 60 systemd-nspawn --quiet --register=no --keep-unit \
        --directory="$place/tree" "$@" </dev/null
}

# idle COMMAND: starts init without a program, and runs COMMAND as soon as init is asleep.
idle() {
    capture nspawn /bin/sh -c '
        (until grep -q "^34 " /proc/1/syscall; do sleep 0.02; done; $0) & exec /init' "$1"
}

@test "systemd-nspawn ends with the program's code, or with 127 if the program is missing" {
    expect_codes nspawn /init --
    expect_output "init: cannot run missing: no such file or directory"
}

@test "under systemd-nspawn init reaps orphans" {
    expect_reaping nspawn /init --
}

# systemd-nspawn ends with 133 if it has to be started again.
@test "inside systemd-nspawn both Hammock's and busybox's reboot reboot the container" {
    idle /sbin/reboot
    expect_status 133
    idle /bin/reboot
    expect_status 133
}

@test "inside systemd-nspawn Hammock's and busybox's poweroff, and halt, end the container" {
    idle /sbin/poweroff
    expect_status 0
    idle /bin/poweroff
    expect_status 0
    idle /sbin/halt
    expect_status 0
}

@test "TERM to systemd-nspawn ends a booted container cleanly" {
    mkfifo "$place/none"
    inside sh -c 'echo $$ >"$1/pid"
        exec systemd-nspawn --quiet --register=no --keep-unit --boot --directory="$1/tree"' \
        sh "$place" <"$place/none" >"$place/booted" 2>&1 &
    local entered=$!
    # The FIFO keeps the input open: the end of its input would end systemd-nspawn.
    # shellcheck disable=SC2034
    exec {typed}>"$place/none"
    eventually grep -q "Just hanging here" "$place/booted"
    inside kill -TERM "$(cat "$place/pid")"
    status=0
    wait "$entered" || status=$?
    expect_status 0
}
