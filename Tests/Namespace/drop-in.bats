# Called by the name of another init, init does what that one's callers rely on. Each test calls
# init by a link of that name.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
    build_prober
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
    took=$BATS_TEST_TMPDIR/took
    names=$BATS_TEST_TMPDIR/names
    mkdir "$names"
    for name in tini docker-init dumb-init catatonit; do
        ln -s "$out/init" "$names/$name"
    done
    tini=$names/tini
    dumb_init=$names/dumb-init
    catatonit=$names/catatonit
}

teardown() { end_namespaces; }

# as_process COMMAND...: runs COMMAND to its end as the child of another PID 1.
as_process() { code_of sh -c '"$@"; exit $?' sh "$@"; }

# signals_but NUMBER...: prints all signals below 32 but these.
signals_but() { seq 1 31 | grep -vxF "$(printf '%s\n' "$@")"; }
took_all() { cmp -s <(printf '%s\n' ready "$@" | sort) <(sort "$took"); }
is_in_state() { [[ $(cat "/proc/$1/stat") == *") $2 "* ]]; }

@test "by each name init ends with the program's code, or 128 plus the signal's number" {
    local name code
    for name in tini docker-init dumb-init catatonit; do
        for code in 0 1 127 255; do
            code_of "$names/$name" -- sh -c "exit $code"
            expect_status "$code"
            [ -z "$output" ]
        done
        code_of "$names/$name" -- sh -c 'kill -KILL $$'
        expect_status 137
    done
}

@test "by each peer's name, init without a program prints its usage and ends with 1" {
    local name
    for name in tini docker-init dumb-init catatonit; do
        code_of "$names/$name"
        expect_status 1
        [[ ${output,,} == *usage:* ]]
        [[ $output != *"Hello, World!"* ]]
    done
}

@test "by each peer's name, init ends with 1 on an unknown option" {
    local name
    for name in tini docker-init dumb-init catatonit; do
        code_of "$names/$name" -z true
        expect_status 1
        [ -n "$output" ]
    done
}

@test "as tini and catatonit, init prints a version of tini, because docker asks for one" {
    local name
    for name in tini docker-init catatonit; do
        code_of "$names/$name" --version
        expect_status 0
        [[ $output =~ ^"tini version "[0-9] ]]
    done
}

@test "as dumb-init, init prints its version on standard error, for -V too" {
    local option
    for option in -V --version; do
        code_of sh -c '"$@" 2>&1 >/dev/null' sh "$dumb_init" "$option"
        expect_status 0
        [[ $output =~ ^"dumb-init v"[0-9.]+$ ]]
    done
}

@test "as tini, init obeys the environment variables that stand for its options" {
    TINI_SUBREAPER='' as_process "$tini" -- sh -c '
        sh -c "sleep 0.2 & echo \$! >$0"; grep -q "PPid:.$PPID\$" /proc/$(cat "$0")/status' "$took"
    expect_status 0
    TINI_KILL_PROCESS_GROUP='' as_process "$tini" -- sh -c '
        trap : USR1; (: >"$0"; sleep 1000; exit) & until test -e "$0"; do :; done
        kill -USR1 $PPID; wait; wait; exit 4' "$tree/ready"
    expect_status 4
    # An orphan's SIGCHLD; the program's own may go unheard, as init may reap it before. The program
    # ends once init has logged the signal.
    TINI_VERBOSITY=3 code_of sh -c 'exec "$0" sh -c "(true &)
        until grep -q SIGCHLD \"\$0\"; do :; done" "$1" >"$1"' "$tini" "$tree/log"
    expect_status 0
    TINI_VERBOSITY=0 as_process "$tini" true
    [ -z "$output" ]
}

@test "as tini, init warns if it gets no orphans, and only then" {
    local warning="zombie reaping won't work"
    as_process "$tini" true
    expect_status 0
    expect_output "$warning"
    as_process "$tini" -s true
    [[ $output != *"$warning"* ]]
    code_of "$tini" true
    [[ $output != *"$warning"* ]]
}

@test "as tini, init logs each orphan that it reaps with -w, and none without" {
    local leave='(true &); until [ "$(ls -d /proc/[0-9]* | wc -l)" -le 4 ]; do :; done; sleep 0.1'
    code_of "$tini" -w -- sh -c "$leave"
    [[ $output =~ "Reaped zombie process with pid="[0-9]+ ]]
    code_of "$tini" -- sh -c "$leave"
    [ -z "$output" ]
}

@test "as tini, init leaves signals blocked and ignored for the program" {
    code_of env --block-signal=TERM --block-signal=TTIN --ignore-signal=INT \
        --ignore-signal=TTOU "$tini" -- cat /proc/self/status
    [ "$(sed -n 's/^SigBlk:.//p' <<<"$output")" = 0000000000104000 ]
    [ "$(sed -n 's/^SigIgn:.//p' <<<"$output")" = 0000000000200002 ]
}

@test "as dumb-init, init starts the program with no signal blocked or ignored" {
    code_of env --block-signal --ignore-signal=INT "$dumb_init" -- cat /proc/self/status
    [ "$(grep -cE '^Sig(Blk|Ign|Cgt):.0000000000000000$' <<<"$output")" -eq 3 ]
}

# session_of OPTION...: sets `output` to "yes" if dumb-init's program leads a session, else "no".
session_of() {
    code_of "$dumb_init" "$@" -- sh -c '
        set -- $(cut -d" " -f6 /proc/$$/stat); [ "$1" = $$ ] && echo yes || echo no'
}

@test "as dumb-init, init makes the program lead a session, unless told not to" {
    session_of
    [ "$output" = yes ]
    session_of -c
    [ "$output" = no ]
    session_of --single-child
    [ "$output" = no ]
    DUMB_INIT_SETSID=0 session_of
    [ "$output" = no ]
    DUMB_INIT_SETSID='' session_of
    [ "$output" = yes ]
}

@test "as dumb-init, init signals the program's group, and with -c only the program" {
    local pair='(trap "echo other" USR1; echo r; while :; do sleep 0.05; done) &
        trap "echo program" USR1; echo r; while :; do sleep 0.05; done'
    start_here "$dumb_init" -- sh -c "$pair" >"$took"
    eventually cmp -s "$took" <(printf 'r\nr\n')
    kill -USR1 "$pid"
    eventually grep -q program "$took"
    eventually grep -q other "$took"
    start_here "$dumb_init" -c -- sh -c "$pair" >"$took"
    eventually cmp -s "$took" <(printf 'r\nr\n')
    kill -USR1 "$pid"
    eventually grep -q program "$took"
    run ! grep -q other "$took"
}

@test "as dumb-init, init sends the group TERM when the program has ended, but not with -c" {
    local leave='"$0" signals >"$1" & until grep -qs ready "$1"; do sleep 0.02; done; exit 3'
    code_of sh -c '"$@"; echo $?; until grep -q 15 "$0"; do sleep 0.02; done' "$took" \
        "$dumb_init" -- sh -c "$leave" "$prober" "$took"
    expect_status 0
    [ "$output" = 3 ]
    code_of sh -c '"$@"; echo $?; "$0" send $(pgrep -x prober) 64' "$prober" \
        "$dumb_init" -c -- sh -c "$leave" "$prober" "$took"
    [ "$output" = 3 ]
    run ! grep -q 15 "$took"
}

@test "as dumb-init, TSTP, TTIN and TTOU stop the program and init, and CONT continues both" {
    local signal program
    start_process "$dumb_init" "$prober" signals >"$took"
    eventually took_all
    program=$(pgrep -P "$pid")
    for signal in TSTP TTIN TTOU; do
        kill -"$signal" "$pid"
        eventually is_in_state "$program" T
        eventually is_in_state "$pid" T
        kill -CONT "$pid"
        eventually is_in_state "$program" S
        eventually is_in_state "$pid" S
    done
}

@test "as dumb-init, -r can give the program another signal than TSTP, and init still stops" {
    start_process "$dumb_init" -r 20:1 "$prober" signals >"$took"
    eventually took_all
    kill -TSTP "$pid"
    eventually took_all 1
    eventually is_in_state "$pid" T
    kill -CONT "$pid"
    eventually took_all 1 18
}

@test "as dumb-init with -c, init passes TSTP on to the program, and stops" {
    start_process "$dumb_init" -c "$prober" signals >"$took"
    eventually took_all
    kill -TSTP "$pid"
    eventually took_all 20
    eventually is_in_state "$pid" T
    kill -CONT "$pid"
    eventually took_all 18 20
}

@test "as dumb-init, init reports a wrong -r in three lines, ends with 1, and runs nothing" {
    local wrong
    for wrong in '' herp 15 15::12 15:derp 0:1 1:32 32:1; do
        code_of "$dumb_init" -r "$wrong" echo run
        expect_status 1
        [ "${#lines[@]}" -eq 3 ]
        [[ ${lines[0]} == Usage:* && ${lines[0]} == *31* && ${lines[2]} == *--help* ]]
    done
}

@test "as dumb-init, init begins each of its lines with its name" {
    code_of "$dumb_init" /nowhere
    [ "$status" -ne 0 ]
    expect_output "[dumb-init] /nowhere: No such file or directory"
    DUMB_INIT_DEBUG=1 code_of "$dumb_init" -c true
    [ "${#lines[@]}" -ge 4 ]
    [ "$(grep -cv '^\[dumb-init\] ' <<<"$output")" -eq 0 ]
    DUMB_INIT_DEBUG=0 code_of "$dumb_init" -c true
    [ -z "$output" ]
}

# The wait of 300 ms is not a wait for something. During that time nothing may happen.
@test "as dumb-init, init ignores the hangup that follows when it gives up its terminal" {
    code_of expect -f "$root/Tests/Support/terminal.exp" -- 'await ready; after 300; send "go\r"' \
        "$dumb_init" sh -c 'trap "echo hung up" HUP CONT; echo ready; read -r line; exit 5'
    expect_status 5
    [[ $output != *"hung up"* ]]
}

@test "as catatonit -P, init pauses silently and reaps, and only TERM and INT end it, with 0" {
    local signal
    for signal in TERM INT; do
        start_here sh -c '(sleep 0.1 &); exec "$@"' sh "$catatonit" -P >"$took" 2>&1
        eventually idles
        eventually no_children
        [ "$(readlink "/proc/$pid/cwd")" = / ]
        # shellcheck disable=SC2046 # a number each
        "$prober" send "$pid" $(signals_but 2 9 15 19)
        eventually idles
        kill -"$signal" "$pid"
        expect_end 0
        [ ! -s "$took" ]
    done
}

@test "as catatonit, init adopts the orphans below it even if it is not PID 1" {
    as_process "$catatonit" -- sh -c '
        sh -c "sleep 0.2 & echo \$! >$0"; grep -q "PPid:.$PPID\$" /proc/$(cat "$0")/status' "$took"
    expect_status 0
}

@test "as catatonit, TSTP, TTIN and TTOU to init do not stop the program" {
    local signal
    for signal in TSTP TTIN TTOU; do
        code_of "$catatonit" -- sh -c "kill -$signal 1; sleep 0.1; echo on; exit 4"
        expect_status 4
        [ "$output" = on ]
    done
}
