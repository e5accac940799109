# What services write, on its way from the service to `hammock logs`.

setup_file() {
    load ../Support/services
    build_services
}

setup() {
    load ../Support/services
    prepare_services
    # What is in /run is looked at when the namespace is gone.
    before=${before//busybox mount -t tmpfs none \/run/}
    logs=$tree/run/log
}

teardown() { end_services; }

# program NAME: a program of that name for the services, from standard input.
program() {
    { echo '#!/bin/sh'; cat; } >"$tree/bin/$1"
    chmod +x "$tree/bin/$1"
}

# logged NAME LINE: the log of a service has this line.
logged() { grep -q "^\[ *[0-9.]*\] $2\$" "$logs/$1.service"; } 2>/dev/null

# has_logger: PID 1 has a child that is no other program.
has_logger() { [ "$(pgrep -c -P "$pid" -x init)" -eq 1 ]; }

@test "in a container what a service writes goes where init's own output goes" {
    runs talks "/bin/sh -c 'echo to the engine; exec sleep 1000'"
    start_init
    eventually grep -q '^to the engine$' "$log"
    run ! has_logger
    end_init
    [ ! -e "$logs" ]
}

@test "with --logs memory a container has logs as a machine has" {
    local word
    for word in '--logs memory' --logs=memory; do
        runs talks "/bin/sh -c 'echo to the log; echo an error >&2; exec sleep 1000'"
        runs says "/bin/sh -c 'echo to the engine; exec sleep 1000'" StandardOutput=inherit
        # shellcheck disable=SC2086 # two words
        start_init $word
        eventually logged talks 'an error'
        has_logger
        ask logs talks
        [[ $output == '['*'] to the log'$'\n''['*'] an error' ]]
        eventually grep -q '^to the engine$' "$log"
        end_init
        # Neither goes where the other goes.
        run ! grep -q 'to the log' "$log"
        [ ! -e "$logs/says.service" ]
        rm -r "$logs"
    done
}

@test "the last word about logs counts, and another value is none" {
    runs talks "/bin/sh -c 'echo to the engine; exec sleep 1000'"
    start_init --logs memory --logs inherit
    eventually grep -q '^to the engine$' "$log"
    end_init
    [ ! -e "$logs" ]
    run "$out/init" --logs disk
    expect_status 2
    expect_output "disk: not memory or inherit"
}

@test "what a process writes to the last, before it ends or is killed, is in its service's log" {
    # Without cgroups a process that leaves its group outlives its service.
    runs leaves "/bin/sh -c 'busybox setsid ends & busybox setsid stays & exec sleep 1000'"
    # Both wait until the logger has written all, and has ended: PID 1 alone is called init then.
    program alone <<<'until [ "$(busybox ps -o comm | busybox grep -cx init)" = 1 ]; do
busybox usleep 10000; done'
    program ends <<<'trap "alone; echo the last words; exit" TERM; echo one begins
while :; do busybox usleep 10000; done'
    program stays <<<'trap "alone; echo refused" TERM; echo another begins
while :; do busybox usleep 10000; done'
    start_init --logs memory --grace 2
    eventually logged leaves 'one begins'
    eventually logged leaves 'another begins'
    end_init
    logged leaves 'the last words'
    logged leaves refused
}
