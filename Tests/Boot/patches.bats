# What Linux must still do with our patches.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    "$root/scripts/build-image.sh" --size 64M --output "$BATS_FILE_TMPDIR/disk" \
        --add "$(command -v busybox):/busybox"
    export image=$BATS_FILE_TMPDIR/disk.img
}

setup() {
    load ../Support/helpers
    load ../Support/machine
}

teardown() { end_machine; }

@test "a processor that needs a return thunk gets it, even under emulation" {
    # The first generation of Zen is vulnerable to Retbleed, and an old Intel to ITS.
    local processor
    for processor in EPYC Haswell; do
        start "s/'max,[^']*'/$processor/" --image "$image"
        eventually on_console 'Just hanging here'
        on_console 'active return thunk: [a-z]*_return_thunk'
        run ! on_console 'Unpatched return thunk'
        kill "$machine"
        wait "$machine" || true
    done
}

@test "a processor that needs no return thunk gets none, and the kernel does not warn" {
    start '' --image "$image"
    eventually on_console 'Just hanging here'
    run ! on_console 'return thunk'
}

@test "each parameter of a built-in module is in /sys and can be read" {
    run "$root/scripts/boot.sh" --quiet --image "$image" -- \
        /busybox grep -r . /sys/module/printk/parameters /sys/module/kernel/parameters
    expect_status 0
    local parameter
    # The first parameter of a module, one in the middle, and the last one. core_param() makes
    # those of "kernel".
    for parameter in printk/parameters/ignore_loglevel:N printk/parameters/time:Y \
        printk/parameters/console_suspend:Y kernel/parameters/panic:-1; do
        expect_output "/sys/module/$parameter"
    done
    run ! grep -E 'BUG:|WARNING:' <<<"$output"
}
