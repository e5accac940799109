# What services write, on its way from the service to `hammock logs`.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    load ../Support/services
    build_services
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    load ../Support/services
    prepare_services
    # What is in /run is looked at when the namespace is gone.
    before=${before//busybox mount -t tmpfs none \/run/}
    logs=$tree/run/log
}

teardown() { end_services; }

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
