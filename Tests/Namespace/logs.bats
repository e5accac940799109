# hammock logs, on directories of files as the logger writes them.
# shellcheck disable=SC2154 # helpers.bash sets root and out

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh" --product hammock
}

setup() {
    load ../Support/helpers
    cd "$BATS_TEST_TMPDIR" || return
    run=root/run/log
    mkdir -p "$run"
    followers=()
}

teardown() {
    local follower
    for follower in "${followers[@]}"; do
        is_own_child "$follower" && kill -KILL "$follower"
    done
    wait
}

# logs WORD...: hammock logs of the directory `root`, with `output`, `stderr` and `status`.
logs() { run --separate-stderr timeout --signal=KILL 60 "$out/hammock" logs --root root "$@"; }

# line SECONDS TEXT: a line of the logger's. TEXT begins with a mark.
line() { printf '[%12.6f]%b\n' "$1" "$2"; }

# expect_lines LINE...: the last output is these lines, and nothing was wrong.
expect_lines() {
    diff <(printf '%s\n' "$@") <(printf '%s\n' "$output")
    [ -z "$stderr" ]
    [ "$status" -eq 0 ]
}

# follow WORD...: follows in the background, into the file `followed`.
follow() {
    : >followed
    # A shell lets what runs in its background ignore SIGINT.
    env --default-signal=INT "$out/hammock" logs --root root --follow "$@" \
        >followed 2>complaints 3>&- &
    follower=$!
    followers+=("$follower")
    eventually sleeps_in_poll
}

# sleeps_in_poll: whether the follower waits, in system call 7.
sleeps_in_poll() { [[ $(cat "/proc/$follower/syscall") == 7\ * ]]; }

# has_followed TEXT: whether the follower has written exactly these lines.
has_followed() { [ "$(cat followed)" = "$1" ]; }

# expect_follower_end CODE: the follower ends with CODE.
expect_follower_end() {
    local ended=0
    eventually follower_ended
    wait "$follower" || ended=$?
    [ "$ended" -eq "$1" ] || {
        echo "expected exit code $1, not $ended" >&2
        return 1
    }
}

follower_ended() {
    [ ! -e "/proc/$follower" ] || [[ $(cat "/proc/$follower/stat") == *') Z '* ]]
} 2>/dev/null

# rotate SERVICE: does as the logger does when a file is full.
rotate() { mv "$run/$1" "$run/$1.old"; }

# without_override COMMAND...: root is bound by the modes of files, as all others are.
without_override() {
    if [ "$(id -u)" -ne 0 ]; then
        run --separate-stderr "$@"
    else
        setpriv --bounding-set=-dac_override,-dac_read_search true 2>/dev/null \
            || skip "setpriv cannot take root's rights"
        run --separate-stderr setpriv --bounding-set=-dac_override,-dac_read_search "$@"
    fi
}

# --- which lines ---------------------------------------------------------------------------

@test "all logs come in the order of time, and where that is equal in that of their names" {
    line 2 ' b of b' >"$run/b.service"
    line 5 ' c of b' >>"$run/b.service"
    line 1 ' a of a' >"$run/a.service.old"
    line 2 ' b of a' >"$run/a.service"
    line 4 ' socket' >"$run/c.socket"
    logs
    expect_lines '[    1.000000] a: a of a' '[    2.000000] a: b of a' \
        '[    2.000000] b: b of b' '[    4.000000] c.socket: socket' '[    5.000000] b: c of b'
}

@test "a name is a unit's with or without .service, and one name needs no column" {
    line 1 ' a' >"$run/a.service"
    line 2 ' b' >"$run/b.service.old"
    line 3 ' c' >"$run/c.socket"
    logs a
    expect_lines '[    1.000000] a'
    logs b.service
    expect_lines '[    2.000000] b'
    logs c.socket --json
    expect_lines '{"time":3.000000,"unit":"c.socket","priority":6,"text":"c"}'
    logs b --lines 9 a.service
    expect_lines '[    1.000000] a: a' '[    2.000000] b: b'
    logs -- a b a
    expect_lines '[    1.000000] a: a' '[    2.000000] b: b'
}

@test "a name without a log is named, and nothing else is shown" {
    line 1 ' a' >"$run/a.service"
    logs a nginx cron.service
    expect_status 4
    [ -z "$output" ]
    [[ $stderr == *"nginx has written no log"*"cron.service has written no log"* ]]
    [[ $stderr != *"hammock: a "* ]]
}

@test "where no service has written a log, hammock logs says so" {
    logs
    expect_status 3
    [[ -z $output && $stderr == *"no service has written a log here"*root/run/log* ]]
    rmdir "$run"
    logs
    expect_status 3
    [[ -z $output && $stderr == *"no service has written a log here"*root/run/log* ]]
    logs --follow a
    expect_status 3
    rmdir root/run
    touch root/run
    logs
    expect_status 1
    [[ $stderr == *"/run/log: "* ]]
}

@test "a link in the root leads to no other machine's logs" {
    mkdir outside
    line 1 ' outside' >outside/a.service
    rmdir "$run"
    ln -s "$PWD/outside" "$run"
    logs
    expect_status 1
    [ -z "$output" ]
    rm "$run"
    mkdir "$run"
    ln -s "$PWD/outside/a.service" "$run/a.service"
    logs a
    expect_status 1
    [ -z "$output" ]
}

@test "the last lines are the last of all, from the old files too" {
    local number
    for number in 1 3 5; do line $number " a$number" >>"$run/a.service.old"; done
    for number in 7 9; do line $number " a$number" >>"$run/a.service"; done
    for number in 2 4 6 8; do line $number " b$number" >>"$run/b.service"; done
    logs -n 4 a
    expect_lines '[    3.000000] a3' '[    5.000000] a5' '[    7.000000] a7' '[    9.000000] a9'
    logs --lines=3
    expect_lines '[    7.000000] a: a7' '[    8.000000] b: b8' '[    9.000000] a: a9'
    logs -n 99999999999999999999
    expect_status 2
    logs -n 18446744073709551615
    [ ${#lines[@]} -eq 9 ]
    logs -n 0
    [[ $status -eq 0 && -z $output ]]
}

@test "only lines up to a priority come, by its number or its name" {
    {
        line 1 ' <3>error'
        line 2 ' <30>info'
        line 3 ' plain'
        line 4 ' <7>debug'
        line 5 '!2 lines are lost'
    } >"$run/a.service"
    logs a -p err
    expect_lines '[    1.000000] error'
    logs a --priority 4
    expect_lines '[    1.000000] error' '[    5.000000]!2 lines are lost'
    logs a -p6
    expect_lines '[    1.000000] error' '[    2.000000] info' '[    3.000000] plain' \
        '[    5.000000]!2 lines are lost'
    logs a -n 1 -p error
    expect_lines '[    1.000000] error'
}

@test "since a moment of this boot, or so long ago" {
    local now
    now=$(cut -d. -f1 /proc/uptime)
    line 0.5 ' first' >"$run/a.service"
    line 0.75 ' second' >>"$run/a.service"
    line $((now + 600)) ' last' >>"$run/a.service"
    logs a --since 0.75
    expect_lines "$(line 0.75 ' second')" "$(line $((now + 600)) ' last')"
    logs a --since -0
    expect_lines "$(line $((now + 600)) ' last')"
    logs a --since=-1min
    expect_lines "$(line $((now + 600)) ' last')"
    logs a --since "-$((now + 600))"
    [ ${#lines[@]} -eq 3 ]
    logs a --since "$((now + 601))"
    [[ $status -eq 0 && -z $output ]]
}

@test "a wrong word is named, and nothing is shown" {
    local words
    line 1 ' a' >"$run/a.service"
    for words in '-n x' '-n -1' '-p 8' '-p loud' '--since x' '--since -' '--since infinity' \
        '--since=' '../a' .hidden 'a/b' --strict --kernel '--root='; do
        # shellcheck disable=SC2086 # words
        logs a $words
        expect_status 2
        [[ -z $output && $stderr == *'(see --help)'* ]]
    done
}

# --- what is in them ------------------------------------------------------------------------

@test "on a pipe the bytes come as the service wrote them" {
    {
        printf '[    1.000000] \0\1\033[31m\377\302\233\r\n'
        printf '[    2.000000] \n'
    } >"$run/a.service"
    "$out/hammock" logs --root root a >bytes
    cmp bytes "$run/a.service"
}

@test "on a terminal no control character comes but a tab" {
    printf '[    1.000000] a\tb\033[31m\302\233c \303\244\377\n' >"$run/a.service"
    printf '[    2.000000] x\n' >"$run/"$'b\033.service'
    SHELL=/bin/sh run -0 script -qec "'$out/hammock' logs --root root" /dev/null </dev/null
    [ "${lines[0]}" = $'[    1.000000] a: a\tb?[31m?c ä?\r' ]
    [ "${lines[1]}" = $'[    2.000000] b?: x\r' ]
    [ ${#lines[@]} -eq 2 ]
}

@test "an object of JSON a line holds any bytes" {
    command -v python3 >/dev/null || skip "there is no python3"
    {
        printf '[    1.000000] <3>\0\033"\\\377\303\244\177\n'
        printf '[   12.345678]+%04094d\303\n' 7
        printf '[   12.345679] \244"\n'
        printf '[   13.000000]!1 line is lost\n'
        printf '[   14.000000]+torn'
        printf '\n'
    } >"$run/a.service"
    logs --json
    expect_status 0
    python3 - "$output" <<'END'
import json, sys
found = [json.loads(line) for line in sys.argv[1].split("\n")]
assert [list(one) for one in found] == [["time", "unit", "priority", "text"]] * 4, found
assert found[0]["text"] == "\0\x1b\"\\\ufffd\u00e4\x7f" and found[0]["priority"] == 3, found[0]
assert found[1]["text"] == "7".rjust(4094, "0") + "\u00e4\"", found[1]
assert found[1]["time"] == 12.345678 and found[1]["unit"] == "a.service", found[1]
assert found[2]["priority"] == 4, found[2]
assert found[3]["text"] == "torn", found[3]
END
}

@test "a long line comes as one, from the old file into the new one" {
    local piece
    piece=$(printf '%04096d' 0)
    line 1 "+$piece" >"$run/a.service.old"
    line 1 "+$piece" >"$run/a.service"
    line 2 ' end' >>"$run/a.service"
    line 1.5 ' other' >"$run/b.service"
    logs
    expect_lines "[    1.000000] a: $piece${piece}end" '[    1.500000] b: other'
}

@test "a line that has no end does not come, and what is no line of the logger's comes" {
    printf '[    1.000000] a\n[    2.000000] to' >"$run/a.service.old"
    printf 'foreign\n[    3.000000] b\n[    4.00' >"$run/a.service"
    : >"$run/empty.service"
    logs
    expect_lines '[    1.000000] a: a' '[    2.000000] a: foreign' '[    3.000000] a: b'
    logs empty
    [[ $status -eq 0 && -z $output && -z $stderr ]]
}

@test "what is no file is left out, and complained of where it is asked for" {
    mkdir "$run/journal" "$run/journal.old"
    mkfifo "$run/pipe"
    line 1 ' a' >"$run/a.service"
    logs
    expect_lines '[    1.000000] a: a'
    logs journal a
    expect_status 1
    [ "$output" = '[    1.000000] a: a' ]
    [ "$stderr" = 'hammock: journal: not a file' ]
    logs pipe
    expect_status 1
    [ -z "$output" ]
}

@test "a file that may not be read is named, and the others come" {
    line 1 ' a' >"$run/a.service"
    line 2 ' b' >"$run/b.service"
    chmod 0 "$run/b.service"
    without_override "$out/hammock" logs --root root
    expect_status 1
    [ "$output" = '[    1.000000] a: a' ]
    [ "$stderr" = 'hammock: b.service: permission denied' ]
    chmod 0 "$run"
    without_override "$out/hammock" logs --root root
    chmod 755 "$run"
    expect_status 1
    [[ -z $output && $stderr == *'/run/log: permission denied' ]]
}

@test "129 logs come, and one more is complained of" {
    local number
    for number in {100..228}; do line "$number" " $number" >"$run/$number.service"; done
    logs
    expect_status 0
    [ ${#lines[@]} -eq 129 ]
    [ "${lines[128]}" = '[  228.000000] 228: 228' ]
    line 229 ' 229' >"$run/229.service"
    logs
    expect_status 1
    [ ${#lines[@]} -eq 129 ]
    [[ $stderr == *"more than 129 logs"* ]]
}

# --- follow ---------------------------------------------------------------------------------

@test "follow shows what comes, in which log it may be, and sleeps in between" {
    local before
    line 1 ' a1' >"$run/a.service"
    line 2 ' a2' >>"$run/a.service"
    follow -n 1
    has_followed '[    2.000000] a: a2'
    load ../Support/namespace
    # shellcheck disable=SC2034 # what it reads
    pid=$follower
    expect_no_wakeup
    before=$(cat followed)
    line 3 ' a3' >>"$run/a.service"
    eventually has_followed "$before"$'\n[    3.000000] a: a3'
    # A service that has not been there.
    line 4 ' b4' >"$run/b.service"
    eventually has_followed "$before"$'\n[    3.000000] a: a3\n[    4.000000] b: b4'
    line 5 ' b5' >>"$run/b.service"
    eventually has_followed \
        "$before"$'\n[    3.000000] a: a3\n[    4.000000] b: b4\n[    5.000000] b: b5'
    kill -INT "$follower"
    expect_follower_end 130
}

@test "follow of some shows no others, and only what is asked for" {
    line 1 ' a1' >"$run/a.service"
    follow a -n 0 -p 4
    line 2 ' b' >"$run/b.service"
    {
        line 3 ' <3>a3'
        line 4 ' <7>a4'
        line 5 ' <4>a5'
    } >>"$run/a.service"
    eventually has_followed $'[    3.000000] a3\n[    5.000000] a5'
    kill "$follower"
    expect_follower_end 143
}

@test "while a log is followed its files may change places, and each line comes once" {
    local number
    line 1 ' 1' >"$run/a.service"
    follow a
    for number in {2..40}; do
        [ $((number % 4)) -ne 0 ] || rotate a.service
        line "$number" " $number" >>"$run/a.service"
        [ $((number % 3)) -ne 0 ] || eventually last_line "$number"
    done
    eventually last_line 40
    [ "$(sed 's/.* //' followed)" = "$(seq 40)" ]
}

last_line() { [[ $(tail -n 1 followed) == *" $1" ]]; }

@test "a follower that slept while two files were filled misses no line" {
    line 1 ' 1' >"$run/a.service"
    line 1 ' 0' >"$run/a.service.old"
    follow a
    kill -STOP "$follower"
    line 2 ' 2' >>"$run/a.service"
    rotate a.service
    line 3 ' 3' >>"$run/a.service"
    rotate a.service
    line 4 ' 4' >>"$run/a.service"
    kill -CONT "$follower"
    eventually last_line 4
    [ "$(sed 's/.* //' followed)" = "$(seq 0 4)" ]
}

@test "a followed file that is cut, or removed, begins anew" {
    line 1 ' 1' >"$run/a.service"
    line 2 ' 2' >>"$run/a.service"
    line 0 ' 0' >"$run/a.service.old"
    follow a
    : >"$run/a.service"
    line 3 ' 3' >>"$run/a.service"
    eventually last_line 3
    rm "$run/a.service"
    line 4 ' 4' >"$run/a.service"
    eventually last_line 4
    [ "$(sed 's/.* //' followed)" = "$(seq 0 4)" ]
}

@test "a followed line goes on when its end comes" {
    line 1 '+half' >"$run/a.service"
    follow a
    [ "$(cat followed)" = '[    1.000000] half' ]
    line 2 ' whole' >>"$run/a.service"
    eventually has_followed '[    1.000000] halfwhole'
    line 3 '+other ' >>"$run/a.service"
    eventually last_line 'other '
    printf '[    4.0000' >>"$run/a.service"
    printf '00] end\n' >>"$run/a.service"
    eventually has_followed $'[    1.000000] halfwhole\n[    3.000000] other end'
}

@test "a followed line that another one cuts in two says whose it is again" {
    line 1 '+half' >"$run/a.service"
    : >"$run/b.service"
    follow
    line 2 ' b' >>"$run/b.service"
    eventually has_followed $'[    1.000000] a: half\n[    2.000000] b: b'
    line 3 '+more ' >>"$run/a.service"
    line 4 ' end' >>"$run/a.service"
    eventually has_followed \
        $'[    1.000000] a: half\n[    2.000000] b: b\n[    3.000000] a: more end'
    kill "$follower"
    expect_follower_end 143
}

@test "follow ends when nobody reads any more, or the directory goes" {
    line 1 ' a' >"$run/a.service"
    # Nothing more comes: it is the pipe alone that ends it.
    timeout --signal=KILL 60 "$out/hammock" logs --root root --follow 3>&- | head -n 1 >first
    [ "${PIPESTATUS[0]}" -eq 0 ]
    [ "$(cat first)" = '[    1.000000] a: a' ]
    follow
    rm -r root/run
    expect_follower_end 1
    [[ $(cat complaints) == *'/run/log: no such file or directory' ]]
}

# --- the machine ----------------------------------------------------------------------------

# on_machine COMMAND: runs it in bash with a file for the kernel's log, and a /run/log of its own.
on_machine() {
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(--user --map-root-user)
    unshare "${as_root[@]}" --mount true 2>/dev/null || skip "this machine allows no namespace"
    [ -e /dev/kmsg ] || skip "this machine has no /dev/kmsg"
    printf '%s' "$kernel_record" >kmsg
    export out
    # shellcheck disable=SC2016 # the inner shell's
    run --separate-stderr unshare "${as_root[@]}" --mount bash -ec '
        mount --bind kmsg /dev/kmsg
        mount -t tmpfs tmpfs /run
        eval "$1"' bash "$1"
}

@test "the kernel's lines sort in, and come alone where no service has a log" {
    kernel_record=$'3,7,2000000,-;usb 1-1: failed\\x0aagain\n SUBSYSTEM=usb\n'
    # shellcheck disable=SC2016 # the inner shell's
    on_machine '
        "$out/hammock" logs --kernel
        mkdir /run/log
        printf "[    1.000000] a\n[    3.000000] b\n" >/run/log/a.service
        "$out/hammock" logs --kernel
        "$out/hammock" logs --kernel -p 3 -n 1 a --json
        "$out/hammock" logs'
    expect_lines \
        '[    2.000000] kernel: usb 1-1: failed' '[    2.000000] kernel: again' \
        '[    1.000000] a: a' \
        '[    2.000000] kernel: usb 1-1: failed' '[    2.000000] kernel: again' \
        '[    3.000000] a: b' \
        '{"time":2.000000,"unit":"kernel","priority":3,"text":"again"}' \
        '[    1.000000] a: a' '[    3.000000] a: b'
}

@test "the kernel's real log has all its lines, and the last of them" {
    head -c 0 /dev/kmsg 2>/dev/null || skip "this user may not read /dev/kmsg"
    dmesg >expected 2>/dev/null || skip "dmesg does not read the kernel's log here"
    [ -s expected ] || skip "the kernel's log is empty"
    "$out/hammock" logs --kernel --lines 20 a 2>/dev/null && return 1
    run --separate-stderr unshare_logs --kernel --lines 20
    # dmesg shows what came since, and before.
    grep -qF "${lines[0]/\] kernel: /] }" expected
    [ ${#lines[@]} -eq 20 ] || [ ${#lines[@]} -eq "$(wc -l <expected)" ]
}

# unshare_logs WORD...: hammock logs without services.
unshare_logs() {
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(--user --map-root-user)
    # shellcheck disable=SC2016 # the inner shell's
    unshare "${as_root[@]}" --mount bash -ec 'mount -t tmpfs tmpfs /run; exec "$0" logs "$@"' \
        "$out/hammock" "$@"
}
