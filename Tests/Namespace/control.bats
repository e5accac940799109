# hammock's verbs for services, against a control socket. A small server stands in for PID 1, as it
# can also lie and hang: Tests/Support/control-server.py says how its units behave. The last tests
# ask init itself.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh"
    "$root/scripts/build-init.sh" --product hammock
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    # shellcheck disable=SC2034 # for namespace.bash
    namespaces=()
    socket=$BATS_TEST_TMPDIR/control
    server=''
}

teardown() {
    if [ -n "$server" ]; then kill "$server" && wait "$server"; fi
    end_namespaces
}

# serve [MODE]: answers at $socket from here on. The requests go to $requests, a line each.
serve() {
    command -v python3 >/dev/null || skip "there is no python3"
    requests=$BATS_TEST_TMPDIR/requests
    : >"$requests"
    python3 "$root/Tests/Support/control-server.py" "$socket" "$@" >>"$requests" 3>&- &
    server=$!
    eventually grep -q listening "$requests"
}

# unit NAME LINE...: a service that does not start by itself.
unit() {
    printf '%s\n' "[Service]" "${@:2}" "[X-Hammock]" "Start=no" >"$tree/etc/hammock/$1.service"
}

# serve_init: init answers at $socket from here on, as PID 1 of a namespace that has the programs of
# this machine. Its units do as the small server's of the same names.
serve_init() {
    [ "$(id -u)" -eq 0 ] || skip "only root may put this machine's programs into a namespace"
    prepare_namespaces
    local directory
    mkdir -p "$tree"/{usr,proc,run,tmp,etc/hammock}
    for directory in bin lib lib64; do
        [ ! -e "/$directory" ] || ln -s "usr/$directory" "$tree/$directory"
    done
    cp "$out/hammock" "$tree/hammock"
    touch "$tree/dev/null"
    unit good "ExecStart=/bin/sleep 1000"
    unit other "ExecStart=/bin/sleep 1000" 'ExecReload=/bin/kill -CONT $MAINPID'
    unit bad Type=oneshot 'ExecStart=/bin/sh -c "echo last words; exit 1"'
    unit needy "ExecStart=/bin/sleep 1000" "[Unit]" Requires=bad.service After=bad.service
    unit slow Type=notify "ExecStart=/bin/sleep 1000"
    # shellcheck disable=SC2016 # for the shell of the namespace
    "${in_namespace[@]}" bash -c 'mount --bind /usr "$0/usr" && mount -t proc proc "$0/proc" \
        && mount --bind /dev/null "$0/dev/null" && exec chroot "$0" /init --services' "$tree" <&- >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
    own_namespace $!
    socket=$tree/run/hammock/control
    eventually [ -S "$socket" ]
    eventually timeout -s KILL 20 "$out/hammock" status good --socket "$socket"
}

# ask WORD...: runs hammock, which may take no longer than 20 s.
ask() { run timeout -s KILL 20 "$out/hammock" "$@" --socket "$socket"; }

# expect_phase NAME PHASE: as status says.
expect_phase() {
    run -0 "$out/hammock" status "$1" --json --socket "$socket"
    expect_output "\"phase\":\"$2\""
}

# expect_json: each line of the output is an object.
expect_json() {
    [ ${#lines[@]} -gt 0 ]
    python3 -c 'import json, sys; [json.loads(line)["name"] for line in sys.stdin]' <<<"$output"
}

@test "without an init the socket is named, and what to do" {
    ask status
    expect_status 3
    expect_output "hammock: no init answers at $socket: PID 1 runs no services here"
    expect_output "boot with hammock.target="
    ask start good
    expect_status 3
    # A file that is no socket, and a socket that nobody listens at.
    touch "$socket"
    ask status
    expect_status 3
    rm "$socket"
    command -v python3 >/dev/null || return 0
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$socket"
    ask status
    expect_status 3
    expect_output "no init answers"
    [ "$("$out/hammock" status 2>&1 >/dev/null --socket "$BATS_TEST_TMPDIR/$(printf '%0120d' 0)" \
        | grep -c 'error 36')" -eq 1 ]
}

@test "start waits until the unit is up, and stop until it is down" {
    serve
    ask start good other.service
    expect_status 0
    [ -z "$output" ]
    expect_phase good up
    expect_phase other up
    ask stop good other
    expect_status 0
    expect_phase good down
    expect_phase other down
}

@test "a unit that does not come up is told of, with the reason" {
    serve
    ask start bad good
    expect_status 1
    [ "$output" = "hammock: bad.service is down: it ended with code 1" ]
    expect_phase good up
    ask start needy
    expect_status 1
    [ "$output" = "hammock: needy.service is down: it needs bad.service, which is not up" ]
    ask start again
    expect_status 1
    [ "$output" = "hammock: again.service is resting: it was ended by signal TERM; it will be\
 started again" ]
    ask stop stuck
    expect_status 1
    [ "$output" = "hammock: stuck.service is stuck: it did not end in time" ]
}

@test "a restart takes the old process for the new one at no moment" {
    serve
    ask status old --json
    local before=$output
    ask restart old
    expect_status 0
    expect_phase old up
    [[ $output == *'"wanted":true'* ]]
    [ "$output" != "$before" ]
    # It was seen going down.
    grep -q '^hammock/1 watch' "$requests"
}

@test "a reload is waited for, and a unit without a way to reload is told of" {
    serve
    ask start good other
    ask reload good
    expect_status 0
    expect_phase good up
    ask reload good --no-wait
    # The second is not lost while the first is under way.
    ask reload good
    expect_status 0
    [ "$(grep -cx 'reloaded good.service' "$requests")" -eq 3 ]
    ask reload other
    expect_status 1
    [ "$output" = "hammock: other: it has no way to reload" ]
    ask reload bad
    expect_status 1
    [ "$output" = "hammock: bad: it is not up, and so cannot reload" ]
}

@test "who does not wait is not told, and who waits waits no longer than the timeout" {
    serve
    ask start slow --no-wait
    expect_status 0
    expect_phase slow starting
    ask start slow --timeout 0
    expect_status 124
    [ "$output" = "hammock: slow: it took too long" ]
    ask wait slow up --timeout=1
    expect_status 124
    ask wait slow down --timeout 1
    expect_status 124
}

@test "wait tells apart what was reached and what will not be" {
    serve
    ask wait bad up
    expect_status 1
    [ "$output" = "hammock: bad.service is down: nothing has started it" ]
    ask wait bad down
    expect_status 0
    ask wait settled
    expect_status 0
    ask start good
    timeout -s KILL 20 "$out/hammock" wait good down --socket "$socket" 3>&- &
    local waiter=$!
    eventually grep -q '^hammock/1 wait good down' "$requests"
    kill -0 "$waiter"
    ask stop good
    wait "$waiter"
}

@test "an unknown unit ends with 4, and the others are asked for" {
    serve
    ask start lost good
    expect_status 4
    [ "$output" = "hammock: lost: PID 1 knows no such unit" ]
    expect_phase good up
    local verb
    for verb in status stop restart reload reset why; do
        ask "$verb" lost
        expect_status 4
    done
    ask signal lost TERM
    expect_status 4
    ask wait lost up
    expect_status 4
    # What is no name is not sent.
    : >"$requests"
    ask start "good stop other"
    expect_status 4
    ask start $'good\nhammock/1 stop other'
    expect_status 4
    ask start "$(printf '%0300d' 0)"
    expect_status 4
    [ ! -s "$requests" ]
}

@test "a signal goes to the main process, or to all" {
    serve
    ask signal good SIGHUP
    expect_status 0
    ask signal good 9 --all
    expect_status 0
    grep -qx 'hammock/1 signal good SIGHUP main' "$requests"
    grep -qx 'hammock/1 signal good 9 all' "$requests"
}

@test "reset and update say what they are to say" {
    serve
    ask reset
    expect_status 0
    ask reset bad needy
    expect_status 0
    ask update
    expect_status 0
    ask update --restart
    expect_status 0
    local request
    for request in reset "reset bad" "reset needy" update "update restart"; do
        grep -qx "hammock/1 $request" "$requests"
    done
}

@test "status is a table, and in full for a name" {
    serve
    ask start good bad
    ask status
    expect_status 0
    [ "${lines[0]}" = "NAME           PHASE            SINCE      PID  RESTARTS  OUTCOME" ]
    [[ ${lines[1]} =~ ^good\.service\ \ \ up\ +[0-9]+\.[0-9]{3}\ +41\ +-\ +-$ ]]
    [[ $output =~ bad\.service\ +down\ +[0-9]+\.[0-9]{3}\ +-\ +-\ +code\ 1 ]]
    [ ${#lines[@]} -eq 10 ]
    ask status good bad
    expect_status 0
    [[ $output =~ ^good\.service$'\n'\ \ phase\ +up\ since\ [0-9.]+\ \([0-9]+\ s\ ago\)$'\n' ]]
    expect_output "process   41"
    expect_output "bad.service"
    expect_output "outcome   it ended with code 1"
    ask status --json
    expect_status 0
    expect_json
}

@test "the last lines of a log go with status and why" {
    [ "$(id -u)" -eq 0 ] || skip "only root may write to /run/log"
    serve
    # shellcheck disable=SC2016 # for the shell of the namespace
    run -0 unshare -m bash -c '
        mount -t tmpfs tmpfs /run && mkdir /run/log || exit
        printf "[    1.%06d] line %d\n" 1 1 2 2 >/run/log/bad.service.old
        printf "[    2.%06d] <3>line %d\n" {3..11} {3..11} | head -n 9 >/run/log/bad.service
        printf "[    3.000000] \033[2Jlast\n" >>/run/log/bad.service
        "$0" status bad --socket "$1"; echo; "$0" why bad --socket "$1"
        "$0" status bad --json --socket "$1"' "$out/hammock" "$socket"
    expect_output "[     3.000] ?[2Jlast"
    expect_output '"lines":["'
    [ "$(grep -c '?\[2Jlast' <<<"$output")" -eq 2 ]
    # Ten lines for status, three for why.
    [ "$(grep -c '^    \[ ' <<<"$output")" -eq 13 ]
}

@test "why follows the blame" {
    serve
    ask start needy
    ask why needy
    expect_status 0
    [[ ${lines[0]} =~ ^needy\.service\ is\ down\ since\ .*:\ it\ needs\ bad\.service,\ which ]]
    [[ ${lines[1]} =~ ^bad\.service\ is\ down\ since\ .*:\ it\ ended\ with\ code\ 1$ ]]
    [ ${#lines[@]} -eq 2 ]
    ask why needy --json
    expect_json
    expect_output '"culprit":"bad.service"'
    ask why good
    expect_output "good.service is down: nothing has started it"
}

@test "watch prints each change, and how many it has missed" {
    serve
    timeout -s KILL 20 "$out/hammock" watch --socket "$socket" >"$BATS_TEST_TMPDIR/text" 3>&- &
    local text=$!
    timeout -s KILL 20 "$out/hammock" watch --json --socket "$socket" \
        >"$BATS_TEST_TMPDIR/json" 3>&- &
    local json=$!
    eventually grep -q "3 changes were too fast" "$BATS_TEST_TMPDIR/text"
    eventually grep -q '{"lost":3}' "$BATS_TEST_TMPDIR/json"
    ask start good
    eventually grep -Eq '^ +[0-9]+\.[0-9]{3} good\.service starting$' "$BATS_TEST_TMPDIR/text"
    eventually grep -Eq '^ +[0-9]+\.[0-9]{3} good\.service up$' "$BATS_TEST_TMPDIR/text"
    eventually grep -Eq '^\{"at":[0-9.]+,"name":"good.service","phase":"up"\}$' \
        "$BATS_TEST_TMPDIR/json"
    kill "$server"
    wait "$server" || true
    server=''
    # When PID 1 has gone, so have they.
    local code=0
    wait "$text" || code=$?
    [ "$code" -eq 1 ]
    wait "$json" || true
}

@test "the timeline has the moments of each start" {
    serve
    ask start good
    ask timeline
    expect_status 0
    [[ $output =~ good\.service(\ +[0-9]+\.[0-9]{3}){4} ]]
    [[ $output =~ other\.service(\ +-){4} ]]
    # What takes no time has happened all the same.
    ask start all.target
    ask timeline
    [[ $output =~ all\.target(\ +[0-9]+\.[0-9]{3}){3}\ +0\.000 ]]
    ask timeline --json
    expect_json
}

@test "whoever else answers is not taken for an init" {
    local mode
    for mode in other foreign endless; do
        rm -f "$socket"
        serve "$mode"
        ask status
        expect_status 1
        ask start good
        expect_status 1
        kill "$server"
        wait "$server" || true
    done
    server=''
    expect_output "is not Hammock's init"
}

@test "an answer without its end is no answer, and nobody waits for it for ever" {
    serve cut
    ask status
    expect_status 1
    [ "$output" = "hammock: PID 1 has ended the connection" ]
    ask wait good up
    expect_status 1
    ask watch
    expect_status 1
}

@test "an init that does not answer is given up after ten seconds" {
    serve silent
    local began=$SECONDS
    ask status
    expect_status 124
    [ "$output" = "hammock: it took too long" ]
    [ $((SECONDS - began)) -ge 9 ]
}

@test "wrong use of a verb ends with 2, and names the word" {
    local words
    for words in "start" "stop --all" "status --timeout 1" "start a --timeout x" "signal a" \
        "signal a FOO" "signal a TERM b" "wait" "wait a" "wait a sideways" "wait settled b" \
        "watch a" "why" "why a b" "timeline a" "update a" "start a --json" "reset --no-wait" \
        "update --all" "start a --restart" "status --socket=" "status --rot" "signal --timeout 1"; do
        # shellcheck disable=SC2086 # words
        run "$out/hammock" $words
        expect_status 2
        expect_output "hammock: "
        expect_output "(see --help)"
    done
}

@test "what cannot be written is a failure" {
    [ -e /dev/full ] || skip "there is no /dev/full"
    serve
    local verb
    for verb in status "status good" "why good" timeline watch; do
        # shellcheck disable=SC2086 # words
        run -1 bash -c 'exec timeout -s KILL 20 "$0" "$@" >/dev/full' \
            "$out/hammock" $verb --socket "$socket"
    done
}

@test "init starts, restarts, reloads and stops units, and says why it cannot" {
    serve_init
    ask start good other
    expect_status 0
    [ -z "$output" ]
    expect_phase good up
    ask start bad
    expect_status 1
    [ "$output" = "hammock: bad.service is down: it ended with code 1" ]
    ask start needy
    expect_status 1
    [ "$output" = "hammock: needy.service is down: it needs bad.service, which is not up" ]
    ask why needy
    expect_output $'\nbad.service is down since'
    ask status other --json
    [[ $output =~ \"main\":([0-9]+) ]]
    local before=${BASH_REMATCH[1]}
    ask restart other
    expect_status 0
    ask status other --json
    [[ $output =~ \"main\":([0-9]+) ]]
    [ "${BASH_REMATCH[1]}" -ne "$before" ]
    ask reload other
    expect_status 0
    ask reload good
    expect_status 1
    expect_output "it has no way to reload"
    ask start slow --timeout 1
    expect_status 124
    ask stop good other slow
    expect_status 0
    expect_phase slow down
    ask wait settled
    expect_status 0
    ask timeline
    [[ $output =~ good\.service(\ +[0-9]+\.[0-9]{3}){4} ]]
    ask start lost
    expect_status 4
}

@test "init reads unit files anew, and keeps all as it was if one that it has is refused" {
    serve_init
    unit fresh "ExecStart=/bin/sleep 1000"
    ask start fresh
    expect_status 4
    ask update
    expect_status 0
    ask start fresh
    expect_status 0
    unit wrong "ExecStart=relative"
    ask update
    expect_status 0
    [ "$output" = "hammock: some units are refused and left out; 'hammock check' says which" ]
    unit fresh "ExecStart=relative"
    ask update
    expect_status 1
    [ "$output" = "hammock: a unit file is refused, so all stays as it was; 'hammock check' says\
 which" ]
    expect_phase fresh up
}
