# hammock check and plan, against directories of unit files.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh" --product hammock
}

setup() {
    load ../Support/helpers
    cd "$BATS_TEST_TMPDIR" || return
    units=root/etc/hammock
    mkdir -p "$units" root/bin
    touch root/bin/true
    good=$'[Service]\nExecStart=/bin/true\n'
    printf '%s' "$good" >"$units/good.service"
}

# check [OPTION]...: hammock check of the directory `root`.
check() { run "$out/hammock" check --root root "$@"; }

# check_without_override: root is bound by the modes of files, as all others are.
check_without_override() {
    if [ "$(id -u)" -ne 0 ]; then
        check
    else
        setpriv --bounding-set=-dac_override,-dac_read_search true 2>/dev/null \
            || skip "setpriv cannot take root's rights"
        run setpriv --bounding-set=-dac_override,-dac_read_search \
            "$out/hammock" check --root root
    fi
}

# expect_refused PLACE TEXT: wrong.service is refused for what is at PLACE; the good one runs.
expect_refused() {
    check
    expect_status 1
    expect_output "$1: wrong.service is refused: $2"
    expect_output "wrong.service is refused"$'\n'
    expect_output "good.service runs"
    expect_output "2 units. A shutdown takes 51 s at the most: good.service"
}

@test "a good unit runs, and its shutdown is told" {
    check
    expect_status 0
    [ "${lines[0]}" = "good.service runs; unlike under systemd, it has 10 s to stop, not 90" ]
    [ "${lines[1]}" = "1 unit. A shutdown takes 51 s at the most: good.service\
 (TimeoutStopSec=10, the default) is 15 of it." ]
    [ "${#lines[@]}" -eq 2 ]
}

@test "a line that is no assignment refuses its unit" {
    printf '%sword\n' "$good" >"$units/wrong.service"
    expect_refused "/etc/hammock/wrong.service:3" "this line has no '=': word"
}

@test "a value that cannot be read refuses its unit" {
    printf '%sRestart=sometimes\n' "$good" >"$units/wrong.service"
    expect_refused "/etc/hammock/wrong.service:3" "Restart= cannot be 'sometimes'"
}

@test "a directive that would change the meaning refuses its unit" {
    printf '%sDynamicUser=yes\n' "$good" >"$units/wrong.service"
    expect_refused "/etc/hammock/wrong.service:3" "DynamicUser= is not done"
}

@test "a user that is not there is not the planner's business" {
    printf '%sUser=nobody-has-this-name\n' "$good" >"$units/good.service"
    check
    expect_status 0
}

@test "a program that is not there is warned of, and strict refuses it" {
    printf '[Service]\nExecStart=/bin/lost\n' >"$units/lost.service"
    check
    expect_status 0
    expect_output "/etc/hammock/lost.service:2: lost.service is warned of:\
 ExecStart= runs a program that is not there: /bin/lost"
    expect_output "lost.service runs, with 1 warning"
    check --strict
    expect_status 1
    expect_output "lost.service is refused: ExecStart= runs a program that is not there"
}

@test "a cycle is named in full" {
    printf '[Unit]\nAfter=b.service\n%s' "$good" >"$units/a.service"
    printf '[Unit]\nAfter=c.service\n%s' "$good" >"$units/b.service"
    printf '[Unit]\nAfter=a.service\n%s' "$good" >"$units/c.service"
    check
    expect_status 1
    expect_output "/etc/hammock/b.service: b.service is refused: it comes after itself:\
 a.service after b.service after c.service after a.service"
    expect_output "good.service runs"
}

@test "a limit is told with its line" {
    { printf '%s' "$good"; printf 'ExecStartPre=/bin/true\n%.0s' {1..16}; } >"$units/wrong.service"
    expect_refused "/etc/hammock/wrong.service:2" "this is more than 16 commands of a unit"
}

@test "a file that is too large is refused" {
    { printf '%s' "$good"; head -c 40000 /dev/zero | tr '\0' '#'; } >"$units/wrong.service"
    expect_refused "/etc/hammock/wrong.service" "this is more than 32 KiB"
}

@test "an endless file is refused" {
    ln -s /dev/zero "$units/wrong.service"
    mkdir root/dev
    mknod root/dev/zero c 1 5 2>/dev/null || skip "only root can make a device"
    expect_refused "/dev/zero" "a device is in the place of the file"
}

@test "a file that is no text is refused" {
    printf '%sEnvironment=A=\xc3(\n' "$good" >"$units/wrong.service"
    expect_refused "/etc/hammock/wrong.service:3" "this line is no UTF-8 text"
}

@test "a directory in the place of a file is refused" {
    mkdir "$units/wrong.service"
    expect_refused "/etc/hammock/wrong.service" "a directory is in the place of the file"
}

@test "a named pipe in the place of a file is refused, and nobody waits for a writer" {
    mkfifo "$units/wrong.service"
    expect_refused "/etc/hammock/wrong.service" "a named pipe is in the place of the file"
}

@test "links in a circle are refused" {
    ln -s other "$units/wrong.service"
    ln -s wrong.service "$units/other"
    check
    expect_status 1
    expect_output "wrong.service is refused: the symbolic links lead in a circle"
    expect_output "good.service runs"
}

@test "a file without permission is refused" {
    printf '%s' "$good" >"$units/wrong.service"
    chmod 0 "$units/wrong.service"
    check_without_override
    expect_status 1
    expect_output "wrong.service is refused: the file cannot be read: permission denied"
    expect_output "good.service runs"
}

@test "a directory without permission is told of" {
    mkdir "$units/good.service.d"
    chmod 0 "$units/good.service.d"
    check_without_override
    expect_status 1
    expect_output "/etc/hammock/good.service.d: good.service is refused: the file cannot be read"
    chmod 0 "$units"
    check_without_override
    expect_status 1
    expect_output "/etc/hammock: refused: the file cannot be read: permission denied"
}

@test "neither links nor dots lead out of the root" {
    printf '%s' "$good" >"$BATS_TEST_TMPDIR/outside.service"
    ln -s ../../../../../../../../../../../../../outside.service "$units/wrong.service"
    ln -s "$BATS_TEST_TMPDIR/outside.service" "$units/worse.service"
    check
    expect_status 1
    expect_output "/outside.service: wrong.service is refused: the symbolic link leads nowhere"
    expect_output "worse.service is refused: the symbolic link leads nowhere"
    mkdir -p "root$BATS_TEST_TMPDIR"
    printf '%s' "$good" >"root$BATS_TEST_TMPDIR/outside.service"
    printf '%s' "$good" >root/outside.service
    check
    expect_status 0
}

@test "a target starts what is linked to it" {
    mkdir -p root/usr/lib/systemd/system root/etc/systemd/system/multi-user.target.wants
    printf '%sPrivateTmp=yes\nTimeoutStopSec=900\n' "$good" \
        >root/usr/lib/systemd/system/web.service
    ln -s /usr/lib/systemd/system/web.service root/etc/systemd/system/multi-user.target.wants/
    check --target multi-user.target
    expect_status 0
    expect_output "/usr/lib/systemd/system/web.service:3: web.service is warned of:\
 PrivateTmp= is not enforced"
    expect_output "2 units. A shutdown takes 941 s at the most: web.service (TimeoutStopSec=900,\
 /usr/lib/systemd/system/web.service:4) is 905 of it. With hammock.stop=30 it is 71 s."
    [[ $output != *good.service* ]]
    check --target lost.target
    expect_status 1
    expect_output "there is no file of this target"
}

@test "objects are JSON, one a line" {
    command -v python3 >/dev/null || skip "there is no python3"
    printf '%sUser="\t\\\nNonsense="\\x"\n' "$good" >"$units/wrong.service"
    check --json
    expect_status 1
    # shellcheck disable=SC2001 # a pattern
    python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert [r["runs"] for r in rows if "runs" in r] == [True, False], rows
assert rows[-1]["units"] == 2 and rows[-1]["shutdownSeconds"] == 51, rows
assert any(r.get("line") == 3 and r["problem"] == "refused" for r in rows), rows
' <<<"$output"
}

@test "a plan is written, whole or not at all" {
    run -0 "$out/hammock" plan --root root -o plan
    [ "$(head -c 7 plan)" = hammock ]
    [ "$(stat -c %a plan)" = 644 ]
    [ ! -e plan.partial ]
    cp plan first
    # The same files make the same bytes.
    run -0 "$out/hammock" plan --root root --output=plan
    cmp plan first
    printf 'word\n' >"$units/wrong.service"
    run "$out/hammock" plan --root root -o plan
    expect_status 1
    expect_output "no plan is written"
    cmp plan first
    rm "$units/wrong.service"
    mkdir taken
    run "$out/hammock" plan --root root -o taken
    expect_status 1
    expect_output "the plan cannot be written to taken"
    [ ! -e taken.partial ]
    run "$out/hammock" plan --root root -o lost/plan
    expect_status 1
}

@test "a plan goes into a device, a pipe or what a link names, and replaces none of them" {
    run -0 "$out/hammock" plan --root root -o plan
    mkfifo pipe
    cat pipe >from-pipe &
    run -0 "$out/hammock" plan --root root -o pipe
    wait $!
    cmp plan from-pipe
    [ -p pipe ]
    echo "something longer than a plan: $(seq 1000)" >named
    ln -s named link
    run -0 "$out/hammock" plan --root root -o link
    cmp plan named
    [ -L link ]
    run -1 "$out/hammock" plan --root root -o /dev/full
    expect_output "the plan cannot be written to /dev/full: error 28"
    [ -c /dev/full ]
    [ "$(id -u)" -eq 0 ] || skip "only root can make a device"
    mknod null c 1 3
    run -0 "$out/hammock" plan --root root -o null
    [ -c null ]
    [ ! -e null.partial ]
}

@test "a plan to standard output has the bytes of one in a file, and no word else" {
    printf '%sPrivateTmp=yes\n' "$good" >"$units/good.service"
    run -0 "$out/hammock" plan --root root -o file
    "$out/hammock" plan --root root -o - >stream 2>messages
    cmp file stream
    grep -q "good.service is warned of" messages
    [ ! -e ./-.partial ]
    [ -e /dev/full ] || skip "there is no /dev/full"
    run -1 bash -c "'$out/hammock' plan --root root -o - >/dev/full"
    expect_output "the plan cannot be written to standard output: error 28"
}

@test "a plan goes whole through a pipe that does not block and is not read at once" {
    command -v python3 >/dev/null || skip "there is no python3"
    local number
    # More than such a pipe takes.
    for number in {1..30}; do
        printf '%sEnvironment=A=%0400d\n' "$good" "$number" >"$units/unit-$number.service"
    done
    run -0 "$out/hammock" plan --root root -o file
    [ "$(stat -c %s file)" -gt 10000 ]
    python3 - "$out/hammock" >stream <<'EOF'
import fcntl, os, select, subprocess, sys

reading, writing = os.pipe()
fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
os.set_blocking(writing, False)
child = subprocess.Popen([sys.argv[1], "plan", "--root", "root", "-o", "-"], stdout=writing)
# Until the pipe is full: then nothing more goes in before something is read.
poll = select.poll()
poll.register(writing, select.POLLOUT)
while poll.poll(0) and child.poll() is None:
    pass
os.close(writing)
with os.fdopen(reading, "rb") as plan:
    sys.stdout.buffer.write(plan.read())
sys.exit(child.wait())
EOF
    cmp file stream
}

@test "a plan for a boot lacks what is refused and what needs it, and has the rest" {
    run -0 "$out/hammock" plan --root root -o without
    printf 'word\n' >"$units/wrong.service"
    printf '[Unit]\nRequires=wrong.service\n%s' "$good" >"$units/needs.service"
    "$out/hammock" plan --boot --root root -o - >stream 2>messages
    # Only the header says that there is more: how many problems.
    run cmp -l without stream
    [ "$output" = " 33   0   2" ]
    "$out/hammock" plan --partial --root root -o - 2>/dev/null | cmp - stream
    grep -q "wrong.service:1: wrong.service is refused" messages
    grep -q "needs.service is refused" messages
    run -1 "$out/hammock" plan --root root -o file
    # Even if nothing is left, that is a plan.
    rm "$units/good.service"
    "$out/hammock" plan --boot --root root -o - >stream
    [ "$(head -c 7 stream)" = hammock ]
    run -0 "$out/hammock" plan --boot --root root --target lost.target -o empty
    cmp --ignore-initial=64 stream empty
    [ -e /dev/full ] || skip "there is no /dev/full"
    run -0 bash -c "'$out/hammock' plan --boot --root root -o empty 2>/dev/full"
    run -1 bash -c "'$out/hammock' plan --boot --root root -o - >/dev/full"
}

@test "wrong use ends with 2, and names the word" {
    local words
    for words in "" "chec" "--root root" "check --rot x" "check word" "check --root" "plan" \
        "check -o x" "check --boot" "check --partial" "plan -o x --json" "check --target a.service" "check --target x@.target" \
        "check --strict=yes" "check --root="; do
        # shellcheck disable=SC2086 # words
        run "$out/hammock" $words
        expect_status 2
        expect_output "hammock: "
        expect_output "(see --help)"
    done
}

@test "help and version are printed, and fail where nothing can be written" {
    run -0 "$out/hammock" --help
    expect_output "Usage: hammock status"
    run -0 "$out/hammock" check --help
    expect_output "Usage: hammock status"
    run -0 "$out/hammock" --version
    [[ $output =~ ^Hammock\ [0-9.]+$ ]]
    [ -e /dev/full ] || skip "there is no /dev/full"
    run -1 bash -c "'$out/hammock' --help >/dev/full"
}
