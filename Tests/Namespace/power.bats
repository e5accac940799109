# poweroff, reboot, halt and shutdown: links to the same executable, which ask PID 1.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
    build_prober
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
    local name
    for name in poweroff reboot halt shutdown; do
        ln "$tree/init" "$tree/$name"
    done
    took=$BATS_TEST_TMPDIR/took
}

teardown() { end_namespaces; }

# inside COMMAND...: runs COMMAND in the namespace, where PID 1 is the namespace's own.
inside() { nsenter --target "$pid" --pid "${into_user_namespace[@]}" "$@" 3>&-; }

# start_idle COMMAND: starts init as PID 1 by this name, and waits until it idles.
start_idle() {
    start "$1" >"$tree/stdout"
    eventually idles
}

# takes NUMBER...: whether the prober has taken these signals in this order.
takes() { cmp -s <(printf '%s\n' ready "$@") "$took"; }

@test "each power command ends a container with code 0" {
    local command
    for command in poweroff reboot halt shutdown 'shutdown -r now' 'shutdown -H +0'; do
        start_idle /init
        # The command may be killed with the container before it has ended by itself.
        # shellcheck disable=SC2086 # a name and words
        inside "$tree"/$command || true
        expect_end 0
    done
}

@test "while a program runs, it gets the signal of each power command" {
    start_here "$out/init" "$prober" signals >"$took"
    eventually takes
    inside "$tree/poweroff"
    eventually takes 12
    inside "$tree/reboot"
    eventually takes 12 15
    inside "$tree/halt"
    eventually takes 12 15 10
    inside "$tree/shutdown" -r now
    eventually takes 12 15 10 15
}

# A namespace has no power to switch off. The kernel ends its PID 1 with a signal that tells
# the parent what was asked for: HUP for a reboot, INT for the others. reboot(2)
@test "with -f the kernel ends a container at once" {
    start_idle /init
    inside "$tree/reboot" -f || true
    expect_end 129
    start_idle /init
    inside "$tree/poweroff" -f || true
    expect_end 130
    start_idle /init
    inside "$tree/halt" -f -n || true
    expect_end 130
}

@test "when signal 39 tells a container to reboot, its parent sees a reboot" {
    start_idle /init
    "$prober" send "$pid" 39
    expect_end 129
}

@test "a power command asks for nothing if it gets --help or does not understand a word" {
    local command
    start_here "$out/init" "$prober" signals >"$took"
    eventually takes
    for command in 'poweroff --help' 'reboot --version' 'halt -f --help' 'shutdown --help now'; do
        # shellcheck disable=SC2086 # a name and words
        run -0 inside "$tree"/$command
        [[ $output == "Usage: "* || $output == "Hammock init "* ]]
    done
    for command in 'poweroff now' 'reboot -f -x' 'halt -n' 'shutdown +5' 'shutdown -c'; do
        # shellcheck disable=SC2086 # a name and words
        run -2 inside "$tree"/$command
        expect_output "(see --help)"
    done
    "$prober" send "$pid" 64
    eventually takes 64
}

@test "PID 1 acts as init, whatever its name" {
    start_idle /poweroff
    says_greeting "$tree/stdout"
}

@test "busybox's commands end a container" {
    local command
    for command in poweroff reboot halt; do
        start_idle /init
        inside busybox "$command" || true
        expect_end 0
    done
}

@test "busybox's init obeys the commands" {
    mkdir "$tree/bin" "$tree/sbin" "$tree/etc"
    cp "$(command -v busybox)" "$tree/bin/"
    ln "$tree/bin/busybox" "$tree/sbin/init"
    echo "::once:/bin/busybox touch /begun" >"$tree/etc/inittab"
    start /sbin/init >"$tree/stdout" 2>&1
    eventually test -e "$tree/begun"
    inside "$tree/poweroff"
    expect_end 130
    rm "$tree/begun"
    start /sbin/init >"$tree/stdout" 2>&1
    eventually test -e "$tree/begun"
    inside "$tree/reboot"
    expect_end 129
}
