# hammock by the names of systemctl and service. A small server stands in for PID 1:
# Tests/Support/control-server.py says how its units behave.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh" --product hammock
}

setup() {
    load ../Support/helpers
    socket=$BATS_TEST_TMPDIR/control
    server=''
    ln -s "$out/hammock" "$BATS_TEST_TMPDIR/systemctl"
    ln -s "$out/hammock" "$BATS_TEST_TMPDIR/service"
}

teardown() {
    if [ -n "$server" ]; then kill "$server" && wait "$server"; fi
    true
}

# serve: answers at $socket from here on. The requests go to $requests, a line each.
serve() {
    command -v python3 >/dev/null || skip "there is no python3"
    requests=$BATS_TEST_TMPDIR/requests
    : >"$requests"
    python3 "$root/Tests/Support/control-server.py" "$socket" >>"$requests" 3>&- &
    server=$!
    eventually grep -q listening "$requests"
}

# ask CODE WORD...: systemctl ends with CODE. It may take no longer than 20 s.
ask() {
    local code=$1
    shift
    run timeout -s KILL 20 "$BATS_TEST_TMPDIR/systemctl" --socket "$socket" "$@"
    expect_status "$code"
}

# asked REQUEST: PID 1 got this request.
asked() { grep -qx "hammock/1 $1" "$requests"; }

# make_root: $files is a root with the files of some units.
make_root() {
    files=$BATS_TEST_TMPDIR/root
    local units=$files/usr/lib/systemd/system
    mkdir -p "$units" "$files/etc/hammock"
    cat >"$units/main.service" <<'END'
[Service]
ExecStart=/bin/true
[Install]
WantedBy=multi-user.target
RequiredBy=one.target two.target
Alias=named.service
Also=helper.service
END
    printf '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n' \
        | tee "$units/helper.service" "$units/many@.service" >"$files/etc/hammock/own.service"
    printf '[Service]\nExecStart=/bin/true\n' >"$units/plain.service"
}

# offline CODE WORD...: systemctl for the files in $files ends with CODE.
offline() {
    local code=$1
    shift
    run timeout -s KILL 20 "$BATS_TEST_TMPDIR/systemctl" --root "$files" --socket "$socket" "$@"
    expect_status "$code"
}

# links: the links in the root, and where they lead.
links() { (cd "$files/etc/systemd/system" && find . -type l -printf '%P %l\n' | sort); }

@test "without an init systemctl ends with 1, as in a chroot" {
    local verb
    for verb in "start a" "stop a" "restart a" "status a" "is-active a" daemon-reload list-units \
        "show a" "kill a" reset-failed; do
        # shellcheck disable=SC2086 # words
        ask 1 $verb
        expect_output "systemctl: no init answers at $socket"
        [ ${#lines[@]} -eq 1 ]
    done
    run -1 "$BATS_TEST_TMPDIR/service" a start
    expect_output "service: no init answers at /run/hammock/control"
}

@test "start, stop and restart wait, and end as systemctl does" {
    serve
    ask 0 start good other.service
    [ -z "$output" ]
    ask 0 is-active good other
    [ "$output" = $'active\nactive' ]
    ask 0 restart good
    ask 0 stop good
    ask 3 is-active good
    [ "$output" = inactive ]
    ask 1 start bad
    [ "${lines[0]}" = "Job for bad.service failed: the unit is down: it ended with code 1." ]
    ask 5 start lost
    [ "$output" = "Failed to start lost.service: Unit lost.service not found." ]
    ask 5 stop lost
    [ "$output" = "Failed to stop lost.service: Unit lost.service not loaded." ]
    ask 0 --no-block start slow
    ask 3 is-active slow
    [ "$output" = activating ]
}

@test "try-restart and reload-or-restart do what the state calls for" {
    serve
    ask 0 try-restart good
    ask 0 condrestart good
    ask 0 try-reload-or-restart good
    ask 3 is-active good
    ask 0 reload-or-restart good
    ask 0 is-active good
    asked "start good.service"
    ask 0 force-reload good
    asked "reload good.service"
    ask 0 try-restart good
    asked "restart good.service"
    ask 0 start other
    ask 1 reload other
    expect_output "Failed to reload other.service: it has no way to reload"
    ask 0 reload-or-restart other
    asked "restart other.service"
    ask 1 reload bad
    expect_output "bad.service: it is not up"
}

@test "status, is-active and is-failed end with systemctl's codes" {
    serve
    ask 0 start good
    ask 1 start bad
    ask 0 status good
    [[ $output =~ ^●\ good\.service$'\n'\ +Active:\ active\ \(running\)\ since\ [0-9.]+\ s ]]
    expect_output "Main PID: 41"
    ask 3 status bad
    expect_output "Active: failed (failed)"
    expect_output "Reason: it ended with code 1"
    ask 3 status other
    expect_output "Active: inactive (dead)"
    ask 4 status lost
    [ "$output" = "Unit lost.service could not be found." ]
    ask 0 -q status good
    [ -z "$output" ]
    ask 0 status
    expect_output "good.service"
    ask 0 is-active bad good
    [ "$output" = $'failed\nactive' ]
    ask 4 is-active lost
    ask 0 --quiet is-active good
    [ -z "$output" ]
    ask 0 is-failed good bad
    [ "$output" = $'active\nfailed' ]
    ask 1 is-failed good lost
    ask 1 is-system-running
    [ "$output" = degraded ]
    ask 0 start good
    ask 0 stop bad
    ask 0 is-system-running
    [ "$output" = running ]
}

@test "show prints the properties that it knows" {
    serve
    ask 0 start good
    ask 0 show good
    [ "${lines[0]}" = Id=good.service ]
    expect_output $'\nActiveState=active\nSubState=running\nResult=success\nMainPID=41\n'
    ask 0 show -p MainPID --property=Nonsense,ActiveState good
    [ "$output" = $'MainPID=41\nActiveState=active' ]
    ask 0 show --value -p MainPID good
    [ "$output" = 41 ]
    ask 0 show -P LoadState,ActiveState lost
    [ "$output" = $'not-found\ninactive' ]
    ask 1 start again
    ask 0 show -p ExecMainStatus,Result,NRestarts,ActiveState,SubState again
    [ "$output" = $'ExecMainStatus=15\nResult=signal\nNRestarts=1\nActiveState=activating
SubState=auto-restart' ]
}

@test "list-units lists what is asked for" {
    serve
    ask 0 start good
    ask 1 start bad
    ask 0 list-units
    expect_output "UNIT          LOAD   ACTIVE       SUB"
    expect_output "  good.service  loaded active       running"
    expect_output "× bad.service   loaded failed       failed"
    expect_output "4 loaded units listed."
    [[ $output != *other* ]]
    ask 0 --no-legend --all --type=target
    [ "$output" = "  all.target loaded inactive     dead" ]
    ask 0 --no-legend --state=failed --no-pager list-units
    [ ${#lines[@]} -eq 1 ]
    ask 0 --no-legend --failed
    [[ $output == *bad.service* ]]
    ask 0 --no-legend list-units good
    [ ${#lines[@]} -eq 1 ]
}

@test "kill, reset-failed and daemon-reload are sent on" {
    serve
    ask 0 kill good
    asked "signal good.service TERM all"
    ask 0 kill -s HUP --kill-whom=main good
    asked "signal good.service HUP main"
    ask 0 reset-failed
    asked reset
    ask 0 reset-failed bad
    asked "reset bad.service"
    ask 0 daemon-reload
    asked update
}

@test "service takes the name first" {
    serve
    # service has no option for the socket, so it gets one of its own.
    [ "$(id -u)" -eq 0 ] || skip "only root may write to /run"
    # shellcheck disable=SC2016 # for the shell of the namespace
    run -0 unshare -m bash -c '
        mkdir "$1/run" && mount --bind "$1" "$1" && mount -t tmpfs tmpfs /run \
            && mkdir /run/hammock && ln -s "$2" /run/hammock/control || exit
        for words in "good start" "good status" "--status-all" "good force-reload" "good stop"; do
            "$0" $words || exit
        done
        ! "$0" good frob' "$BATS_TEST_TMPDIR/service" "$BATS_TEST_TMPDIR" "$socket"
    expect_output "Active: active (running)"
    expect_output "other.service"
    expect_output "service: frob: unknown verb"
    asked "start good.service"
    asked "reload good.service"
    asked "stop good.service"
    run -0 "$BATS_TEST_TMPDIR/service" --help
    expect_output "service NAME VERB"
}

@test "enable makes the links that a file asks for, and disable removes them" {
    make_root
    offline 1 is-enabled main
    [ "$output" = disabled ]
    offline 0 enable main
    expect_output "Created symlink /etc/systemd/system/multi-user.target.wants/main.service → /usr"
    links >"$BATS_TEST_TMPDIR/links"
    diff - "$BATS_TEST_TMPDIR/links" <<'END'
multi-user.target.wants/helper.service /usr/lib/systemd/system/helper.service
multi-user.target.wants/main.service /usr/lib/systemd/system/main.service
named.service /usr/lib/systemd/system/main.service
one.target.requires/main.service /usr/lib/systemd/system/main.service
two.target.requires/main.service /usr/lib/systemd/system/main.service
END
    # Hammock's planner finds them.
    run "$out/hammock" check --root "$files" --target multi-user.target
    expect_output "main.service runs"
    offline 0 is-enabled main
    [ "$output" = enabled ]
    # Again: there is nothing to do.
    offline 0 enable main
    [ -z "$output" ]
    offline 0 --quiet disable main
    [ -z "$output" ]
    [ -z "$(links)" ]
    offline 1 is-enabled main helper
    [ "$output" = $'disabled\ndisabled' ]
}

@test "preset enables a unit, as deb-systemd-helper asks, unless there are presets to read" {
    make_root
    offline 0 --system --preset-mode=disable-only preset main
    [ ! -e "$files/etc/systemd" ]
    # An empty directory says nothing.
    mkdir "$files/usr/lib/systemd/system-preset"
    offline 0 --system --preset-mode=enable-only preset helper
    [ "$(links)" = \
        "multi-user.target.wants/helper.service /usr/lib/systemd/system/helper.service" ]
    offline 1 preset lost
    expect_output "does not exist"
    mkdir -p "$files/etc/systemd/system-preset"
    echo 'disable *' >"$files/etc/systemd/system-preset/10.preset"
    offline 1 preset main
    expect_output "Hammock reads no presets"
    [[ $(links) != *main* ]]
}

@test "is-enabled knows what has no need of links" {
    make_root
    offline 0 is-enabled plain
    [ "$output" = static ]
    offline 0 is-enabled own
    [ "$output" = enabled ]
    offline 1 is-enabled lost
    expect_output "No such file or directory"
    offline 0 enable plain
    expect_output "does not say what wants it"
    offline 0 enable own
    offline 1 disable own
    expect_output "every unit of /etc/hammock is wanted"
}

@test "an instance of a template can be enabled, and the template cannot" {
    make_root
    offline 0 enable many@one
    [ "$(links)" = "multi-user.target.wants/many@one.service /usr/lib/systemd/system/many@.service" ]
    offline 0 is-enabled many@one
    offline 1 enable many@
    expect_output "needs an instance"
}

@test "mask hides a unit, and unmask shows it" {
    make_root
    offline 0 mask main
    [ "$(links)" = "main.service /dev/null" ]
    offline 1 is-enabled main
    [ "$output" = masked ]
    offline 1 enable main
    expect_output "it is masked"
    offline 0 unmask main
    [ -z "$(links)" ]
    offline 0 unmask main
    # Something of its own is not written over.
    cp "$files/usr/lib/systemd/system/main.service" "$files/etc/systemd/system/"
    offline 1 mask main
    expect_output "another file is in the place of the link"
    offline 1 mask own
    expect_output "it lies in /etc/hammock"
}

@test "a file cannot make links elsewhere" {
    make_root
    local word
    for word in ../../../tmp/x a/b '%i.target' x 'two .. x'; do
        printf '[Install]\nWantedBy=%s\n' "$word" >"$files/usr/lib/systemd/system/bad.service"
        offline 1 enable bad
        expect_output "its section [Install] names no unit"
    done
    printf '[Install]\nAlias=../x.service\n' >"$files/usr/lib/systemd/system/bad.service"
    offline 1 enable bad
    mkdir "$BATS_TEST_TMPDIR/outside"
    mkdir -p "$files/etc/systemd/system"
    ln -s "$BATS_TEST_TMPDIR/outside" "$files/etc/systemd/system/three.target.wants"
    printf '[Install]\nWantedBy=three.target\n' >"$files/usr/lib/systemd/system/bad.service"
    offline 1 enable bad
    expect_output "something else is in the place of a directory"
    ln -s /nowhere "$BATS_TEST_TMPDIR/outside/bad.service"
    offline 0 disable bad
    [ "$(ls "$BATS_TEST_TMPDIR/outside")" = bad.service ]
    printf '[Install]\nAlso=a.service b.service lost\n' >"$files/usr/lib/systemd/system/bad.service"
    offline 1 enable bad
    expect_output "Failed to enable a.service: it has no file."
    [ "$(links | wc -l)" -eq 1 ]
}

@test "enable --now has the files read and starts the unit" {
    serve
    make_root
    cp "$files/usr/lib/systemd/system/helper.service" "$files/usr/lib/systemd/system/good.service"
    offline 0 enable --now good
    asked update
    asked "start good.service"
    [ "$(grep -nx 'hammock/1 update' "$requests" | cut -d: -f1)" -lt \
        "$(grep -nx 'hammock/1 start good.service' "$requests" | cut -d: -f1)" ]
    offline 0 disable --now good
    asked "stop good.service"
    # A new file: PID 1 reads it before systemctl says that it knows no such unit.
    : >"$requests"
    offline 5 start plain
    expect_output "Unit plain.service is not wanted by anything; enable it first."
    asked update
    [ "$(grep -cx 'hammock/1 start plain.service' "$requests")" -eq 2 ]
}

@test "what Hammock has not is said, and ends with 1" {
    local words
    for words in "--preset-mode=x preset a" "isolate a" "--user start a" "--runtime mask a" "start" "enable" \
        "kill -s FOO a" "kill --kill-whom=x a" "--frob start a" "daemon-reload a" "status -n x"; do
        # shellcheck disable=SC2086 # words
        ask 1 $words
        expect_output "systemctl: "
    done
    ask 0 --version
    expect_output "systemctl of Hammock"
    ask 0 --help
    expect_output "Usage: systemctl"
}
