# For the tests in bats; each file loads it.
# shellcheck shell=bash disable=SC2154 # bats sets output and status

bats_require_minimum_version 1.5.0

root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
out=$root/out
greeting=$'Hello, World!\nThis is your friendly init system.\nJust hanging here...'
export root out greeting
# An ordinary user does not have chroot and e2fsck on the PATH.
export PATH=$PATH:/usr/sbin:/sbin

# eventually COMMAND...: polls until COMMAND succeeds. Fails after a minute, which is enough even
# on a slow machine.
eventually() {
    local deadline=$((SECONDS + 60))
    until "$@"; do
        if [ $SECONDS -ge $deadline ]; then
            echo "did not happen within a minute: $*" >&2
            return 1
        fi
        sleep 0.02
    done
}

# is_own_child PID: whether PID is still a child of this shell. If not, the number may belong to
# another process by now.
is_own_child() { [ "$(ps -o ppid= -p "$1")" -eq "$BASHPID" ] 2>/dev/null; }

# expect_output TEXT: the output of the last `run` contains TEXT.
expect_output() {
    [[ $output == *"$1"* ]] || {
        printf 'expected, but not found: %s\nthe output:\n%s\n' "$1" "$output" >&2
        return 1
    }
}

# expect_status CODE: the last `run` ended with CODE.
expect_status() {
    [ "$status" -eq "$1" ] || {
        printf 'expected exit code %s, not %s; the output:\n%s\n' "$1" "$status" "$output" >&2
        return 1
    }
}

# as_in_the_table [--quick]: what is built has the bytes that the table of hashes names. The test is
# skipped if the table is for other tools than this machine's. It is also skipped if the table is
# for other sources, unless CI is set.
as_in_the_table() {
    run "$root/scripts/reproduce.sh" --check "$@"
    [ "$status" -ne 6 ] || [[ -n ${CI-} && $output == *--record* ]] \
        || skip "$(sed -n 's/^  *//p' <<<"$output" | sort -u | paste -sd ';')"
    expect_status 0
}
