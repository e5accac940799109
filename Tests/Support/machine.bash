# For the tests that look at a machine from outside. Its console is a file. The tests talk to qemu
# by QMP, qemu's protocol for programs.
# shellcheck shell=bash disable=SC2154 # helpers.bash sets root, and bats the rest

console=$BATS_TEST_TMPDIR/console
events=$BATS_TEST_TMPDIR/events

# start EDIT OPTIONS...: boots as boot.sh would with these options, after the sed script EDIT has
# edited qemu's command line. Uses emulation, which works on every machine. Sets `machine` to the
# process.
start() {
    local edit=$1 keys=$BATS_TEST_TMPDIR/keys command
    shift
    command=$("$root/scripts/boot.sh" --dry-run --accel tcg "$@" 2>/dev/null)
    command=$(sed "$edit; s|mon:stdio|file:$console|" <<<"$command")
    # A new FIFO, because this machine must not read what the last one left in its own.
    rm -f "$keys"
    mkfifo "$keys"
    exec {to_qemu}<>"$keys"
    : >"$console"
    # If the test is killed, qemu ends with it.
    eval "exec setpriv --pdeathsig KILL $command -qmp stdio" <&"$to_qemu" >"$events" 2>&1 3>&- &
    machine=$!
    printf '{"execute": "qmp_capabilities"}\n' >&"$to_qemu"
}

# ask_qemu COMMAND: gives COMMAND to qemu's monitor for people. The answer is among the events.
ask_qemu() {
    printf '{"execute": "human-monitor-command", "arguments": {"command-line": "%s"}}\n' "$1" \
        >&"$to_qemu"
}

# one_line SCRIPT: prints SCRIPT as one word for init. Such a word can have no newline, and no
# double quote.
one_line() { printf '%s' "${1//$'\n'/ }"; }

# until_alone: prints a script for a shell in the guest. It waits until the shell is PID 1's only
# child.
until_alone() {
    # shellcheck disable=SC2016 # the guest's shell expands it
    printf '%s' 'until [ $(grep -ls ^PPid:.1$ /proc/[0-9]*/status | wc -l) = 1 ]; do usleep 10000; done'
}

on_console() { grep -aq -- "$1" "$console"; }
happened() { grep -aq -- "$1" "$events"; }
ended() { ! kill -0 "$machine" 2>/dev/null; }

# expect_event SHUTDOWN|RESET REASON: qemu ended or restarted the machine for this reason.
expect_event() {
    local seen
    seen=$(grep -a '"event": "\(SHUTDOWN\|RESET\)"' "$events") || true
    [[ $seen == *"\"event\": \"$1\", \"data\": {\"guest\": true, \"reason\": \"$2\"}"* ]] || {
        printf 'expected %s because of %s; qemu said:\n%s\n' "$1" "$2" "$(cat "$events")" >&2
        return 1
    }
}

# end_machine: for teardown. If the test failed, shows what it saw of the machine.
end_machine() {
    [ -n "${machine-}" ] || return 0
    if is_own_child "$machine"; then kill "$machine"; fi
    [ -n "${BATS_TEST_COMPLETED-}" ] || tail -n 30 "$console" "$events" >&2
}

# expect_verdict CODE WORDS: the last `run` of boot.sh ended with CODE, and its last line has WORDS,
# which say why.
expect_verdict() {
    expect_status "$1"
    [ "${lines[-1]}" = "boot.sh: $2" ] || {
        printf 'expected as the last line: %s\nthe output:\n%s\n' "$2" "$output" >&2
        return 1
    }
}
