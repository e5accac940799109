# Faults in PID 1 on a real machine. The kernel's command line says what PID 1 does after a
# fault.

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

# expect_report SIGNAL: the console and the kernel's log have the report of this fault, and the
# kernel did not panic.
expect_report() {
    local without_kernel
    # The kernel may print in the middle of a line of init. Without the kernel's lines, the lines
    # of init are whole again.
    without_kernel=$(perl -0pe 's/\[ *\d+\.\d{6}\] [^\n]*\n//g' "$console")
    [[ $without_kernel == *$'\ninit: fault: '"$1 in PID 1"$'\r\ninit: last events: '*b:d0* ]]
    on_console "\] init: fault: $1 in PID 1"
    on_console '\] init: last events: .*b:d0'
    run ! on_console 'Kernel panic'
}

boots() { [ "$(grep -ac 'Linux version' "$console")" -ge "$1" ]; }

@test "after a fault PID 1 sleeps and the machine stays up, unless hammock.fault= says otherwise" {
    local word
    for word in '' hammock.fault=pause hammock.fault=nonsense; do
        start '' --machine pc "${image[@]}" --append "$word" -- read-nowhere
        eventually on_console '\] init: last events:'
        expect_report SIGSEGV
        # SysRq: 7 raises the log level, t lists the tasks. PID 1 is not asleep (state S) before
        # it is done with the fault.
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

@test "hammock.fault=poweroff powers the machine off after a fault" {
    start '' "${image[@]}" --append hammock.fault=poweroff
    eventually ended
    wait "$machine"
    expect_report 'SIGILL (a Swift trap)'
    on_console 'reboot: Power down'
    expect_event SHUTDOWN guest-shutdown
}

@test "hammock.fault=reboot reboots the machine after a fault" {
    start '' --machine pc "${image[@]}" --append hammock.fault=reboot -- divide
    eventually on_console 'reboot: Restarting system'
    expect_report SIGFPE
    eventually boots 2
    expect_event RESET guest-reset
    ask_qemu quit
    eventually ended
}

@test "a fault in the fault report does not keep PID 1 from obeying hammock.fault=" {
    start '' "${image[@]}" --append hammock.fault=poweroff -- trap-twice
    eventually ended
    on_console '^init: fault: SIGILL'
    run ! on_console 'last events'
    on_console 'reboot: Power down'
    expect_event SHUTDOWN guest-shutdown
}
