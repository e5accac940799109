# Job control around init: in a pipeline, in a shell's background, and in a container.

setup_file() {
    load ../Support/terminal
    build_for_terminals
}

setup() {
    load ../Support/terminal
    prepare_terminals
}

teardown() { end_namespaces; }

ns="unshare --pid --fork --mount-proc --kill-child"
export ns

@test "a pager at the end of a pipeline shows its page, and quits" {
    command -v less >/dev/null || skip "there is no less here"
    on_terminal 'send "seq 1000 | \"\$init\" less; echo co\"\"de $?\r"
        await "\n2\r"
        await ":"
        send "q"
        await "code 0"
        send "exit 5\r"' "${shell[@]}"
    expect_status 5
}

@test "in an interactive shell Ctrl-Z stops init and its program, and fg continues both" {
    on_terminal '
        send "\"\$init\" \"\$prober\" job\r"
        await ready
        send "\x1a"
        await Stopped
        send "fg\r"
        await "went on"
        send "\x03"
        await "^C"
        send "echo co\"\"de $?\r"
        await "code 130"
        send "exit 5\r"' "${shell[@]}"
    expect_status 5
}

@test "in a container with a terminal of its own, the terminal works after Ctrl-Z" {
    on_terminal 'await ready; send "\x1a"; await "^Z"; send "text\r"; await "got text"' \
        "${in_namespace[@]}" --mount-proc setsid --ctty "$out/init" -- \
        sh -c 'echo ready; read -r a; echo "got $a"'
    expect_status 0
}

@test "in a container on a shell's terminal, the terminal works after Ctrl-Z" {
    on_terminal 'send "\$ns \"\$init\" -- sh -c \"echo rea\"\"dy; "
        send "read -r a; echo go\"\"t \\\$a\"\r"
        await ready
        send "\x1a"
        await "^Z"
        send "text\r"
        await "got text"
        send "exit 5\r"' "${shell[@]}"
    expect_status 5
}

@test "in a container the program has the terminal, although its input is a pipe" {
    on_terminal 'send "echo x | \$ns \"\$init\" -- sh -c \"echo rea\"\"dy; "
        send "read -r a </dev/tty; echo go\"\"t \\\$a\"\r"
        await ready
        send "text\r"
        await "got text"
        send "exit 5\r"' "${shell[@]}"
    expect_status 5
}

@test "in a pipeline init does not take the terminal from the other programs" {
    on_terminal 'send "\"\$init\" -s -- sleep 2 | sh -c \"sleep 0.5; echo rea\"\"dy; "
        send "read -r a </dev/tty; echo go\"\"t \\\$a\"\r"
        await ready
        send "text\r"
        await "got text"
        send "exit 5\r"' "${shell[@]}"
    expect_status 5
}

@test "TTIN and TTOU to a container's PID 1 do not stop the program for good" {
    local signal
    for signal in TTIN TTOU; do
        code_of "$out/init" -- sh -c "kill -$signal 1; sleep 0.2; echo on"
        expect_status 0
        [ "$output" = on ]
    done
}

@test "if nobody reads init's log any more, init still ends with the program's code" {
    capture bash -c '
        "$@" sh -c "exec \"\$init\" -vv -- sh -c \"sleep 0.2; exit 6\" 2>&1 >/dev/null" | true
        echo "${PIPESTATUS[0]}"' sh "${as_root[@]}" "${in_namespace[@]}" --mount-proc
    [ "$output" = 6 ]
}

@test "a shell that waits for init in the background gets init's code" {
    on_terminal 'send "\"\$init\" -- sh -c \"exit 6\" & wait %1; echo co\"\"de $?\r"
        await "code 6"
        send "exit 5\r"' "${shell[@]}"
    expect_status 5
}
