# How many log in to a machine, and how: at once, one after another, past those who say nothing,
# and with what stands beside a key.

setup_file() {
    load ../Support/helpers
    load ../Support/ssh
    start_shared_machine
}

teardown_file() {
    load ../Support/helpers
    load ../Support/ssh
    stop_shared_machine
}

setup() {
    load ../Support/helpers
    load ../Support/ssh
    started=() # processes that a test ends
}

teardown() {
    local process
    for process in "${started[@]}"; do stop_machine "$process"; done
}

# login NUMBER: one of many; leaves what it said in the test's directory.
login() { guest -o ConnectTimeout=120 echo "in $1" >"$BATS_TEST_TMPDIR/$1" 2>&1; }

# at_rest: prints a line `NAME NUMBER` for each thing of the guest's that must not grow. It waits in
# the guest until the sessions before it are gone.
at_rest() {
    guest 'until [ "$(pidof dropbear | wc -w)" = 2 ]; do usleep 20000; done
        sync; echo 3 >/proc/sys/vm/drop_caches
        cat /proc/[0-9]*/stat >/tmp/processes 2>/dev/null
        read -r files _ </proc/sys/fs/file-nr
        echo "processes $(grep -c . /tmp/processes)"
        echo "zombies $(grep -c ") Z " /tmp/processes)"
        echo "files $files"
        echo "descriptors of PID 1 $(ls /proc/1/fd | wc -l)"
        echo "groups $(find /sys/fs/cgroup -type d | wc -l)"
        echo "terminals $(ls /dev/pts | wc -l)"
        echo "kB used $(awk "/^MemTotal/ { all = \$2 } /^MemAvailable/ { print all - \$2 }" /proc/meminfo)"
        echo "kB of PID 1 $(awk "/^VmRSS/ { print \$2 }" /proc/1/status)"
        echo "kB of the server $(awk "/^VmRSS/ { print \$2 }" /proc/$(cat /run/ssh/pid)/status)"'
}

@test "fifty log in at once" {
    local number processes=() process
    for number in {1..50}; do
        login "$number" 3>&- &
        processes+=($!)
    done
    for process in "${processes[@]}"; do wait "$process"; done
    for number in {1..50}; do [ "$(cat "$BATS_TEST_TMPDIR/$number")" = "in $number" ]; done
}

@test "a thousand log in one after another, and the machine is as before" {
    local number before after name
    # What is made only once is there after some.
    for number in {1..50}; do login "$number"; done
    before=$(at_rest)
    for number in {1..1000}; do login "$number"; done
    after=$(at_rest)
    for number in {1..1000}; do [ "$(cat "$BATS_TEST_TMPDIR/$number")" = "in $number" ]; done
    paste <(echo "$before") <(echo "$after")
    # The kernel's own threads come and go. A kilobyte that each login leaves would be a thousand.
    awk -F '\t' 'NR == FNR { was[FNR] = $0; next } {
            split(was[FNR], old, / /); name = $0; sub(/ [0-9]*$/, "", name)
            before = was[FNR]; sub(/.* /, "", before); now = $0; sub(/.* /, "", now)
            most = name ~ /^kB/ ? 500 : name == "processes" ? 4 : name == "files" ? 64 : 0
            if (now - before > most) { print "more than before: " $0; bad = 1 }
        } END { exit bad }' <(echo "$before") <(echo "$after")
    [ "$(wc -l <<<"$after")" -eq 9 ]
}

@test "two hundred connections that say nothing keep no one out for long" {
    local deadline
    # They stay until the server has done with them. The next one begins when the server has
    # answered, because qemu takes few at once.
    python3 - "$port" >"$BATS_TEST_TMPDIR/scanner" 2>&1 3>&- <<'END' &
import socket, sys, time
held = []
answers = 0
for _ in range(200):
    held.append(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
    try:
        answers += held[-1].recv(4096) != b""
    except OSError:
        pass
print("the server answered", answers, flush=True)
time.sleep(600)
END
    started+=($!)
    eventually grep -q answered "$BATS_TEST_TMPDIR/scanner"
    # All that it takes at once.
    grep -qx 'the server answered 100' "$BATS_TEST_TMPDIR/scanner"
    run guest true
    expect_status 255
    # The server gives each of them a minute.
    deadline=$((SECONDS + 120))
    until guest -o ConnectTimeout=5 true 2>/dev/null; do
        [ $SECONDS -lt $deadline ] || { echo "no login in two minutes"; return 1; }
        sleep 0.5
    done
    kill -0 "${started[0]}"
    kill "${started[0]}"
    at_rest >"$BATS_TEST_TMPDIR/rest"
    grep -qx 'zombies 0' "$BATS_TEST_TMPDIR/rest"
}

@test "the guest sees an agent only if the client says so" {
    eval "$(ssh-agent -s)" >/dev/null
    started+=("$SSH_AGENT_PID")
    ssh-add -q "$key"
    run guest 'echo "agent: $SSH_AUTH_SOCK"'
    [ "$output" = "agent: " ]
    # From the guest to itself, with a key that only the agent has.
    run guest -A 'dbclient -A -y -y 127.0.0.1 echo in twice 2>&1'
    expect_status 0
    expect_output "in twice"
    run guest 'dbclient -y -y -o BatchMode=yes 127.0.0.1 true 2>&1'
    [ "$status" -ne 0 ]
}

@test "what stands beside a key in authorized_keys holds" {
    local name list=$BATS_TEST_TMPDIR/keys
    for name in plain forced narrow; do make_key "$BATS_TEST_TMPDIR/$name"; done
    {
        printf '# a comment\n\n'
        printf 'command="echo forced" %s with spaces behind it\n' \
            "$(cut -d' ' -f1,2 "$BATS_TEST_TMPDIR/forced.pub")"
        printf 'no-pty,no-port-forwarding %s\n' "$(cat "$BATS_TEST_TMPDIR/narrow.pub")"
        printf '%s' "$(cat "$BATS_TEST_TMPDIR/plain.pub")"
    } >"$list"
    start_machine "$BATS_TEST_TMPDIR/console" --key "$list"
    started+=("$boot")
    [ "$(with_key "$BATS_TEST_TMPDIR/plain" 'echo in')" = in ]
    [ "$(with_key "$BATS_TEST_TMPDIR/forced" 'echo in')" = forced ]
    [ "$(with_key "$BATS_TEST_TMPDIR/narrow" 'echo in')" = in ]
    run with_key "$BATS_TEST_TMPDIR/narrow" -tt tty
    expect_output "PTY allocation request failed"
    run with_key "$key" true
    expect_status 255
}

@test "ssh-audit finds nothing but what ARCHITECTURE.md names" {
    python3 -m venv "$BATS_TEST_TMPDIR/venv" >"$BATS_TEST_TMPDIR/log" 2>&1 \
        || skip "python3 makes no virtual environment here (apt-get install python3-venv)"
    timeout -s KILL 120 "$BATS_TEST_TMPDIR/venv/bin/pip" install -q ssh-audit==3.9.0 \
        >"$BATS_TEST_TMPDIR/log" 2>&1 || skip "pip cannot fetch ssh-audit 3.9.0"
    # All clients have one address behind qemu, so the server cannot count them by it.
    run "$BATS_TEST_TMPDIR/venv/bin/ssh-audit" --skip-rate-test -j -p "$port" 127.0.0.1
    python3 - "$output" >"$BATS_TEST_TMPDIR/found" <<'END'
import json, sys
audit = json.loads(sys.argv[1].splitlines()[-1])
for kind in "kex", "key", "enc", "mac":
    for entry in audit[kind]:
        for level in "fail", "warn":
            for note in entry["notes"].get(level, []):
                print(f"{level}: {entry['algorithm']}: {note}")
END
    cat "$BATS_TEST_TMPDIR/found"
    run cat "$BATS_TEST_TMPDIR/found"
    [ "$(sort "$BATS_TEST_TMPDIR/found")" = "$(sort <<'END'
warn: curve25519-sha256: does not provide protection against post-quantum attacks
warn: curve25519-sha256@libssh.org: does not provide protection against post-quantum attacks
warn: kexguess2@matt.ucc.asn.au: does not provide protection against post-quantum attacks
warn: hmac-sha2-256: using encrypt-and-MAC mode
warn: hmac-sha2-512: using encrypt-and-MAC mode
END
)" ]
}
