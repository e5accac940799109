# Orphans: init reaps them, and ends those that outlive the program.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
    build_prober
    musl-gcc -Os -static -s -o "$BATS_FILE_TMPDIR/bench-child" "$root/Tests/Support/bench-child.c"
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
}

teardown() { end_namespaces; }

@test "init asks leftover processes to end, and kills them after the grace period" {
    code_of "$out/init" -v --grace 1 -- sh -c 'trap "" TERM; sh -c "sleep 1000; :" & exit 3'
    expect_status 3
    expect_output "init: the grace period is over"
}

@test "by default the grace period is short, and HAMMOCK_GRACE changes it" {
    local leave='trap "" TERM; sh -c "sleep 1000; :" & exit 3' begin=$SECONDS
    code_of "$out/init" -v -- sh -c "$leave"
    expect_status 3
    expect_output "init: the grace period is over"
    [ $((SECONDS - begin)) -lt 8 ]
    HAMMOCK_GRACE=0 code_of "$out/init" -v -- sh -c "$leave"
    expect_status 3
    expect_output "init: the grace period is over"
}

@test "init does not wait until the grace period is over for a stopped orphan" {
    code_of "$out/init" -v --grace 50 -- sh -c 'sleep 1000 & kill -STOP $!; exit 4'
    expect_status 4
    [[ $output != *'grace period'* ]]
}

@test "when many deaths share one SIGCHLD, init misses no death" {
    # This shell holds the FIFO open, so that opening it blocks no process. Each reader ends when
    # it has read a line.
    mkfifo "$tree/go"
    exec {go}<>"$tree/go"
    start_here "$out/init" -- sh -c '
        for i in $(seq 50); do (read x <"$1" &) ; done; read x <"$1"; exit 9' sh "$tree/go"
    readers() { [ "$(pgrep -P "$pid" | wc -l)" -eq 51 ]; }
    eventually readers
    kill -STOP "$pid"
    printf '%51s' '' | tr ' ' '\n' >&"$go"
    all_dead() { [ "$(pgrep -P "$pid" -r Z | wc -l)" -eq 51 ]; }
    eventually all_dead
    kill -CONT "$pid"
    expect_end 9
}

@test "init reaps orphans that die" {
    start /init >"$tree/stdout"
    eventually idles
    # nsenter's children are in the namespace. When their parent has ended, they are PID 1's.
    nsenter --target "$pid" --pid "${into_user_namespace[@]}" sh -c '
        for i in $(seq 200); do (sleep 0.05 &) ; done' 3>&-
    eventually no_children
    eventually idles
}

# The signal of a fault comes although all others are blocked, and must not unblock the others.
@test "if processes send PID 1 the signals of faults, it still reaps every orphan" {
    local many
    mapfile -t many < <(yes $'11\n7\n4\n8' | head -n 4000)
    start /init >"$tree/stdout"
    eventually idles
    "$prober" send "$pid" "${many[@]}" &
    nsenter --target "$pid" --pid "${into_user_namespace[@]}" sh -c '
        for i in $(seq 200); do (sleep 0.005 &) ; done' 3>&-
    wait $!
    eventually no_children
    eventually idles
}

# tell LINE ANSWER: sends LINE to the bench child, which makes orphans, and waits for its answer,
# which has to begin with ANSWER.
tell() {
    echo "$1" >&"$told"
    read -r -t 120 answer <&"$said"
    [[ $answer == "$2"* ]]
}

# is_asleep: whether PID 1 sleeps.
is_asleep() { [[ $(cat "/proc/$pid/stat") == *') S '* ]]; }

# orphanage COMMAND...: runs COMMAND, which starts init and ends in options of init, with the
# bench child as the program.
orphanage() {
    cp "$BATS_FILE_TMPDIR/bench-child" "$tree/"
    mkfifo "$tree/told" "$tree/said"
    exec {told}<>"$tree/told" {said}<>"$tree/said"
    "$@" -- /bench-child
    read -r -t 60 answer <&"$said"
    [ "$answer" = up ]
}

# The bench child says "reaped" once the kernel has no process with these numbers any more.
@test "when ten thousand orphans die at once, init reaps them all" {
    local most
    most=$(ulimit -u)
    [ "$most" = unlimited ] || [ "$most" -gt 11000 ] || skip "this user may have $most processes only"
    [ "$(cat /proc/sys/kernel/pid_max)" -gt 11000 ] || skip "this machine has no 11,000 process numbers"
    orphanage start /init
    tell "crowd 10000" ready
    tell go "reaped "
    [ "$(pgrep -P "$pid" | wc -l)" -eq 1 ]
}

@test "while nobody reads standard error, init reaps, and counts the lines that it drops" {
    local errors count
    mkfifo "$BATS_TEST_TMPDIR/full"
    exec {errors}<>"$BATS_TEST_TMPDIR/full"
    dd if=/dev/zero of=/dev/fd/$errors bs=4096 count=16 status=none
    orphanage start /init --warn 2>&"$errors"
    tell "singly 100" "reaped "
    read -r _ count _ <<<"$answer"
    # init drops the last line after it has reaped the last orphan.
    eventually is_asleep
    dd if=/dev/fd/$errors of=/dev/null bs=4096 count=16 status=none
    tell "singly 1" "reaped 1 "
    read -r -t 60 answer <&"$errors"
    [ "$answer" = "init: lines dropped: $count" ]
    read -r -t 60 answer <&"$errors"
    [[ $answer == "init: reaped orphan "*", code 0" ]]
}

@test "after its terminal has hung up, init goes on reaping" {
    orphanage start_on_terminal /init --warn >"$BATS_TEST_TMPDIR/terminal"
    tell "singly 1" "reaped 1 "
    eventually grep -q 'reaped orphan' "$BATS_TEST_TMPDIR/terminal"
    hang_up
    tell "singly 1" "reaped 1 "
    kill -KILL "$(pgrep -P "$pid")"
    expect_end 137
}
