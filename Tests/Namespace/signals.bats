# Whose a signal is: the program's, or PID 1's own.
# shellcheck disable=SC2046 # a list of signals is one word each

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
    "$root/scripts/build-init.sh" --product trapping-init
    build_prober
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
    took=$BATS_TEST_TMPDIR/took
}

teardown() { end_namespaces; }

# signals_but NUMBER...: all 64 without these.
signals_but() { seq 1 64 | grep -vxF "$(printf '%s\n' "$@")"; }

# took_all NUMBER...: whether the prober has said that it took these, and no other.
took_all() { cmp -s <(printf '%s\n' ready "$@" | sort) <(sort "$took"); }

@test "signals that its parent had blocked or ignored are its own again" {
    : >"$console"
    mkfifo "$BATS_TEST_TMPDIR/full"
    exec {full}<>"$BATS_TEST_TMPDIR/full"
    dd if=/dev/zero of=/dev/fd/$full bs=4096 count=16 status=none
    in_namespace=(env --block-signal --ignore-signal=ALRM "${in_namespace[@]}")
    start /init >&"$full"
    eventually says_greeting "$console"
    eventually idles
    # The kernel kills whoever has a fault while its signal is blocked.
    cp "$out/trapping-init" "$tree/"
    start /trapping-init read-nowhere >"$tree/stdout"
    eventually idles
    grep -q 'init: fault: SIGSEGV in PID 1' "$tree/stdout"
}

# Where a parent ignored CHLD the kernel reaps, and tells nobody. Not before the namespace:
# unshare(1) waits for PID 1.
@test "a program's end is seen though init's parent ignored CHLD, or all there is" {
    local ignored
    for ignored in CHLD ALRM HUP,INT,QUIT,PIPE,ALRM,TERM,CHLD,CONT; do
        code_of env --ignore-signal="$ignored" --block-signal "$out/init" sh -c 'exit 7'
        expect_status 7
    done
}

@test "a signal that means nothing to a container's PID 1 does nothing" {
    start /init >"$tree/stdout"
    eventually idles
    # Nobody can refuse 9 and 19 from here; the others are requests, below.
    "$prober" send "$pid" $(signals_but 9 19 2 10 12 15 30 37 38 39)
    eventually idles
    says_greeting "$tree/stdout"
}

@test "a request ends a container, with code 0" {
    local signal
    for signal in 2 10 12 15 30 37 38; do
        start /init >"$tree/stdout"
        eventually idles
        kill -n "$signal" "$pid"
        expect_end 0
    done
}

# takes_every_signal PROCESS: whether each signal that init is sent arrives at the prober.
# Nobody can refuse KILL and STOP. CHLD tells init of its own children; the kernel tells the
# program of the program's. TTIN and TTOU tell of a use of the terminal that was not the
# program's. CONT comes later: in a queue it and those that stop cancel each other.
takes_every_signal() {
    eventually took_all
    "$prober" send "$1" $(signals_but 9 18 19)
    eventually took_all $(signals_but 9 17 18 19 21 22)
    "$prober" send "$1" 18
    eventually took_all $(signals_but 9 17 19 21 22)
}

@test "every signal but CHLD, TTIN and TTOU is the program's, the real-time ones too" {
    start_here "$out/init" "$prober" signals >"$took"
    takes_every_signal "$pid"
}

@test "every signal but CHLD, TTIN and TTOU is the program's where init is not PID 1" {
    start_process "$out/init" "$prober" signals >"$took"
    takes_every_signal "$pid"
}

@test "a real-time signal is the program's as often as it was sent" {
    local fifty
    mapfile -t fifty < <(yes 34 | head -n 50)
    start_here "$out/init" "$prober" signals >"$took"
    eventually took_all
    kill -STOP "$pid"
    "$prober" send "$pid" "${fifty[@]}"
    kill -CONT "$pid"
    eventually took_all "${fifty[@]}" 18
}

@test "a signal that was pending before init began is the program's" {
    local signal
    ulimit -S -c 0
    # Without those that end nobody, those that stop, the faults, the one that comes later, and
    # two that init seems to have caused itself: PIPE and XFSZ.
    for signal in $(signals_but 17 18 23 28 9 19 20 21 22 4 5 7 8 11 31 64 13 25); do
        code_of "$prober" pending "$signal" -- "$out/init" "$prober" first
        # It may come before the program can take it.
        [ "$status" -eq "$signal" ] || expect_status $((128 + signal))
    done
}

# interrupted_at CALL TIME: a container whose init is sent TERM while it makes this system call
# for the TIMEth time, a shell's before it included. Its program dies of TERM, or else of
# signal 64.
interrupted_at() {
    local go=$BATS_TEST_TMPDIR/go.$1.$2
    trace=$BATS_TEST_TMPDIR/trace.$1.$2
    mkfifo "$go"
    start_here sh -c 'read -r _ <"$1"; shift; exec "$@"' sh "$go" \
        "$out/init" sh -c 'kill -64 1; exec sleep 1000'
    strace -o "$trace" -e "inject=$1:signal=TERM:when=$2" -p "$pid" 2>"$trace.said" 3>&- &
    tracer=$!
    eventually grep -q attached "$trace.said"
    echo >"$go"
}

# calls_of_start: each system call of init's start in `$trace`, with which time it is.
calls_of_start() {
    sed 's/(.*//' "$trace" | awk '
        { print $0, ++times[$0] }
        $0 == "ppoll" { exit }' | sed '1,/^rt_sigprocmask /d'
}

# Before it has blocked all signals PID 1 cannot be sent any: the kernel drops them.
@test "a signal during any system call of init's start is the program's" {
    local calls call scope=/proc/sys/kernel/yama/ptrace_scope
    strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
    [ "$(id -u)" -eq 0 ] || [ ! -e "$scope" ] || [ "$(cat "$scope")" -eq 0 ] \
        || skip "this machine lets user $(id -un) trace nobody that runs already"
    interrupted_at pause 1
    expect_end 192
    wait "$tracer"
    mapfile -t calls < <(calls_of_start)
    [ "${#calls[@]}" -gt 10 ]
    for call in "${calls[@]}"; do
        # shellcheck disable=SC2086 # a name and a number
        interrupted_at $call
        expect_end 143
    done
}

@test "a signal of a fault that a process sends is no fault of init's" {
    code_of "$out/init" -- sh -c 'trap "exit 36" SEGV; kill -SEGV 1; while :; do sleep 0.02; done'
    expect_status 36
}

@test "a signal of a fault comes, although no signal may wait in a queue" {
    code_of prlimit --sigpending=0 "$out/init" -- \
        sh -c 'trap "exit 36" SEGV; kill -SEGV 1; while :; do sleep 0.02; done'
    expect_status 36
}

@test "with -r another signal is forwarded, or none" {
    start_here "$out/init" -r USR1:HUP -r 12:0 --rewrite=RTMIN:SIGTERM "$prober" signals >"$took"
    eventually took_all
    "$prober" send "$pid" 10 12 34 64
    eventually took_all 1 15 64
}

# start_pair OPTION...: a program that says when it has USR2, with the prober in its group.
start_pair() {
    start_here "$out/init" "$@" -- sh -c 'trap "echo program >\"\$1\"" USR2
        "$2" signals >"$3" & echo $! >"$4"
        while :; do sleep 0.05; done' sh "$tree/program" "$prober" "$took" "$tree/other"
    eventually took_all
    program=$(pgrep -P "$pid")
    other=$(pgrep -P "$program" -x prober)
}

@test "with -g the program's whole group gets a signal, without it the program alone" {
    start_pair -g
    kill -USR2 "$pid"
    eventually test -s "$tree/program"
    eventually took_all 12
    rm "$tree/program"
    start_pair
    kill -USR2 "$pid"
    eventually test -s "$tree/program"
    # Had there been a 12, it would have come before this.
    kill -TERM "$other"
    eventually took_all 15
}

@test "with -p the program gets a signal when init's parent dies" {
    start_here "$out/init" -p USR1 "$prober" signals >"$took"
    namespaces+=("$pid")
    eventually took_all
    kill -KILL "$namespace"
    eventually took_all 10
    kill -KILL "$pid"
}

@test "with -p the same is so where init is not PID 1" {
    start_here sh -c '
        sh -c "\"\$@\" & exec sleep 1000" sh "$@" &
        wait
        exec sleep 1000' sh "$out/init" --parent-death=10 "$prober" signals >"$took"
    eventually took_all
    eventually pgrep -P "$pid" -x sleep >/dev/null
    kill -KILL "$(pgrep -P "$pid" -x sleep)"
    eventually took_all 10
}

is_in_state() { [[ $(cat "/proc/$program/stat") == *") $1 "* ]]; }

@test "a program that has no terminal stops when it is told to, and goes on" {
    start_here "$out/init" sleep 1000
    eventually pgrep -P "$pid" -x sleep >/dev/null
    program=$(pgrep -P "$pid")
    kill -TSTP "$pid"
    eventually is_in_state T
    kill -CONT "$pid"
    eventually is_in_state S
}
