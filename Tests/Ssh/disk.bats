# The state disk of a machine that one logs in to, in bad times.

setup_file() {
    load ../Support/helpers
    # What is missing takes longer to build than a test waits for a machine.
    "$root/scripts/build-image.sh" --list "$root/toolchain/image/ssh.list"
}

setup() {
    load ../Support/helpers
    load ../Support/ssh
    key=$BATS_TEST_TMPDIR/key
    disk=$BATS_TEST_TMPDIR/disk
    boot=''
    make_key "$key"
}

teardown() {
    [ -z "$boot" ] || stop_machine "$boot"
    rm -f "$out"/ssh/.*.lock
}

# start_with_disk: boots with the state disk.
start_with_disk() { start_machine "$BATS_TEST_TMPDIR/console" --key "$key.pub" --state "$disk"; }

# qemu_process: prints the process of the machine's qemu.
qemu_process() {
    pgrep -f "^qemu-system-x86_64 .*hostfwd=tcp:127.0.0.1:$port-"
}

# acknowledged NUMBER: whether the guest has said so many numbers.
acknowledged() { [ "$(wc -l <"$BATS_TEST_TMPDIR/said")" -ge "$1" ]; }

# sound: the disk is, once its journal is replayed, as the next boot does. This looks at a copy.
sound() {
    local status=0
    cp --sparse=always "$disk" "$disk.copy"
    # 1: it has mended, which here is the journal's part.
    e2fsck -p "$disk.copy" >"$BATS_TEST_TMPDIR/e2fsck" 2>&1 || status=$?
    if [ "$status" -le 1 ]; then
        status=0
        e2fsck -fn "$disk.copy" >"$BATS_TEST_TMPDIR/e2fsck" 2>&1 || status=$?
    fi
    [ "$status" -eq 0 ] || { cat "$BATS_TEST_TMPDIR/e2fsck"; return 1; }
}

@test "after a hundred power cuts all that was synced is there, and the disk is sound" {
    local cut last
    start_with_disk
    for cut in {1..100}; do
        : >"$BATS_TEST_TMPDIR/said"
        # New files, and one that is replaced.
        guest "mkdir /root/$cut; i=0; while true; do i=\$((i + 1))
            echo $cut.\$i >/root/$cut/\$i; fsync /root/$cut/\$i
            echo $cut.\$i >/root/new; fsync /root/new; mv /root/new /root/last; fsync /root
            echo \$i; done" >"$BATS_TEST_TMPDIR/said" 2>/dev/null 3>&- &
        local session=$!
        eventually acknowledged $((1 + cut * 7 % 20))
        kill -KILL "$(qemu_process)"
        wait "$boot" "$session" || true
        last=$(tail -n 1 "$BATS_TEST_TMPDIR/said")
        sound || { echo "cut $cut"; return 1; }
        start_with_disk
        # One more than the last may be there, which the guest could not say any more.
        run guest "for i in \$(seq $last); do
                [ \"\$(cat /root/$cut/\$i)\" = $cut.\$i ] || echo lost \$i; done
            now=\$(cat /root/last); now=\${now#$cut.}
            [ \"\$now\" -ge $last ] && [ \"\$now\" -le $((last + 1)) ] || echo \"last: \$now\"
            hammock logs writable | grep damaged"
        [ -z "$output" ] || { echo "cut $cut, $last were acknowledged: $output"; return 1; }
    done
    run guest 'for cut in $(seq 100); do [ -s /root/$cut/1 ] || echo "lost $cut"; done'
    [ -z "$output" ]
}

@test "with a full state disk the machine boots, and a new key logs in" {
    local other=$BATS_TEST_TMPDIR/other
    make_key "$other"
    start_with_disk
    # To the last block, and the last file.
    run guest 'cat /dev/zero >/root/much 2>/dev/null; i=0
        while touch /root/$i 2>/dev/null && [ $i -lt 2000 ]; do i=$((i + 1)); done
        while echo >/root/more.$i; do i=$((i + 1)); done 2>/dev/null
        sync; df /root | tail -n 1; poweroff'
    wait "$boot" || true
    key=$other start_with_disk
    run guest 'cat /run/state/* >/dev/null 2>&1; hammock status; hammock logs; echo >/root/new; cat /root/0'
    expect_output "No space left on device"
    expect_output "the state disk is full"
    expect_output "the server reads /run/ssh/keys/authorized_keys"
    [[ $output != *" failed"* ]]
    [ "$(guest 'rm /root/much && echo there >/root/f && cat /root/f')" = there ]
}
