# A machine that runs services: unit files, cgroups, logs and the console.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    "$root/scripts/build-image.sh"
    "$root/scripts/build-init.sh" --product hammock
}

setup() {
    load ../Support/helpers
    units=$BATS_TEST_TMPDIR/units
    mkdir "$units"
    busybox=(--add "$(command -v busybox):/bin/busybox")
}

# boot [OPTION...]: boots with the units, without a terminal, and runs the script on standard input
# there.
boot() {
    cat >"$BATS_TEST_TMPDIR/script"
    run timeout -s KILL 300 "$root/scripts/boot.sh" --units "$units" "${busybox[@]}" --quiet "$@" \
        --add "$BATS_TEST_TMPDIR/script:/script" --timeout 240 -- /bin/busybox sh /script 3>&-
}

# unit NAME COMMAND LINE...
unit() {
    local name=$1 command=$2
    shift 2
    { printf '[Service]\nExecStart=%s\n' "$command"; printf '%s\n' "$@"; } >"$units/$name.service"
}

@test "on a machine a service has a cgroup, and its output and error go to its log" {
    unit talks "/bin/busybox sh -c 'echo to the log; echo an error >&2; exec busybox sleep 1000'"
    boot <<'END'
hammock wait talks up
until hammock logs talks 2>/dev/null | busybox grep -q error; do busybox sleep 0.1; done
hammock logs talks
echo "in the group: $(busybox cat /sys/fs/cgroup/hammock/talks.service/cgroup.procs)"
hammock status talks --json
END
    expect_status 0
    expect_output "to the log"
    expect_output "an error"
    [[ $output =~ "in the group: "([0-9]+) ]]
    expect_output "\"main\":${BASH_REMATCH[1]},"
}

@test "a limit of its group ends a service that takes too much, and not the machine" {
    unit greedy "/bin/busybox sh -c 'busybox tail /dev/zero'" MemoryMax=8M Restart=no
    unit good '/bin/busybox sleep 1000'
    boot <<'END'
hammock wait greedy down --timeout 60
hammock status greedy --json
hammock status good --json
END
    expect_status 0
    expect_output '"name":"greedy.service","phase":"down"'
    expect_output '"outcome":"memory"'
    expect_output '"name":"good.service","phase":"up"'
}

@test "a service that hangs in the kernel is stuck, and holds up neither the others nor the end" {
    # SIGKILL does not end a process that waits for a frozen file system.
    local writes='trap "" TERM; while :; do echo >>/file; done'
    unit hangs "/bin/busybox sh -c '$writes'" TimeoutStopSec=1
    unit good '/bin/busybox sleep 1000'
    boot --rw --append hammock.grace=1 <<'END'
hammock wait hangs up
until [ -s /file ]; do busybox usleep 10000; done
busybox fsfreeze --freeze /
main=$(hammock status hangs --json | busybox sed 's/.*"main":\([0-9]*\).*/\1/')
until busybox grep -q ^State:.D /proc/$main/status; do busybox usleep 10000; done
hammock status hangs --json
hammock stop hangs --timeout 60
busybox kill -0 $main && echo it is still there
hammock restart good --timeout 60 && echo the other comes again
hammock status --json
exit 5
END
    expect_status 5
    expect_output '"name":"hangs.service","phase":"up"'
    expect_output "hangs.service is stuck: it did not end in time"
    expect_output "it is still there"
    expect_output "the other comes again"
    expect_output '"name":"hangs.service","phase":"stuck"'
    expect_output '"name":"good.service","phase":"up"'
}

@test "a shell on the console comes back when it ends, and does not hold up the power off" {
    unit console '-/bin/busybox sh -i' StandardInput=tty StandardOutput=tty \
        TTYPath=/dev/console TTYReset=yes SendSIGHUP=yes Restart=always RestartSec=0
    run timeout -s KILL 200 "$root/Tests/Boot/shell.exp" 4 \
        'console.service is up' 'echo first: $((6 * 7))' 'first: 42' exit \
        'console.service is up' 'echo second: $((7 * 7))' 'second: 49' 'busybox kill -USR2 1' \
        "$root/scripts/boot.sh" --units "$units" "${busybox[@]}"
    expect_status 0
    expect_output "first: 42"
    expect_output "second: 49"
    expect_output "init: power off"
    [[ $output != *"takes too long"* ]]
}

@test "rescue.target gives a root shell on the console, and nothing else" {
    local tree=$BATS_TEST_TMPDIR/root
    mkdir -p "$tree/bin" "$tree/etc/systemd/system/multi-user.target.wants"
    cp "$(command -v busybox)" "$tree/bin/busybox"
    ln -s busybox "$tree/bin/sh"
    run timeout -s KILL 200 "$root/Tests/Boot/shell.exp" 3 \
        'rescue.service is up' 'busybox tty' /dev/console 'hammock status' \
        'rescue.service  up' 'busybox kill -USR2 1' \
        "$root/scripts/boot.sh" --root "$tree" --target rescue.target
    expect_status 0
    expect_output "/dev/console"
    expect_output "rescue.service  up"
    expect_output "init: power off"
}
