# The logger, without the rest of PID 1, on real pipes and files.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh" --product logging-init
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
    cp "$out/logging-init" "$tree/"
    mkdir -p "$tree/run"
}

teardown() { end_namespaces; }

# texts FILE...: the lines of logs, without their stamps.
texts() { sed -E 's/^\[ *[0-9]+\.[0-9]{6}\] //' "$@"; }

# wanted SERVICE: the lines that a service has written.
wanted() { seq -f "$1 %.0f of those that have to be there" 0 149999; }

# compare FILE FIRST: fails unless FILE has the numbers from FIRST to 149999, with the last ones
# before a kill again behind themselves; says how many are doubled.
compare() {
    texts "$1" | awk -v next_number="$2" '
        !/^[ab] [0-9]+ of those that have to be there$/ { print "broken: " $0; failed = 1; exit }
        $2 > next_number { print "lost before: " $0; failed = 1; exit }
        $2 < next_number - 200 { print "doubled too much: " $0; failed = 1; exit }
        $2 < next_number { doubled++ }
        { next_number = $2 + 1 }
        END {
            if (failed) exit 1
            if (next_number != 150000) { print "lost behind " next_number; exit 1 }
            print doubled + 0
        }'
}

@test "300,000 lines come through a logger that is killed a hundred times, none lost or broken" {
    run run_in_tree /logging-init kill
    expect_status 0
    [ "$output" -ge 100 ]
    run compare "$tree/run/log/a.service" 0
    expect_status 0
    # A batch is 4 KiB: a hundred lines. Few of the kills come between a write and what it takes.
    [ "$output" -le 5000 ]
    # Of the other service there are the last 64 KiB, and those before.
    cat "$tree/run/log/b.service.old" "$tree/run/log/b.service" >"$tree/both"
    [ "$(stat -c %s "$tree/run/log/b.service")" -le 65536 ]
    [ "$(stat -c %s "$tree/run/log/b.service.old")" -le 65536 ]
    [ "$(stat -c %s "$tree/both")" -gt 65536 ]
    run compare "$tree/both" "$(texts "$tree/both" | awk 'NR == 1 { print $2 }')"
    expect_status 0
}

@test "half a line in a pipe lets the logger sleep, and SIGTERM has it written" {
    start /logging-init serve
    eventually sleeps_in_ppoll
    expect_no_wakeup
    [ ! -e "$tree/run/log/a.service" ]
    kill "$pid"
    expect_end 0
    [[ $(cat "$tree/run/log/a.service") == '['*']+half' ]]
}

# sleeps_in_ppoll: whether the logger waits, in system call 271.
sleeps_in_ppoll() { [ -e "/proc/$pid" ] && [[ $(cat "/proc/$pid/syscall") == 271\ * ]]; }
