# For the tests that give init to a container engine. Each file has one PID and mount namespace.
# All that an engine starts lives and ends in it: daemons, monitors, mounts.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # quotes hold scripts; the tests read what is set

load ../Support/helpers
load ../Support/namespace

# start_engine [--network] COMMAND...: builds init, and makes `$place`, `$cgroup` and the namespace,
# with a network of its own, if it is asked for. Fails if one of these commands is missing;
# need_engine then says so.
start_engine() {
    local command network=()
    export engine_entry="--pid --mount"
    if [ "$1" = --network ]; then
        shift
        network=(--net)
        engine_entry+=" --net"
    fi
    "$root/scripts/build-init.sh"
    for command; do
        command -v "$command" >/dev/null || engine_lacks "there is no $command here" || return
    done
    [ "$(id -u)" -eq 0 ] || engine_lacks "only root can give an engine a namespace" || return
    export cgroup=hammock-test-$$
    # Not in bats' own directory, whose path is too long for a socket.
    place=$(mktemp -d)
    chmod 755 "$place"
    export place
    make_engine_tree "$place/tree"
    # An engine refuses to run with cgroups of both versions. The shell reaps what a daemon leaves
    # behind.
    unshare --mount --pid "${network[@]}" --fork --mount-proc --kill-child sh -c '
        mount -t tmpfs none /run
        ip link set lo up
        mount -t tmpfs none /sys/fs/cgroup/unified 2>/dev/null
        : >"$1/begun"
        while :; do sleep 1000; done' sh "$place" >/dev/null 2>&1 3>&- &
    export engine=$!
    eventually test -e "$place/begun"
    engine_init=$(pgrep -P "$engine")
    export engine_init
}

engine_lacks() {
    export engine_lacks=$1
    return 1
}

# need_engine: skips a test whose file's engine could not be started.
need_engine() { [ -z "${engine_lacks-}" ] || skip "$engine_lacks"; }

# configure_podman NPROC: podman's configuration in `$place`. podman may not raise the limits that it
# raises by default, and NPROC is that of processes.
configure_podman() {
    mkdir "$place/helpers"
    cp "$out/init" "$place/helpers/catatonit"
    cat >"$place/containers.conf" <<END_OF_CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=$1:$1"]
netns = "none"
init_path = "$out/init"
log_driver = "k8s-file"
[engine]
runtime = "runc"
events_logger = "none"
cgroup_manager = "cgroupfs"
helper_binaries_dir = ["$place/helpers"]
END_OF_CONF
    export CONTAINERS_CONF=$place/containers.conf
}

# need_podman: sets `podman`, the command, and skips a test where podman runs no container.
need_podman() {
    need_engine
    export client=podman
    podman=(podman --root "$place/storage" --runroot "$place/state" --tmpdir "$place/tmp"
        --storage-driver vfs)
    need_container podman podman run --rm --cgroup-parent "/$cgroup" --rootfs "$place/tree" /bin/true
}

# need_container ENGINE COMMAND...: skips a test where COMMAND, which has ENGINE run a container,
# fails. The last line of its output says why, or of `$engine_log`, if there is one.
need_container() {
    local name=$1
    shift
    capture "$@"
    [ -z "${engine_log-}" ] || mapfile -t lines <"$engine_log"
    [ "$status" -eq 0 ] || skip "$name can run no container here: ${lines[*]: -1}"
}

end_engine() {
    [ -n "${place-}" ] || return 0
    kill -KILL "$engine" 2>/dev/null || true
    eventually remove_place
    # These cgroups are the machine's: our namespaces do not contain them.
    find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} + 2>/dev/null || true
}

# The engine's mounts go with its last process, a moment after the kill.
remove_place() { rm -rf "$place" 2>/dev/null; }

# make_engine_tree DIRECTORY: a root directory with busybox and init.
make_engine_tree() {
    local name
    mkdir -p "$1"/{bin,dev,etc,proc,run,sbin,sys,tmp,usr,var}
    cp "$(command -v busybox)" "$1/bin/"
    for name in cat chmod false grep kill ls poweroff readlink reboot seq sh sleep test touch tr \
        true tty; do
        ln -s busybox "$1/bin/$name"
    done
    cp "$out/init" "$1/init"
    ln -s ../init "$1/sbin/init"
    for name in poweroff reboot halt; do
        ln -s ../init "$1/sbin/$name"
    done
    echo "ID=hammock" >"$1/etc/os-release"
}

# inside COMMAND...: runs COMMAND where the engine lives.
# shellcheck disable=SC2086 # a word each
inside() { nsenter --target "$engine_init" $engine_entry "$@" 3>&-; }

# on_terminal SCRIPT COMMAND...: runs COMMAND where the engine lives, on a terminal, and captures it.
on_terminal() {
    local script=$1
    shift
    # shellcheck disable=SC2086 # a word each
    capture expect -f "$root/Tests/Support/terminal.exp" -- "$script" \
        nsenter --target "$engine_init" $engine_entry "$@"
}

# Each of these gets a COMMAND that has init run the words behind it in a container.

# expect_codes COMMAND...: the program's code is the container's, and 127 if there is no program.
expect_codes() {
    local code
    for code in 0 1 42 255; do
        capture "$@" sh -c "exit $code"
        expect_status "$code"
        [ -z "$output" ]
    done
    capture "$@" missing
    expect_status 127
}

# expect_reaping COMMAND...: init reaps what a program leaves behind.
expect_reaping() {
    capture "$@" sh -c "$orphans"
    expect_status 5
}

# expect_interrupt COMMAND...: Ctrl-C on the container's terminal ends the program.
expect_interrupt() {
    on_terminal 'await ready; send "\x03"' "$@" sh -c 'echo ready; exec sleep 1000'
    expect_status 130
}

# The container `box` of docker or podman, whichever `$client` is.
says_ready() { [[ $("$client" logs box 2>&1) == *ready* ]]; }
code_of_box() { "$client" inspect --format '{{.State.ExitCode}}' box; }
has_state() { [ "$("$client" inspect --format '{{.State.Status}}' box)" = "$1" ]; }

# within SECONDS COMMAND...: COMMAND succeeds in less than SECONDS.
within() {
    local limit=$1 began=${EPOCHREALTIME/./} took
    shift
    "$@" || return
    took=$(((${EPOCHREALTIME/./} - began) / 1000))
    [ "$took" -lt "$((limit * 1000))" ] || {
        echo "took $took ms, not less than $limit s: $*" >&2
        return 1
    }
}

# A program that ends with 5 on TERM, and has a child that ignores TERM.
stubborn='(trap "" TERM; echo ready; while :; do sleep 1; done) &
    trap "exit 5" TERM
    while :; do sleep 0.05; done'

# A program that leaves twenty orphans behind, and ends with 5 when they have been reaped.
orphans='for orphan in $(for try in $(seq 20); do (sleep 0.1 >/dev/null & echo $!); done); do
        while test -e "/proc/$orphan"; do sleep 0.02; done
    done
    exit 5'
