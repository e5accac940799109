# A fault of PID 1's own, on a real machine: what becomes of it is what the kernel's command
# line says.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    "$root/scripts/build-init.sh" --product trapping-init
    "$root/scripts/build-image.sh" --init "$out/trapping-init" --size 64M \
        --output "$BATS_FILE_TMPDIR/disk"
}

setup() {
    load ../Support/helpers
    load ../Support/machine
    image=(--image "$BATS_FILE_TMPDIR/disk.img")
}

teardown() { end_machine; }

# expect_report SIGNAL: on the console, in the kernel's log, and no panic.
expect_report() {
    local without_kernel
    # The kernel may break into a line of init's; without its own lines, init's are whole again.
    without_kernel=$(perl -0pe 's/\[ *\d+\.\d{6}\] [^\n]*\n//g' "$console")
    [[ $without_kernel == *$'\ninit: fault: '"$1 in PID 1"$'\r\ninit: last events: '*b:d0* ]]
    on_console "\] init: fault: $1 in PID 1"
    on_console '\] init: last events: .*b:d0'
    run ! on_console 'Kernel panic'
}

boots() { [ "$(grep -ac 'Linux version' "$console")" -ge "$1" ]; }

@test "after a fault the machine stays up, and PID 1 asleep, where nothing else is asked for" {
    local word
    for word in '' hammock.fault=pause hammock.fault=nonsense; do
        start '' --machine pc "${image[@]}" --append "$word" -- read-nowhere
        eventually on_console '\] init: last events:'
        expect_report SIGSEGV
        # SysRq: 7 raises the log level, t lists tasks. A fault that is not over is no sleep.
        ask_qemu 'sendkey alt-sysrq-7'
        is_asleep() {
            ask_qemu 'sendkey alt-sysrq-t'
            on_console 'task:.* state:S .* pid:1 '
        }
        eventually is_asleep
        run ! happened SHUTDOWN
        ask_qemu quit
        eventually ended
    done
}

@test "hammock.fault=poweroff switches the machine off after a fault" {
    start '' "${image[@]}" --append hammock.fault=poweroff
    eventually ended
    wait "$machine"
    expect_report 'SIGILL (a Swift trap)'
    on_console 'reboot: Power down'
    expect_event SHUTDOWN guest-shutdown
}

@test "hammock.fault=reboot starts the machine again after a fault" {
    start '' --machine pc "${image[@]}" --append hammock.fault=reboot -- divide
    eventually on_console 'reboot: Restarting system'
    expect_report SIGFPE
    eventually boots 2
    expect_event RESET guest-reset
    ask_qemu quit
    eventually ended
}

@test "a fault of the report's own does not keep it from doing what hammock.fault= says" {
    start '' "${image[@]}" --append hammock.fault=poweroff -- trap-twice
    eventually ended
    on_console '^init: fault: SIGILL'
    run ! on_console 'last events'
    on_console 'reboot: Power down'
    expect_event SHUTDOWN guest-shutdown
}
