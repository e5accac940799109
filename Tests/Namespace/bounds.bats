# What a service can do to PID 1, and to others: PID 1 answers, and the others live on.

setup_file() {
    load ../Support/services
    build_services
}

setup() {
    load ../Support/services
    prepare_services
    control=/run/hammock/control
    # Another service. What it writes on request has to arrive.
    local speech='until [ -e /tmp/go ]; do sleep 0.02; done; echo all is well; exec sleep 1000'
    runs good "/bin/sh -c '$speech'"
}

teardown() { end_services; }

# expect_answers: PID 1 answers twenty requests, and makes no call between that could block.
#
# The units are three at most, so the answer has five lines at most: each is a call.
expect_answers() {
    local trace=$BATS_TEST_TMPDIR/trace tracer
    strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
    strace -o "$trace" -s 64 -p "$pid" 3>&- 2>"$trace.said" &
    tracer=$!
    eventually grep -q attached "$trace.said"
    inside /bin/prober ask "$control" 20
    expect_status 0
    [ ${#lines[@]} -eq 20 ]
    # strace lets go of PID 1.
    kill -INT "$tracer"
    wait "$tracer" || true
    awk '
        /^recv.*"hammock\/1 status\\n"/ { asked = 1; calls = 0; next }
        asked && !may_block($0) { calls++ }
        asked && may_block($0) { print "may block: " $0; failed = 1 }
        asked && /^sendto\(.*"end\\n"/ { asked = 0; answers++; if (calls > most) most = calls }
        function may_block(line) {
            # A socket is asked with MSG_DONTWAIT, and a wait for children with WNOHANG.
            if (line ~ /^(sendto|recvfrom|recvmsg)\(/) return line !~ /MSG_DONTWAIT/
            if (line ~ /^wait4\(/) return line !~ /WNOHANG/
            return line !~ /^(clock_gettime|close)\(/
        }
        END {
            print answers " answers, of " most " calls at most"
            exit failed || answers != 20 || most > 12
        }' "$trace" >"$trace.sum" || { cat "$trace.sum" "$trace" | head -n 80; return 1; }
}

# expect_good_life: the other service is up, and what it writes arrives.
expect_good_life() {
    has_phase good up
    : >"$tree/tmp/go"
    is_well() { ask logs good && [[ $output == *'all is well' ]]; }
    eventually is_well
}

@test "a service that writes without end fills its own log and no other, and PID 1 answers" {
    local file size
    before=${before//busybox mount -t tmpfs none \/run/}
    runs babbles '/bin/busybox yes a line of many' '[X-Hammock]' LogSize=32K
    start_init --logs memory
    eventually has_phase babbles up
    has_old() { [ -s "$tree/run/log/babbles.service.old" ]; }
    eventually has_old
    expect_answers
    expect_good_life
    ask stop babbles
    expect_status 0
    end_init
    for file in "$tree"/run/log/babbles.service{,.old}; do
        size=$(stat -c %s "$file")
        [ "$size" -le 32768 ]
    done
}

@test "a service in state D is stopped in its time, and until then PID 1 answers, and sleeps" {
    is_in_state_d() {
        inside /bin/cat "/proc/$(main_of hangs)/stat"
        [[ $output == *') D '* ]]
    }
    runs hangs '/bin/prober hang' TimeoutStopSec=60
    start_init --logs memory
    eventually has_phase hangs up
    eventually is_in_state_d
    expect_answers
    expect_good_life
    ask stop hangs --no-wait
    has_phase hangs ending
    is_in_state_d
    expect_answers
    # PID 1 does not ask again and again whether it has gone.
    expect_no_wakeup
    ask signal hangs KILL --all
    eventually has_phase hangs down
    end_init
}

@test "a service that closes all that it has, or stops reading, holds up nobody" {
    runs closes "/bin/sh -c 'exec 0<&- 1>&- 2>&-; while :; do busybox usleep 100000; done'"
    # It asks for each change, reads none of them, and each of its requests stays open.
    local watch='for i in 1 2 3 4 5 6; do hammock watch & done; kill -STOP $(jobs -p)'
    runs deaf "/bin/sh -c '$watch; exec sleep 1000'"
    are_deaf() {
        inside /bin/busybox ps -o stat,args
        [ "$(grep -c '^T.*hammock watch' <<<"$output")" -eq 6 ]
    }
    start_init --logs memory
    eventually has_phase closes up
    eventually are_deaf
    expect_answers
    expect_good_life
    end_init
}

@test "a service that says what makes no sense without end, and one deaf to signals, hold up none" {
    runs chats '/bin/prober notices' NotifyAccess=all TimeoutStopSec=1
    runs ignores '/bin/prober signals' TimeoutStopSec=1
    start_init --logs memory
    eventually has_phase chats up
    eventually has_phase ignores up
    expect_answers
    expect_good_life
    ask stop ignores chats
    expect_status 0
    end_init
}

@test "while two services fork without end, and leave PID 1 the dead, it answers" {
    runs forks "/bin/sh -c 'while :; do (sleep 0 &); done'" TimeoutStopSec=5
    sed 's/5/6/' "$units/forks.service" >"$units/also.service"
    start_init --logs memory
    eventually has_phase forks up
    eventually has_phase also up
    expect_answers
    expect_good_life
    ask stop forks also
    expect_status 0
    end_init
}
