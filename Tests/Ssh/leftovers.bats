# What machines leave behind on the host.

setup() {
    load ../Support/helpers
    load ../Support/ssh
    key=$BATS_TEST_TMPDIR/key
    boot=''
    make_key "$key"
    # For what the scripts make.
    mkdir "$BATS_TEST_TMPDIR/tmp"
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
}

teardown() {
    [ -z "$boot" ] || stop_machine "$boot"
    rm -f "$out"/ssh/.*.lock
}

# qemu_processes: prints those of machines with this port.
qemu_processes() { pgrep -f "^qemu-system-x86_64 .*hostfwd=tcp:127.0.0.1:$port-"; }
is_gone() { ! qemu_processes >/dev/null; }
# port_is_free: nobody holds the lock of the last machine's port.
port_is_free() { flock -n "$out/ssh/.$port.lock" true; }

# files: all that may be left. A port's lock has a file that stays.
files() { (cd "$out" && find . -maxdepth 1 -name '.boot.*' && find ssh && ls -A "$TMPDIR") | sort; }

@test "ten machines one after another leave nothing behind, however they end" {
    local number first='' before
    for number in {1..10}; do
        start_machine "$BATS_TEST_TMPDIR/console" --key "$key.pub"
        # The first has made what stays.
        [ -n "$first" ] || first=$port
        [ "$port" = "$first" ]
        guest true
        case $((number % 5)) in
            0) guest poweroff || true ;;
            1) kill -HUP "$boot" ;;
            2) kill -TERM "$boot" ;;
            3) kill -KILL "$(qemu_processes)" ;;
            4) kill -KILL "$boot" ;;
        esac
        wait "$boot" 2>/dev/null || true
        eventually is_gone
        eventually port_is_free
        ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || false
        # A script that is killed cannot clear up. The next one does.
        [ $((number % 5)) -eq 4 ] || {
            before=${before-$(files)}
            diff <(echo "$before") <(files)
        }
    done
}
