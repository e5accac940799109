# scripts/bench.sh, the part `init`: init beside the same program in C; and functions that run a
# program as PID 1 of a namespace. Sourced by scripts/bench.sh.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what scripts/lib.sh and scripts/bench.sh set and read

in_namespace=() # the words that make a command PID 1; none if the machine forbids it

# How long an idle init is watched for wakeups, in seconds.
readonly idle_seconds=10

# --- PID 1 of a namespace -------------------------------------------------------------------

# find_namespace: sets `in_namespace`, a command that makes a PID namespace.
find_namespace() {
    wants init || wants peers || wants services || return 0
    # An ordinary user is root in a user namespace, if the machine allows one.
    in_namespace=(unshare --pid --fork --mount --kill-child)
    [ "$(id -u)" -eq 0 ] || in_namespace+=(--user --map-root-user)
    "${in_namespace[@]}" true 2>/dev/null && return
    in_namespace=()
    say "this machine lets user $(id -un) make no PID namespace: of init, nothing but sizes"
}

# launch COMMAND...: as PID 1 of a namespace. Sets `namespace`, the process that waits for it.
launch() {
    # If this script is killed, the kernel ends the namespace with it.
    setpriv --pdeathsig KILL "${in_namespace[@]}" --root="$work/tree" "$@" \
        >/dev/null 2>"$work/complaints" </dev/null &
    namespace=$!
    # unshare ignores TERM.
    running[namespace]=KILL
}

# await_rest WHO: waits until the launched program rests. Sets `pid`, the number of PID 1 as seen
# from here.
await_rest() {
    local deadline=$((SECONDS + 10)) before='' now=''
    until pid=$(pgrep -P "$namespace") && now=$(naps "$pid" "$1") && [ "$now" = "$before" ]; do
        [ $SECONDS -lt $deadline ] || die "$exit_failed" \
            "the init '$1' does not come to rest: $(tail -n 3 "$work/complaints")"
        before=$now
        sleep 0.05
    done
}

# naps PID WHO: prints the number of its context switches; fails unless it is asleep. It is at
# rest if it is asleep with the same number twice, whatever system call it waits in.
naps() {
    is_init "$1" "$2" && [ "$(status_of "$1" State)" = S ] && switches_of "$1"
} 2>/dev/null

# is_init PID WHO: whether unshare has become the init, and the init has not ended.
is_init() { [ "/proc/$1/exe" -ef "$work/tree/$2" ]; }

# measure_idling START PREFIX WHO...: all of them idle during the same ten seconds. START starts
# one of them, and PREFIX stands in front of the measures' names.
measure_idling() {
    local start=$1 prefix=$2 who
    local -A pids switches processor
    shift 2
    say "$idle_seconds s at rest: $*"
    for who; do
        "$start" "$who"
        pids[$who]=$pid
        switches[$who]=$(switches_of "$pid")
        processor[$who]=$(processor_time_of "$pid")
    done
    # In the background, because a trapped signal ends `wait` at once, but not a foreground command.
    sleep "$idle_seconds" &
    running[$!]=KILL
    wait $!
    for who; do
        pid=${pids[$who]}
        is_init "$pid" "$who" || die "$exit_failed" "the init '$who' has ended at rest"
        sample "${prefix}wakeups" "$who" $(($(switches_of "$pid") - switches[$who]))
        sample "${prefix}processor" "$who" \
            $((($(processor_time_of "$pid") - processor[$who]) / 1000))
    done
    end_running
}

# status_of PID FIELD
status_of() { awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"; }

switches_of() { awk '/ctxt_switches/ { sum += $2 } END { print sum }' "/proc/$1/status"; }

# processor_time_of PID: in nanoseconds; /proc/PID/stat has only hundredths of a second.
processor_time_of() { cut -d ' ' -f 1 "/proc/$1/schedstat"; }

# --- init -----------------------------------------------------------------------------------

# build_inits: ours and the same in C, side by side in the root directory of the namespaces.
# Copies, so that no build changes them during the measurement.
build_inits() {
    local source=$root/Tests/Support/c-init.c
    [ -n "$init" ] || HAMMOCK_NESTED=yes "$root/scripts/build-init.sh"
    install -m 755 "${init:-$out/init}" "$work/tree/ours"
    musl-gcc -Os -static -s -o "$work/tree/musl" "$source"
    gcc -Os -static -s -o "$work/tree/glibc" "$source"
}

measure_init() {
    local who run
    for who in ours musl glibc; do
        sample size "$who" "$(stat -c %s "$work/tree/$who")"
    done
    [ ${#in_namespace[@]} -gt 0 ] || return 0
    say "init: memory at rest, $runs starts each"
    for run in $(seq "$runs"); do
        for who in ours musl glibc; do
            start "$who"
            sample resident "$who" "$(status_of "$pid" VmRSS)"
            sample private "$who" "$(status_of "$pid" RssAnon)"
            end_running
        done
    done
    measure_idling start '' ours musl glibc
}

# start WHO: with nothing to run.
start() {
    launch "/$1"
    await_rest "$1"
}

table_of_init() {
    local peer
    for peer in musl glibc; do
        row size ours "$peer" "init, bytes: C, $peer"
        row resident ours "$peer" "init, kB resident: C, $peer"
        row private ours "$peer" "init, kB resident, private: C, $peer"
        row wakeups ours "$peer" "init, wakeups in $idle_seconds s: C, $peer"
        row processor ours "$peer" "init, CPU us in $idle_seconds s: C, $peer"
    done
}
