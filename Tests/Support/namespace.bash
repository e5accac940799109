# For the tests that run the real executable as PID 1 of a PID namespace: five milliseconds
# to start, and all the rules for PID 1 hold. pid_namespaces(7)
# shellcheck shell=bash disable=SC2034,SC2154 # the tests read what is set; helpers.bash sets out

# build_prober: builds `$prober`, once for each file, before the tests that run it.
build_prober() {
    export prober=$BATS_FILE_TMPDIR/prober
    musl-gcc -Os -static -s -Wall -Wextra -o "$prober" "$root/Tests/Support/prober.c"
}

# prepare_namespaces: a test begins with this. Skips the test if the machine allows no namespace.
prepare_namespaces() {
    # An ordinary user gets a user namespace to be root in, where the machine allows one.
    as_root=()
    into_user_namespace=()
    if [ "$(id -u)" -ne 0 ]; then
        as_root=(unshare --user --map-root-user)
        into_user_namespace=(--user --preserve-credentials)
    fi
    in_namespace=(unshare --pid --fork --mount --kill-child)
    "${as_root[@]}" "${in_namespace[@]}" true 2>/dev/null \
        || skip "this machine lets user $(id -un) make no PID namespace"
    namespaces=()
    tree=$BATS_TEST_TMPDIR/root
    mkdir -p "$tree/dev"
    cp "$out/init" "$tree/"
    console=$tree/dev/console
    log=$tree/dev/kmsg
}

# end_namespaces: a test ends with this.
end_namespaces() {
    local process
    for process in "${namespaces[@]}"; do
        is_own_child "$process" || continue
        # If strace is in front, the process that it traces does not end with it.
        # shellcheck disable=SC2046 # one word a child
        kill -KILL $(pgrep -P "$process") "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
}

# own_namespace PID: PID is the process in front of a namespace. It will end with the test.
own_namespace() {
    namespace=$1
    namespaces+=("$1")
    eventually has_child
    pid=$(pgrep -P "$namespace")
}

has_child() { pgrep -P "$namespace" >/dev/null; }

# start COMMAND...: runs COMMAND as PID 1 of a namespace whose root directory is `$tree`. COMMAND
# ends in an exec of /init there. Sets `pid`, as seen from here.
start() {
    "${as_root[@]}" "${in_namespace[@]}" --root="$tree" "$@" <&- 3>&- &
    own_namespace $!
}

# start_here COMMAND...: the same in the machine's own root directory.
start_here() {
    "${as_root[@]}" "${in_namespace[@]}" --mount-proc "$@" 3>&- &
    own_namespace $!
}

# start_process COMMAND...: the same, but COMMAND is a child of PID 1. An init that is not PID 1 can
# signal every process that its user may signal. In a namespace a mistake hits no process outside.
start_process() {
    start_here sh -c '"$@"; exit $?' sh "$@"
    eventually pgrep -P "$pid" >/dev/null
    pid=$(pgrep -P "$pid")
}

# start_on_terminal COMMAND...: as start, on a terminal whose output goes to standard output. It
# is not the controlling terminal of COMMAND.
start_on_terminal() {
    mkfifo "$BATS_TEST_TMPDIR/told-terminal"
    exec {terminal}<>"$BATS_TEST_TMPDIR/told-terminal"
    "${as_root[@]}" "$prober" hangup "${in_namespace[@]}" --root="$tree" "$@" <&"$terminal" 3>&- &
    own_namespace $!
    eventually pgrep -P "$pid" >/dev/null
    pid=$(pgrep -P "$pid")
}

# hang_up: hangs the terminal up.
hang_up() {
    echo >&"$terminal"
    eventually is_hung_up
}

is_hung_up() { [[ $(ls -l "/proc/$namespace/fd") != *ptmx* ]]; }

# capture COMMAND...: sets `status`, `output` and `lines` as bats' run does. But run takes code 127
# for a mistake.
capture() {
    status=0
    output=$("$@" 2>&1 3>&-) || status=$?
    mapfile -t lines <<<"$output"
}

# code_of COMMAND...: runs COMMAND to its end as PID 1 of a namespace, in the machine's own
# root directory, and captures it.
code_of() {
    capture timeout --signal=KILL 60 "${as_root[@]}" "${in_namespace[@]}" --mount-proc "$@"
}

# run_in_tree COMMAND...: runs COMMAND to its end, with `$tree` as its root directory.
run_in_tree() {
    timeout --signal=KILL 60 "${as_root[@]}" "${in_namespace[@]}" --root="$tree" "$@" 3>&-
}

# expect_end CODE: the namespace that was started last ends with CODE.
expect_end() {
    local ended=0
    eventually has_ended
    wait "$namespace" || ended=$?
    [ "$ended" -eq "$1" ] || {
        echo "expected exit code $1, not $ended" >&2
        return 1
    }
}

has_ended() { [ ! -e "/proc/$namespace" ] || [[ $(cat "/proc/$namespace/stat") == *') Z '* ]]; } 2>/dev/null

# idles: whether PID 1 is in pause(2), system call 34.
idles() { [ -e "/proc/$pid" ] && [[ $(cat "/proc/$pid/syscall") == 34\ * ]]; }

# expect_no_wakeup: PID 1 has neither a context switch nor a tick of processor time for a second.
# The sleep does not wait for something: it is the second in which nothing may happen.
expect_no_wakeup() {
    local before after
    before=$(grep ctxt_switches "/proc/$pid/status"; cut -d' ' -f14,15 "/proc/$pid/stat")
    sleep 1
    after=$(grep ctxt_switches "/proc/$pid/status"; cut -d' ' -f14,15 "/proc/$pid/stat")
    [ "$before" = "$after" ]
}

no_children() { ! pgrep -P "$pid" >/dev/null; }

says_greeting() { [ "$(cat "$1")" = "$greeting" ]; }
