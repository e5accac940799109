# What the patches to Linux must leave as it is.

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

@test "a processor that wants its own way to return has it, emulated or not" {
    # Zen's first generation is open to Retbleed, and an old Intel to ITS.
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

@test "a processor that wants none has returns that work, and no warning of them" {
    start '' --image "$image"
    eventually on_console 'Just hanging here'
    run ! on_console 'return thunk'
}

@test "each parameter of a built-in module is in /sys, and can be read" {
    run "$root/scripts/boot.sh" --quiet --image "$image" -- \
        /busybox grep -r . /sys/module/printk/parameters /sys/module/kernel/parameters
    expect_status 0
    local parameter
    # One that comes first in its module, one from within, the last; core_param() makes "kernel"'s.
    for parameter in printk/parameters/ignore_loglevel:N printk/parameters/time:Y \
        printk/parameters/console_suspend:Y kernel/parameters/panic:-1; do
        expect_output "/sys/module/$parameter"
    done
    run ! grep -E 'BUG:|WARNING:' <<<"$output"
}
