# PID 1 with services.

setup_file() {
    load ../Support/services
    build_services
}

setup() {
    load ../Support/services
    prepare_services
}

teardown() { end_services; }

@test "units start in their order, the program after them, and all stop in the other order" {
    unit first.service <<'END'
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo first starts >>/tmp/said'
ExecStop=/bin/sh -c 'echo first stops >>/tmp/said'
END
    unit second.service <<'END'
[Unit]
Requires=first.service
After=first.service
[Service]
ExecStartPre=/bin/sh -c 'echo second prepares >>/tmp/said'
ExecStart=/bin/sleep 1000
ExecStopPost=/bin/sh -c 'echo second is clean >>/tmp/said'
END
    run_init -- /bin/sh -c 'echo the program >>/tmp/said; exit 7'
    expect_status 7
    [ "$(cat "$said")" = $'first starts
second prepares
the program
second is clean
first stops' ]
}

@test "without a program init greets, runs its services, and stops them on SIGTERM" {
    runs a '/bin/sleep 1000' 'ExecStopPost=/bin/sh -c "echo clean >/tmp/said"'
    start_init
    eventually has_phase a up
    [[ $(cat "$log") == "$greeting"* ]]
    end_init
    [ "$(cat "$said")" = clean ]
}

@test "while services are up, and nothing happens, init sleeps" {
    local number
    for number in 1 2 3 4 5; do runs $number '/bin/sleep 1000'; done
    start_init
    ask wait settled
    expect_status 0
    expect_no_wakeup
    end_init
}

@test "a service whose main process is killed comes back, if its policy says so" {
    local first
    runs back '/bin/sleep 1000' Restart=on-failure RestartSec=10ms
    runs gone '/bin/sleep 1000'
    start_init
    ask wait settled
    first=$(main_of back)
    inside /bin/kill -9 "$first" "$(main_of gone)"
    eventually has_phase gone down
    expect_output '"outcome":"signal"'
    came_back() { has_phase back up && [ "$(main_of back)" != "$first" ]; }
    eventually came_back
    end_init
}

@test "a service that says that it is ready is up then, and not before" {
    unit told.service <<'END'
[Service]
Type=notify
NotifyAccess=all
ExecStart=/bin/sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; prober notify READY=1; sleep 1000'
END
    unit after.service <<'END'
[Unit]
Requires=told.service
After=told.service
[Service]
ExecStart=/bin/sleep 1000
END
    start_init
    eventually has_phase told starting
    has_phase after queued
    touch "$tree/tmp/go"
    eventually has_phase after up
    has_phase told up
    end_init
}

@test "notices that make no sense, or come from another process, change nothing" {
    unit mad.service <<'END'
[Service]
Type=notify
NotifyAccess=main
ExecStart=/bin/sh -c 'prober notify READY=1 "" = READY MAINPID=1 MAINPID=-5 X; echo told >/tmp/said; sleep 1000'
END
    start_init
    tells() { [ "$(cat "$said")" = told ]; }
    eventually tells
    has_phase mad starting
    end_init
}

@test "a newline on s6's descriptor says that a service is ready" {
    runs s6 "/bin/sh -c 'until [ -e /tmp/go ]; do sleep 0.02; done; echo >&4; sleep 1000'" \
        '[X-Hammock]' NotificationFD=4
    start_init
    eventually has_phase s6 starting
    touch "$tree/tmp/go"
    eventually has_phase s6 up
    end_init
}

@test "of a service that forks, a file with a number says which process counts" {
    local main
    runs forks "/bin/sh -c 'sleep 1000 & echo \$! >/run/forks.pid'" \
        Type=forking PIDFile=/run/forks.pid
    start_init
    eventually has_phase forks up
    main=$(main_of forks)
    [ "$main" -gt 1 ]
    inside /bin/kill -9 "$main"
    eventually has_phase forks down
    end_init
}

# forks_twice: checks a daemon that forks twice and writes its PID file late. The process in the
# middle and the daemon wait for the test to let them go on.
forks_twice() {
    local main
    cat >"$tree/bin/twice" <<'END'
#!/bin/sh
may() { until [ -e "/tmp/may-$1" ]; do sleep 0.02; done; }
case ${1-first} in
    first) /bin/twice middle & ;;
    middle) busybox setsid /bin/twice daemon & may end ;;
    daemon) may write; echo $$ >/run/twice.pid; echo runs >>/tmp/said; exec sleep 1000 ;;
esac
END
    chmod +x "$tree/bin/twice"
    runs twice /bin/twice Type=forking PIDFile=/run/twice.pid Restart=always RestartSec=10ms
    start_init
    only_others_run() { count_is 0 '/bin/twice' && count_is 1 'twice middle'; }
    eventually only_others_run
    has_phase twice starting
    touch "$tree/tmp/may-end"
    only_the_daemon_runs() { count_is 0 'twice middle' && count_is 1 'twice daemon'; }
    eventually only_the_daemon_runs
    has_phase twice starting
    touch "$tree/tmp/may-write"
    eventually has_phase twice up
    expect_output '"restarts":0'
    [ "$(cat "$said")" = runs ]
    main=$(main_of twice)
    inside /bin/cat /run/twice.pid
    expect_output "$main"
    # The file of the run before names a process that is gone.
    inside /bin/kill -9 "$main"
    runs_again() { has_phase twice up && [ "$(main_of twice)" != "$main" ]; }
    eventually runs_again
    has_phase twice up
    expect_output '"restarts":1'
    [ "$(cat "$said")" = $'runs\nruns' ]
    end_init
}

@test "a daemon that forks twice and writes its PID file late is up once, and comes back" {
    forks_twice
}

@test "with cgroups a daemon that forks twice and writes its PID file late is up once" {
    with_cgroups
    forks_twice
}

@test "with cgroups a start fails at once if no process is left to write the PID file" {
    with_cgroups
    runs ends '/bin/true' Type=forking PIDFile=/run/ends.pid TimeoutStartSec=3600
    ln -s busybox "$tree/bin/true"
    start_init
    eventually has_phase ends down
    expect_output '"outcome":"ended-early"'
    end_init
}

@test "a PID file that never comes ends the start when its time is over" {
    runs never "/bin/sh -c 'sleep 1000 &'" Type=forking PIDFile=/run/never.pid TimeoutStartSec=1
    start_init
    eventually has_phase never down
    expect_output '"outcome":"start-timeout"'
    end_init
}

@test "with cgroups a stop reaches a process that has left its group, and no other service" {
    local main
    with_cgroups
    runs leaves "/bin/sh -c 'busybox setsid sleep 1001 & busybox setsid sleep 1002 & sleep 1003'"
    runs stays '/bin/sleep 1004'
    start_init
    ask wait settled
    eventually count_is 3 'sleep 100[1-3]'
    ask stop leaves
    expect_status 0
    count_is 0 'sleep 100[1-3]'
    has_phase stays up
    [ ! -e "$group/hammock/leaves.service" ]
    grep -q . "$group/hammock/stays.service/cgroup.procs"
    end_init
}

@test "with cgroups the main process of a service that forks is found without a file" {
    local main
    with_cgroups
    runs forks "/bin/sh -c 'busybox setsid sleep 1000 & exit 0'" Type=forking Restart=on-failure \
        RestartSec=10ms
    start_init
    eventually has_phase forks up
    main=$(main_of forks)
    [ "$main" -gt 1 ]
    inside /bin/kill -9 "$main"
    is_another() { has_phase forks up && [ "$(main_of forks)" != "$main" ]; }
    eventually is_another
    end_init
}

@test "with cgroups a service that forks without end is stopped in its time" {
    with_cgroups
    runs bomb "/bin/sh -c 'while :; do sleep 1000 & [ -e /tmp/enough ] && sleep 0.1; done'" \
        TimeoutStopSec=2 LimitNPROC=infinity
    runs good '/bin/sleep 1000'
    start_init
    eventually has_phase bomb up
    many_run() { [ "$(count 'sleep 1000')" -gt 200 ]; }
    eventually many_run
    : >"$tree/tmp/enough"
    has_phase good up
    ask stop bomb
    has_phase bomb down
    count_is 1 'sleep 1000'
    end_init
}

@test "a service that ignores SIGTERM is killed when its time is over, and holds up no other" {
    runs stubborn "/bin/sh -c 'trap \"\" TERM; while :; do sleep 1000; done'" TimeoutStopSec=1
    runs good '/bin/sleep 1000' 'ExecStopPost=/bin/sh -c "echo good is down >>/tmp/said"'
    start_init
    ask wait settled
    ask stop stubborn --no-wait
    ask stop good
    expect_status 0
    [ "$(cat "$said")" = "good is down" ]
    has_phase stubborn ending
    eventually has_phase stubborn down
    end_init
}

@test "an update starts what is new, stops what is gone, and leaves the rest alone" {
    local main
    runs stays '/bin/sleep 1000'
    runs goes '/bin/sleep 1000'
    start_init
    ask wait settled
    main=$(main_of stays)
    rm "$units/goes.service"
    runs comes '/bin/sleep 1000'
    ask update
    expect_status 0
    eventually has_phase comes up
    ask status goes
    expect_status 4
    [ "$(main_of stays)" = "$main" ]
    # What has changed goes on, until it is told to start again.
    runs stays '/bin/sleep 2000'
    ask update
    expect_status 0
    [ "$(main_of stays)" = "$main" ]
    ask update --restart
    expect_status 0
    is_new() { has_phase stays up && [ "$(main_of stays)" != "$main" ]; }
    eventually is_new
    inside /bin/cat "/proc/$(main_of stays)/cmdline"
    expect_output 2000
    end_init
}

@test "a service begins with no signal blocked, and ignores only PIPE" {
    runs a '/bin/sleep 1000'
    start_init
    ask wait settled
    inside /bin/cat "/proc/$(main_of a)/status"
    expect_output $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000000000'
    end_init
}

@test "an update does not touch what required a unit that is gone" {
    local main
    runs goes '/bin/sleep 1000'
    unit needs.service <<'END'
[Unit]
Requires=goes.service
After=goes.service
[Service]
ExecStart=/bin/sleep 1000
END
    start_init
    ask wait settled
    main=$(main_of needs)
    rm "$units/goes.service"
    runs needs '/bin/sleep 1000'
    ask update
    expect_status 0
    ask status goes
    expect_status 4
    has_phase needs up
    [ "$(main_of needs)" = "$main" ]
    end_init
}

@test "wait settled waits for a start that comes later, too" {
    runs a '/bin/sleep 1000'
    runs slow '/bin/sh -c "read line </tmp/gate"' 'Type=oneshot' '[X-Hammock]' 'Start=no'
    mkfifo "$tree/tmp/gate"
    start_init
    ask wait settled
    expect_status 0
    ask start slow --no-wait
    ask wait settled --timeout 1
    expect_status 124
    echo >"$tree/tmp/gate"
    ask wait settled
    expect_status 0
    has_phase slow down
    end_init
}

@test "an update that is refused, or whose planner fails, changes nothing" {
    local main
    runs a '/bin/sleep 1000'
    start_init
    ask wait settled
    main=$(main_of a)
    unit a.service <<<$'[Service\nExecStart=/bin/sleep 2000'
    runs b '/bin/sleep 1000'
    ask update
    expect_status 1
    [ "$(main_of a)" = "$main" ]
    ask status b
    expect_status 4
    rm "$units/a.service"
    mv "$tree/sbin/hammock" "$tree/sbin/client"
    inside /sbin/client update
    expect_status 1
    inside /sbin/client status a --json
    expect_output "\"main\":$main,"
    end_init
}

@test "an update leaves out a unit that is refused and that init does not have, and takes the rest" {
    runs a '/bin/sleep 1000'
    unit bad.service <<<$'[Service\nExecStart=/bin/sleep 1000'
    start_init
    ask wait settled
    runs b '/bin/sleep 1000'
    ask update
    expect_status 0
    expect_output "hammock: some units are refused and left out; 'hammock check' says which"
    eventually has_phase b up
    # Its file is mended, and then wrong again: now it runs, and must not stop for that.
    runs bad '/bin/sleep 1000'
    ask update
    expect_status 0
    [ -z "$output" ]
    eventually has_phase bad up
    unit bad.service <<<$'[Service\nExecStart=/bin/sleep 1000'
    ask update
    expect_status 1
    has_phase bad up
    end_init
}

@test "at the start a unit that is refused is left out with those that need it, and the rest runs" {
    unit bad.service <<<$'[Service\nExecStart=/bin/sleep 1000'
    unit needs.service <<<$'[Unit]\nRequires=bad.service\n[Service]\nExecStart=/bin/sleep 1000'
    runs good '/bin/sleep 1000'
    start_init
    eventually has_phase good up
    ask status bad
    expect_status 4
    ask status needs
    expect_status 4
    end_init
    grep -q '/etc/hammock/bad.service:1: .*refused' "$log"
}

@test "a plan that was made before needs no unit files, and garbage in its place is no plan" {
    runs a '/bin/sleep 1000' 'ExecStopPost=/bin/sh -c "echo clean >/tmp/said"'
    "$out/hammock" plan --root "$tree" -o "$tree/etc/hammock/plan"
    rm "$units/a.service" "$tree/sbin/hammock"
    run_init -- /bin/sh -c 'exit 3'
    expect_status 3
    [ "$(cat "$said")" = clean ]
    head -c 90000 /dev/urandom >"$units/plan"
    run_init -- /bin/sh -c 'exit 4'
    expect_status 4
    expect_output "there is no plan of the services"
    : >"$units/plan"
    run_init -- /bin/sh -c 'exit 5'
    expect_status 5
    expect_output "there is no plan of the services"
}

@test "a planner that ends badly, writes without end or is not there costs a line" {
    local planner
    for planner in 'kill -SEGV $$' 'exec cat /dev/zero' 'exit 3' 'echo hammock'; do
        printf '#!/bin/sh\n%s\n' "$planner" >"$tree/sbin/hammock"
        chmod +x "$tree/sbin/hammock"
        run_init -- /bin/sh -c 'exit 6'
        expect_status 6
        expect_output "there is no plan of the services"
    done
    rm "$tree/sbin/hammock"
    run_init -- /bin/sh -c 'exit 6'
    expect_status 6
    expect_output "hammock, which reads unit files, cannot be run as /sbin/hammock"
}

@test "a planner that never ends is killed, and the program runs" {
    printf '#!/bin/sh\nexec sleep 1000\n' >"$tree/sbin/hammock"
    chmod +x "$tree/sbin/hammock"
    # It is killed before the program starts, and is gone soon after.
    run_init -- /bin/sh -c 'while busybox ps | busybox grep -q "[s]leep 1000"; do :; done; exit 6'
    expect_status 6
    expect_output "planning takes too long"
}

@test "a program that cannot be executed is named, and so is what needs it" {
    runs lost /bin/nothing
    unit needs.service <<'END'
[Unit]
Requires=lost.service
After=lost.service
[Service]
ExecStart=/bin/sleep 1000
END
    start_init
    ask wait settled
    ask why needs
    expect_output "it needs lost.service, which is not up"
    expect_output "it could not be executed: code 203"
    end_init
    grep -q 'execution: /bin/nothing: no such file or directory' "$log"
}

@test "clients that say nothing, or too much, or never read, hold nobody up" {
    local number clients=()
    runs a '/bin/sleep 1000'
    start_init
    ask wait settled
    for number in 1 2 3 4 5 6 7 8 9 10; do
        nsenter --target "$pid" --mount --root --pid /bin/prober flood /run/hammock/control 3>&- &
        clients+=($!)
        has_phase a up
    done
    kill "${clients[@]}"
    has_phase a up
    end_init
}

@test "only root may change something, and everybody may ask" {
    as_nobody() {
        capture nsenter --target "$pid" --mount --root --pid --setuid 65534 --setgid 65534 \
            /sbin/hammock "$@"
    }
    runs a '/bin/sleep 1000'
    start_init
    ask wait settled
    as_nobody status a --json
    expect_output '"phase":"up"'
    as_nobody stop a
    expect_status 1
    has_phase a up
    end_init
}

@test "a unit whose end ends the container does so with its code" {
    unit job.service <<'END'
[Unit]
FailureAction=exit
[Service]
Type=oneshot
ExecStart=/bin/sh -c "exit 9"
END
    run_init
    expect_status 9
}

@test "wrong words about services are named" {
    run "$out/init" --target nginx.service
    expect_status 2
    expect_output "nginx.service: not the name of a target"
    run "$out/init" --stop never
    expect_status 2
    expect_output "never: not a number of seconds"
    run "$out/init" --wait 3601
    expect_status 2
    expect_output "3601: not a number of seconds"
}

@test "for those who measure, init logs when it plans and when a service begins" {
    runs web '/bin/sleep 1000'
    run_init -v -v -v -- /bin/busybox true
    [ "$(grep -oE 'init: (planning|web\.service (begins|is up)|program started)' <<<"$output")" = \
        $'init: planning\ninit: web.service begins\ninit: web.service is up\ninit: program started' ]
    run_init -- /bin/busybox true
    [[ $output != *planning* && $output != *begins* ]]
}

# policy CODE WORDS...: what invoke-rc.d of Debian's would ask ends so.
policy() {
    local code=$1
    shift
    inside /bin/sh /policy-rc.d "$@"
    [ "$status" -eq "$code" ] || { echo "$* ends with $status, not $code: $output" >&2; return 1; }
}

# prepare_policy: what policy-rc.d needs.
prepare_policy() {
    cp "$root/toolchain/image/policy-rc.d" "$tree/"
    ln -s busybox "$tree/bin/grep"
}

# answers: whether init has read its units, and takes requests.
answers() { ask status && [ "$status" -eq 0 ]; }

@test "a package's script has init do what it would have init.d's script do" {
    prepare_policy
    runs web '/bin/sleep 1000' "ExecReload=/bin/sh -c 'echo again >>/tmp/said'"
    runs idle '/bin/sleep 1001'
    start_init
    eventually has_phase web up
    local first
    first=$(main_of web)
    # Nobody restarts a service that is up because a start is asked for.
    policy 101 --quiet web '(start)'
    [ "$(main_of web)" = "$first" ]
    policy 101 web '(restart)'
    has_phase web up
    [ "$(main_of web)" != "$first" ]
    policy 101 web reload
    eventually grep -q again "$said"
    # It cannot reload, so it starts again.
    first=$(main_of idle)
    policy 101 idle force-reload
    [ "$(main_of idle)" != "$first" ]
    policy 101 web stop
    has_phase web down
    # What is down is not restarted by these two, and not reloaded.
    policy 101 web try-restart
    policy 101 web reload
    has_phase web down
    policy 101 web.sh start
    has_phase web up
    policy 0 web status
    policy 0 --list web
    end_init
}

@test "a package's service is started from its new file, and one that nothing wants is left alone" {
    prepare_policy
    mkdir -p "$tree/usr/lib/systemd/system"
    start_init
    eventually answers
    runs fresh '/bin/sleep 1000'
    policy 101 fresh '(start)'
    has_phase fresh up
    # Nothing is linked to it yet. apt's hook comes later, and init.d's script must not run.
    mv "$units/fresh.service" "$tree/usr/lib/systemd/system/idle.service"
    policy 101 idle start
    ask status idle
    [ "$status" -ne 0 ]
    # It has no unit file: init.d's script is all that there is.
    policy 0 other start
    policy 0 other '(start)'
    policy 103 web
    policy 103
    policy 103 --wrong web start
    end_init
}

@test "where no init of Hammock's runs a package's script gets the answer of invoke-rc.d itself" {
    prepare_policy
    runs web '/bin/sleep 1000'
    policy_here() {
        local code=0
        run_in_tree /bin/sh -c "${3-} exec sh /policy-rc.d web '$2'" || code=$?
        [ "$code" -eq "$1" ] || { echo "$2 ends with $code, not $1" >&2; return 1; }
    }
    policy_here 101 start
    touch "$tree/sbin/init"
    policy_here 0 start
    policy_here 101 '(start)'
    policy_here 0 stop
    policy_here 101 start 'export DPKG_ROOT=/x;'
}
