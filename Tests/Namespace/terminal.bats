# init on a terminal: which process has the terminal, and what its keys do.

setup_file() {
    load ../Support/terminal
    build_for_terminals
}

setup() {
    load ../Support/terminal
    prepare_terminals
}

teardown() { end_namespaces; }

@test "the program has the terminal" {
    on_terminal '' "${in_container[@]}" "$prober" foreground
    [ "$output" = $'yes\r' ]
    on_terminal '' "$out/init" "$prober" foreground
    [ "$output" = $'yes\r' ]
}

# Not in a container with a terminal from outside: the groups out there have no number inside.
@test "init gives the terminal back when the program has ended" {
    on_terminal '' sh -c '"$@"; exit 7' sh "$out/init" true
    expect_status 7
    on_terminal '' sh -c '"$1" true; "$2" foreground' sh "$out/init" "$prober"
    [ "$output" = $'yes\r' ]
    on_terminal '' sh -c '"$1" /nowhere; "$2" foreground' sh "$out/init" "$prober"
    [ "${lines[-1]}" = $'yes\r' ]
}

# A shell takes the terminal when init is stopped, and gives it to the next job. That job looks
# whether it still has the terminal after init has ended in the background.
@test "init does not take the terminal back from a job that has it by then" {
    mkfifo "$tree/go"
    printf '#!/bin/sh\nkill -STOP $PPID\nread -r _ <"$tree/go"\n' >"$tree/stops"
    printf '#!/bin/sh\n%s\n' 'echo >"$tree/go"; while kill -0 "$1" 2>&-; do :; done' \
        'exec "$prober" foreground' >"$tree/job"
    chmod +x "$tree/stops" "$tree/job"
    on_terminal '
        send "\"\$out/init\" \"\$tree/stops\"\r"
        await Stopped
        send "bg; \"\$tree/job\" \$!; exit 5\r"' "${shell[@]}"
    expect_status 5
    [[ $output == *$'\nyes\r'* ]]
}

@test "if init is in the background, its program stays there too" {
    on_terminal '' sh -mc '"$1" "$2" foreground & wait' sh "$out/init" "$prober"
    [[ $output == *$'no\r'* ]]
    on_terminal '' sh -mc '"$@" foreground & wait' sh "${in_container[@]}" "$prober"
    [[ $output == *$'no\r'* ]]
}

count_interrupts='trap "count=x\$count" INT
    echo ready
    until read -r line; do :; done
    echo "interrupts: $count"'

@test "the program gets Ctrl-C, and gets it once" {
    local typed='await ready; send "\x03"; await ^C; send "go\r"'
    on_terminal "$typed" "${in_container[@]}" sh -c "$count_interrupts"
    expect_output "interrupts: x"$'\r'
    on_terminal "$typed" "$out/init" sh -c "$count_interrupts"
    expect_output "interrupts: x"$'\r'
}

@test "Ctrl-C ends a program that does not handle it, with code 130" {
    on_terminal 'await ready; send "\x03"' "${in_container[@]}" "$prober" job
    expect_status 130
}

# The terminal echoes what is typed, so that must not contain the words that the test awaits.
@test "in a shell Ctrl-Z stops a job, fg continues it, and & starts another" {
    on_terminal '
        send "$::env(prober) job\r"
        await ready
        send "\x1a"
        await Stopped
        send "fg\r"
        await "went on"
        send "\x03"
        await "^C"
        send "echo co\"\"de $?\r"
        await "code 130"
        send "sh -c \"exit 6\" & wait %1; echo co\"\"de $?\r"
        await "code 6"
        send "exit 5\r"' "${in_container[@]}" "${shell[@]}"
    expect_status 5
}

@test "a job in the background that may not write stops, and init can still write" {
    on_terminal '
        send "stty tostop; sh -c \"echo hid\"den &\r"
        send "until jobs | grep -q Stop\"\"ped; do :; done; echo it has stop\"\"ped\r"
        await "it has stopped"
        send "fg\r"
        await hidden
        send "exit 5\r"
        await "init: program ended with code 5"' \
        "${in_container[@]}" -v "${shell[@]}"
    expect_status 5
}

@test "in a hundred starts on one terminal, the program gets no signal" {
    on_terminal '' sh -c 'for try in $(seq 100); do "$@" quiet || exit; done' sh "$out/init" "$prober"
    expect_status 0
    on_terminal '' sh -c 'for try in $(seq 100); do "$@" quiet || exit; done' sh \
        "${in_container[@]}" "$prober"
    expect_status 0
}

@test "when the terminal hangs up, the program ends, and then init" {
    local hangs_up='await ready; close; exit [lindex [wait] 3]'
    on_terminal "$hangs_up" "$out/init" "$prober" job
    expect_status 129
}

# The terminal's other side is outside the namespace, and stays open.
@test "a shutdown does not wait for a shell, which ignores SIGTERM" {
    local fifo=$BATS_TEST_TMPDIR/told-terminal shell
    mkfifo "$fifo"
    exec {terminal}<>"$fifo"
    export ready=$tree/ready
    echo 'touch "$ready"' >"$tree/rc"
    for shell in "bash --noprofile --rcfile $tree/rc -i" "busybox ash -i"; do
        rm -f "$ready"
        capture timeout --signal=KILL 60 "${as_root[@]}" "$prober" hangup "${in_container[@]}" \
            -v --grace 50 sh -c "ENV='$tree/rc' setsid --ctty $shell <&1 &
            until [ -e '$ready' ]; do sleep 0.01; done; exit 4" <&"$terminal"
        expect_status 4
        [[ $output != *'grace period'* ]]
    done
}

@test "a program that handles SIGTERM on its terminal gets no SIGHUP" {
    local fifo=$BATS_TEST_TMPDIR/told-terminal
    mkfifo "$fifo"
    exec {terminal}<>"$fifo"
    export ready=$tree/ready
    printf '%s\n' 'trap "echo SIGHUP came" HUP; trap "sleep 0.5; echo SIGTERM came; exit" TERM' \
        'touch "$ready"; while :; do sleep 0.01; done' >"$tree/hears"
    capture timeout --signal=KILL 60 "${as_root[@]}" "$prober" hangup "${in_container[@]}" \
        -v --grace 50 sh -c "setsid --ctty sh '$tree/hears' <&1 &
        until [ -e '$ready' ]; do sleep 0.01; done; exit 4" <&"$terminal"
    expect_status 4
    expect_output "SIGTERM came"
    [[ $output != *'SIGHUP came'* ]]
}
