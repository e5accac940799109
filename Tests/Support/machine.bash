# For the tests that look at a machine from outside: its console is a file, and qemu is asked
# and listened to by QMP, its protocol for programs.
# shellcheck shell=bash disable=SC2154 # helpers.bash sets root, and bats the rest

console=$BATS_TEST_TMPDIR/console
events=$BATS_TEST_TMPDIR/events

# start EDIT OPTIONS...: boots as boot.sh would with these options, its qemu's command line
# edited by the sed script EDIT. Emulated, which works on every machine. Sets `machine`, a process.
start() {
    local edit=$1 keys=$BATS_TEST_TMPDIR/keys command
    shift
    command=$("$root/scripts/boot.sh" --dry-run --accel tcg "$@" 2>/dev/null)
    command=$(sed "$edit; s|mon:stdio|file:$console|" <<<"$command")
    # A new one: what the last machine did not read is not for this one.
    rm -f "$keys"
    mkfifo "$keys"
    exec {to_qemu}<>"$keys"
    : >"$console"
    # Should the test be killed, qemu ends with it.
    eval "exec setpriv --pdeathsig KILL $command -qmp stdio" <&"$to_qemu" >"$events" 2>&1 3>&- &
    machine=$!
    printf '{"execute": "qmp_capabilities"}\n' >&"$to_qemu"
}

# ask_qemu COMMAND: of its monitor for people. The answer is among the events.
ask_qemu() {
    printf '{"execute": "human-monitor-command", "arguments": {"command-line": "%s"}}\n' "$1" \
        >&"$to_qemu"
}

# one_line SCRIPT: as one of the words for init, which have no newline (and no double quote).
one_line() { printf '%s' "${1//$'\n'/ }"; }

# until_alone: for a shell in the guest, until it is PID 1's only child.
until_alone() {
    # shellcheck disable=SC2016 # the guest's shell expands it
    printf '%s' 'until [ $(grep -ls ^PPid:.1$ /proc/[0-9]*/status | wc -l) = 1 ]; do usleep 10000; done'
}

on_console() { grep -aq -- "$1" "$console"; }
happened() { grep -aq -- "$1" "$events"; }
ended() { ! kill -0 "$machine" 2>/dev/null; }

# expect_event SHUTDOWN|RESET REASON: qemu ended, or started again, the machine, for this reason.
expect_event() {
    local seen
    seen=$(grep -a '"event": "\(SHUTDOWN\|RESET\)"' "$events") || true
    [[ $seen == *"\"event\": \"$1\", \"data\": {\"guest\": true, \"reason\": \"$2\"}"* ]] || {
        printf 'expected %s because of %s; qemu said:\n%s\n' "$1" "$2" "$(cat "$events")" >&2
        return 1
    }
}

# end_machine: for teardown. What a test that fails has seen of the machine is shown.
end_machine() {
    [ -n "${machine-}" ] || return 0
    if is_own_child "$machine"; then kill "$machine"; fi
    [ -n "${BATS_TEST_COMPLETED-}" ] || tail -n 30 "$console" "$events" >&2
}

# expect_verdict CODE WORDS: of the last `run` of boot.sh the exit code, and the last line, which
# says why.
expect_verdict() {
    expect_status "$1"
    [ "${lines[-1]}" = "boot.sh: $2" ] || {
        printf 'expected as the last line: %s\nthe output:\n%s\n' "$2" "$output" >&2
        return 1
    }
}
