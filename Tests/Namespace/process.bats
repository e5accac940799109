# As any other process than PID 1: only what it has started is its own.

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
}

teardown() { end_namespaces; }

@test "as any other process than PID 1 it greets as well, and can be ended" {
    start_process "$out/init" >"$tree/stdout"
    eventually idles
    says_greeting "$tree/stdout"
    kill "$pid"
    expect_end 143
}

# A write that blocks is interrupted by alarms of init's own, which are not to be mixed up.
@test "an alarm that somebody sends counts, also while init waits for its console" {
    mkfifo "$tree/full"
    exec {full}<>"$tree/full"
    dd if=/dev/zero of=/dev/fd/$full bs=4096 count=16 status=none
    "${as_root[@]}" unshare --root="$tree" /init >&"$full" 3>&- &
    namespace=$!
    namespaces+=("$namespace")
    eventually writes
    # Two alarms that wait at the same time are one, and that may be the timer's.
    eventually ends_by_alarm
    expect_end $((128 + 14))
}

ends_by_alarm() {
    kill -ALRM "$namespace" 2>/dev/null || true
    has_ended
}

# writes: whether init is in write(2), system call 1.
writes() {
    [ "$(readlink "/proc/$namespace/exe")" = "$tree/init" ] && [[ $(cat "/proc/$namespace/syscall") == 1\ * ]]
}

@test "each of a program's 256 codes is init's, and 128 and the signal that ended it" {
    code_of sh -c '
        for code in $(seq 0 255); do
            "$1" -- sh -c "exit $code"
            [ $? -eq "$code" ] || echo "not $code"
        done
        for signal in 1 2 9 15 34 64; do
            "$1" -- sh -c "kill -$signal \$\$; exit 1"
            [ $? -eq $((128 + signal)) ] || echo "not 128 and $signal"
        done' sh "$out/init"
    expect_status 0
    [ -z "$output" ]
}

# orphan_below OPTION...: whether an orphan below init is init's child, "yes" or "no", and once
# it has been reaped, "gone".
orphan_below() {
    mkfifo "$tree/go"
    code_of sh -c '
        cd "$0"
        "$@" -- sh -c "sh -c \"read -r _ <go & echo \\\$! >orphan\"; echo >ready; exec sleep 1000" &
        until [ -e ready ]; do sleep 0.05; done
        orphan=$(cat orphan)
        if grep -q "^PPid:.$!\$" "/proc/$orphan/status"; then echo yes; else echo no; fi
        echo >go
        while [ -e "/proc/$orphan" ]; do sleep 0.05; done
        echo gone' "$tree" "$out/init" "$@"
}

@test "with -s it is the parent of the orphans below it, and reaps them" {
    orphan_below -s
    [ "$output" = $'yes\ngone' ]
}

@test "without -s the orphans below it are somebody else's" {
    orphan_below
    [ "${lines[0]}" = no ]
}

@test "it signals nobody but its program" {
    strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
    code_of sh -c '
        trace() { strace -e trace=kill,tkill,tgkill,rt_sigqueueinfo,pidfd_send_signal -o "$@"; }
        sleep 1000 & bystander=$!
        for options in "" -s -g "-s -g"; do
            trace "$1.idle$options" "$2" $options >"$1.out$options" &
            until grep -qs hanging "$1.out$options"; do sleep 0.05; done
            pkill -x init
            wait $!
            trace "$1.left$options" "$2" $options -- sh -c "(sleep 1000 &); exit 3"
            echo $?
            trace "$1.told$options" "$2" $options -- sh -c "kill \$PPID; exec sleep 1000"
            echo $?
            kill -0 $bystander || echo "the bystander is gone"
        done' sh "$tree/trace" "$out/init"
    [ "$output" = "$(printf '%s\n' 3 143 3 143 3 143 3 143)" ]
    run ! grep '(.*, SIG' "$tree"/trace.idle* "$tree"/trace.left*
    run -0 grep -h '(.*, SIG' "$tree"/trace.told*
    [ "$(grep -cE '^(kill\(-[0-9]{2,}, SIGTERM|pidfd_send_signal\([0-9]+, SIGTERM, NULL, 0)\) += 0$' <<<"$output")" -eq 4 ]
    [ "${#lines[@]}" -eq 4 ]
}

@test "a socket for init is the program's, whatever init's process number" {
    code_of sh -c 'sh -c "LISTEN_PID=\$\$ exec \"\$@\"" sh "$@"; exit $?' sh \
        "$out/init" -- sh -c 'test "$LISTEN_PID" = $$'
    expect_status 0
}
