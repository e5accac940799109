# For the tests that log in to a machine over SSH.
# shellcheck shell=bash disable=SC2154 # helpers.bash sets root and out, and bats the rest

# make_key FILE [OPTION...]: a pair of keys, as ssh-keygen makes it: FILE and FILE.pub.
make_key() {
    local file=$1
    shift
    [ $# -gt 0 ] || set -- -t ed25519
    ssh-keygen -q "$@" -N '' -C test -f "$file" </dev/null
}

# start_machine LOG OPTIONS...: boots a machine to log in to, and waits until it says how. Sets
# `boot`, the script's process, and `port`.
start_machine() {
    local log=$1
    shift
    # Another machine may have written to it.
    : >"$log"
    # A test may end it by HUP, which nohup(1) has everything ignore.
    env --default-signal=HUP "$root/scripts/boot.sh" --ssh --timeout 1200 "$@" \
        >"$log" 2>&1 </dev/null 3>&- &
    boot=$!
    eventually has_said "$log" || { cat "$log"; return 1; }
    port=$(sed -n 's,.*log in: ssh -F .*/ssh/\([0-9]*\)/config .*,\1,p' "$log")
    # It may have ended without a word.
    [ -n "$port" ] || { cat "$log"; return 1; }
}

# has_said LOG: or has ended, and will say nothing.
has_said() { grep -q '^log in: ' "$1" || ! kill -0 "$boot" 2>/dev/null; }

# start_shared_machine: for setup_file: one machine for all tests of a file. Exports `key`, whose owner
# may log in, and what start_machine sets.
start_shared_machine() {
    export key=$BATS_FILE_TMPDIR/key
    make_key "$key"
    start_machine "$BATS_FILE_TMPDIR/console" --key "$key.pub"
    export boot port
}

# stop_shared_machine: for teardown_file.
stop_shared_machine() {
    stop_machine "$boot"
    # The tests' own.
    rm -f "$out"/ssh/.*.lock
}

# guest COMMAND...: runs it in the machine.
guest() { ssh -F "$out/ssh/$port/config" hammock "$@"; }

# with_key FILE [OPTION...] COMMAND: logs in with this key, and no other that the user may have.
with_key() {
    local file=$1
    shift
    grep -v IdentityFile "$out/ssh/$port/config" >"$BATS_TEST_TMPDIR/config"
    ssh -F "$BATS_TEST_TMPDIR/config" -o IdentitiesOnly=yes -o BatchMode=yes -i "$file" "${@:1:$#-1}" \
        hammock "${@:$#}"
}

# stop_machine PROCESS: ends a machine, or another process of the test.
stop_machine() {
    kill -TERM "$1" 2>/dev/null || return 0
    wait "$1" 2>/dev/null || true
}

# one_login OPTIONS... -- COMMAND...: boots, runs the command over SSH, and powers off.
one_login() { run --separate-stderr "$root/scripts/boot.sh" --ssh --timeout 120 "$@"; }
