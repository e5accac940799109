# Which signals go to the program, and which ones PID 1 keeps.
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

# signals_but NUMBER...: prints all 64 signals but these.
signals_but() { seq 1 64 | grep -vxF "$(printf '%s\n' "$@")"; }

# took_all NUMBER...: whether the prober has said that it took these signals, and no others.
took_all() { cmp -s <(printf '%s\n' ready "$@" | sort) <(sort "$took"); }

@test "init resets the signals that its parent had blocked or ignored" {
    : >"$console"
    mkfifo "$BATS_TEST_TMPDIR/full"
    exec {full}<>"$BATS_TEST_TMPDIR/full"
    dd if=/dev/zero of=/dev/fd/$full bs=4096 count=16 status=none
    in_namespace=(env --block-signal --ignore-signal=ALRM "${in_namespace[@]}")
    start /init >&"$full"
    eventually says_greeting "$console"
    eventually idles
    # The kernel kills a process that has a fault while the fault's signal is blocked.
    cp "$out/trapping-init" "$tree/"
    start /trapping-init read-nowhere >"$tree/stdout"
    eventually idles
    grep -q 'init: fault: SIGSEGV in PID 1' "$tree/stdout"
}

# If a process ignores CHLD, the kernel itself reaps its children, and does not tell the process.
# env comes after unshare(1), which has to wait for PID 1.
@test "init notices the program's end although its parent ignored CHLD, or every signal" {
    local ignored
    for ignored in CHLD ALRM HUP,INT,QUIT,PIPE,ALRM,TERM,CHLD,CONT; do
        code_of env --ignore-signal="$ignored" --block-signal "$out/init" sh -c 'exit 7'
        expect_status 7
    done
}

@test "a signal that means nothing to a container's PID 1 does nothing" {
    start /init >"$tree/stdout"
    eventually idles
    # PID 1 cannot refuse 9 and 19 from outside. The others are requests: the next test has them.
    "$prober" send "$pid" $(signals_but 9 19 2 10 12 15 30 37 38 39)
    eventually idles
    says_greeting "$tree/stdout"
}

@test "each request ends a container with code 0" {
    local signal
    for signal in 2 10 12 15 30 37 38; do
        start /init >"$tree/stdout"
        eventually idles
        kill -n "$signal" "$pid"
        expect_end 0
    done
}

# takes_every_signal PROCESS: whether the prober gets each signal that the test sends to init. No
# process can refuse KILL and STOP. CHLD tells init about init's own children; the kernel tells
# the program about the program's. TTIN and TTOU mean that another process than the program used
# the terminal. The test sends CONT later, because pending CONT and stop signals cancel each other.
takes_every_signal() {
    eventually took_all
    "$prober" send "$1" $(signals_but 9 18 19)
    eventually took_all $(signals_but 9 17 18 19 21 22)
    "$prober" send "$1" 18
    eventually took_all $(signals_but 9 17 19 21 22)
}

@test "the program gets every signal but CHLD, TTIN and TTOU, real-time signals too" {
    start_here "$out/init" "$prober" signals >"$took"
    takes_every_signal "$pid"
}

@test "when init is not PID 1, the program gets every signal but CHLD, TTIN and TTOU" {
    start_process "$out/init" "$prober" signals >"$took"
    takes_every_signal "$pid"
}

@test "the program gets a real-time signal as often as it was sent" {
    local fifty
    mapfile -t fifty < <(yes 34 | head -n 50)
    start_here "$out/init" "$prober" signals >"$took"
    eventually took_all
    kill -STOP "$pid"
    "$prober" send "$pid" "${fifty[@]}"
    kill -CONT "$pid"
    eventually took_all "${fifty[@]}" 18
}

@test "the program gets a signal that was pending before init began" {
    local signal
    ulimit -S -c 0
    # Left out are the signals that end no process, KILL, those that stop, the faults, the one that
    # the prober sends later, and PIPE and XFSZ, which init seems to have caused itself.
    for signal in $(signals_but 17 18 23 28 9 19 20 21 22 4 5 7 8 11 31 64 13 25); do
        code_of "$prober" pending "$signal" -- "$out/init" "$prober" first
        # The signal may come before the program can take it, and end the program.
        [ "$status" -eq "$signal" ] || expect_status $((128 + signal))
    done
}

# interrupted_at CALL TIME: starts a container, and sends init TERM while it makes this system call
# for the TIMEth time. The calls of the shell that becomes init count too. The program dies of
# TERM, or of signal 64 if TERM does not come.
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

# calls_of_start: prints each system call of init's start in `$trace`, and the number that it has
# among the calls of its name.
calls_of_start() {
    sed 's/(.*//' "$trace" | awk '
        { print $0, ++times[$0] }
        $0 == "ppoll" { exit }' | sed '1,/^rt_sigprocmask /d'
}

# Before PID 1 has blocked all signals, no signal can reach it: the kernel drops them.
@test "the program gets a signal that comes during any system call of init's start" {
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

@test "if a process sends the signal of a fault, the program gets it, and init has no fault" {
    code_of "$out/init" -- sh -c 'trap "exit 36" SEGV; kill -SEGV 1; while :; do sleep 0.02; done'
    expect_status 36
}

@test "the program gets the signal of a fault, although no signal may wait in a queue" {
    code_of prlimit --sigpending=0 "$out/init" -- \
        sh -c 'trap "exit 36" SEGV; kill -SEGV 1; while :; do sleep 0.02; done'
    expect_status 36
}

@test "with -r init forwards another signal, or none" {
    start_here "$out/init" -r USR1:HUP -r 12:0 --rewrite=RTMIN:SIGTERM "$prober" signals >"$took"
    eventually took_all
    "$prober" send "$pid" 10 12 34 64
    eventually took_all 1 15 64
}

# start_pair OPTION...: starts a program that says when it gets USR2, with the prober in its group.
start_pair() {
    start_here "$out/init" "$@" -- sh -c 'trap "echo program >\"\$1\"" USR2
        "$2" signals >"$3" & echo $! >"$4"
        while :; do sleep 0.05; done' sh "$tree/program" "$prober" "$took" "$tree/other"
    eventually took_all
    program=$(pgrep -P "$pid")
    other=$(pgrep -P "$program" -x prober)
}

@test "with -g init signals the program's whole group, without -g only the program" {
    start_pair -g
    kill -USR2 "$pid"
    eventually test -s "$tree/program"
    eventually took_all 12
    rm "$tree/program"
    start_pair
    kill -USR2 "$pid"
    eventually test -s "$tree/program"
    # A 12 would have come before this signal.
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

@test "with -p the program also gets this signal when init is not PID 1" {
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

@test "a program without a terminal stops on TSTP, and goes on after CONT" {
    start_here "$out/init" sleep 1000
    eventually pgrep -P "$pid" -x sleep >/dev/null
    program=$(pgrep -P "$pid")
    kill -TSTP "$pid"
    eventually is_in_state T
    kill -CONT "$pid"
    eventually is_in_state S
}
