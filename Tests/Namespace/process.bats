# When init is not PID 1, only the processes that it started are its own.

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

@test "when init is not PID 1, it greets too, and a signal can end it" {
    start_process "$out/init" >"$tree/stdout"
    eventually idles
    says_greeting "$tree/stdout"
    kill "$pid"
    expect_end 143
}

# init interrupts a write that blocks by alarms of its own. It must not mix them up with others.
@test "an alarm that a process sends ends init, even while init waits for its console" {
    mkfifo "$tree/full"
    exec {full}<>"$tree/full"
    dd if=/dev/zero of=/dev/fd/$full bs=4096 count=16 status=none
    "${as_root[@]}" unshare --root="$tree" /init >&"$full" 3>&- &
    namespace=$!
    namespaces+=("$namespace")
    eventually writes
    # Two alarms that are pending at the same time become one, and that may be the timer's.
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

@test "init ends with each of a program's 256 codes, or with 128 plus the signal's number" {
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

# orphan_below OPTION...: sets `output` to "yes" if an orphan below init becomes init's child, else
# "no", and adds "gone" once the orphan has been reaped.
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

@test "with -s init becomes the parent of the orphans below it, and reaps them" {
    orphan_below -s
    [ "$output" = $'yes\ngone' ]
}

@test "without -s init does not become the parent of the orphans below it" {
    orphan_below
    [ "${lines[0]}" = no ]
}

@test "when init is not PID 1, it signals only the program it started" {
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

@test "init passes a socket on to the program by LISTEN_PID, even if init is not PID 1" {
    code_of sh -c 'sh -c "LISTEN_PID=\$\$ exec \"\$@\"" sh "$@"; exit $?' sh \
        "$out/init" -- sh -c 'test "$LISTEN_PID" = $$'
    expect_status 0
}
