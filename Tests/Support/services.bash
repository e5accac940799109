# For the tests that run PID 1 with services as PID 1 of a namespace: real unit files, the real planner,
# the real client. The tree has busybox and the tools. Where a test does not ask for cgroups there are
# none, and process groups have to do.
# shellcheck shell=bash disable=SC2034,SC2154 # the tests read what is set; helpers.bash sets root

load ../Support/helpers
load ../Support/namespace
load ../Support/cgroup

# build_services: builds what these tests need, once for each file.
build_services() {
    "$root/scripts/build-init.sh"
    "$root/scripts/build-init.sh" --product hammock
    build_prober
}

# prepare_services: a test begins with this.
prepare_services() {
    local tool
    [ "$(id -u)" -eq 0 ] || skip "an ordinary user cannot mount what services need"
    prepare_namespaces
    mkdir -p "$tree"/{bin,sbin,etc/hammock,run,proc,tmp}
    cp "$out/hammock" "$tree/sbin/"
    cp "$prober" "$tree/bin/prober"
    cp /bin/busybox "$tree/bin/"
    for tool in sh sleep cat echo kill mkdir rm; do ln -s busybox "$tree/bin/$tool"; done
    units=$tree/etc/hammock
    # What the program and the services say.
    said=$tree/tmp/said
    : >"$said"
}

# end_services: a test ends with this.
end_services() {
    end_namespaces
    end_group
}

# unit NAME: a unit file, from standard input.
unit() { cat >"$units/$1"; }

# runs NAME WORDS...: a unit file of a service that runs this, and more lines.
runs() {
    local name=$1 command=$2
    shift 2
    { printf '[Service]\nExecStart=%s\n' "$command"; printf '%s\n' "$@"; } >"$units/$name.service"
}

# Before init there is what a machine, or a container's runtime, mounts.
before='busybox mount -t proc proc /proc; busybox mount -t tmpfs none /run
busybox mount -t tmpfs none /dev; busybox mknod /dev/null c 1 3; busybox mknod /dev/zero c 1 5
exec "$@"'

# with_cgroups: this test's services have cgroups, below one of the machine's.
with_cgroups() {
    make_group
    mkdir -p "$tree/sys/fs/cgroup"
    before="$(entering_group "busybox mount")
$before"
}

# run_init WORDS...: runs init with services to its end, and captures it.
run_init() { capture run_in_tree /bin/sh -c "$before" sh /init --services "$@"; }

# start_init WORDS...: the same, and goes on. What init says goes to $log.
start_init() {
    log=$BATS_TEST_TMPDIR/log
    start /bin/sh -c "$before" sh /init --services "$@" >"$log" 2>&1
}

# inside COMMAND...: runs COMMAND in the namespace of the init that was started last, and captures
# it.
inside() {
    capture timeout -s KILL 60 nsenter --target "$pid" --mount --root --wd=/ --pid "$@"
}

# ask WORDS...: the client.
ask() { inside /sbin/hammock "$@"; }

# has_phase NAME PHASE: as the client sees it.
has_phase() { ask status "$1" --json && [[ $output == *"\"phase\":\"$2\""* ]]; }

# main_of NAME: the number of its main process, in the namespace.
main_of() {
    ask status "$1" --json
    grep -o '"main":[0-9]*' <<<"$output" | cut -d: -f2
}

# count PATTERN: how many processes of the namespace have a command line that ends so.
count() {
    inside /bin/busybox ps -o args
    grep -c "$1\$" <<<"$output" || true
}

count_is() { [ "$(count "$2")" -eq "$1" ]; }

# end_init: asks for the end, which has to be one without a failure.
end_init() {
    kill "$pid"
    expect_end 0
}
