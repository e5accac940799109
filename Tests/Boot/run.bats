# scripts/hammock run: a container image in a machine of its own.

setup_file() {
    load ../Support/helpers
    # What it builds is built before the first test takes the time.
    "$root/scripts/hammock" --help >/dev/null
    export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
    image=$BATS_FILE_TMPDIR/image
    export image
    make_image
}

# make_image: an image of two layers, with a user, an entrypoint, and a file that the second layer
# takes away.
make_image() {
    local below=$BATS_FILE_TMPDIR/below above=$BATS_FILE_TMPDIR/above name
    mkdir -p "$below"/{bin,etc,srv,data} "$above/etc"
    cp "$(command -v busybox)" "$below/bin/busybox"
    for name in cat env hostname httpd id ip ls nproc pwd sh sha256sum sleep stty tail true wget yes
    do
        ln -s busybox "$below/bin/$name"
    done
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'web:x:33:44:web:/srv:/bin/sh' \
        >"$below/etc/passwd"
    printf '%s\n' 'root:x:0:' 'web:x:44:' 'staff:x:50:web' >"$below/etc/group"
    echo below >"$below/etc/below"
    echo gone >"$below/etc/gone"
    : >"$above/etc/.wh.gone"
    echo above >"$above/etc/below"
    python3 "$root/Tests/Support/oci.py" "$image" latest '{
        "Entrypoint": ["/bin/sh", "-c", "echo entry: $0 $@"], "Cmd": ["a", "b"],
        "Env": ["COLOUR=red", "SIZE=1"], "WorkingDir": "/srv/deep", "User": "web",
        "StopSignal": "SIGUSR1"}' "$below" "$above"
}

setup() {
    load ../Support/helpers
    # A directory of its own, so that a test sees its own machines only. Short, for a socket.
    XDG_RUNTIME_DIR=$(mktemp -d /tmp/hammock.XXXXXX)
    export XDG_RUNTIME_DIR
}

teardown() {
    [ -z "${runner-}" ] || kill "$runner" 2>/dev/null || true
    rm -rf "$XDG_RUNTIME_DIR"
}

hammock() { "$root/scripts/hammock" "$@"; }

# program WORDS...: runs a program of the image's, as root, without its entrypoint.
program() { hammock run --user 0 --workdir / --entrypoint "$1" "$image" -- "${@:2}"; }

# start NAME OPTIONS... -- WORDS...: a machine in the background, once its program runs: it has
# written a line. Sets `runner`.
start() {
    local name=$1
    shift
    "$root/scripts/hammock" run --name "$name" "$@" >"$BATS_TEST_TMPDIR/$name" \
        2>&1 </dev/null 3>&- &
    runner=$!
    eventually test -s "$BATS_TEST_TMPDIR/$name"
}

# run_ends_with CODE: what `start` has begun ends with CODE.
run_ends_with() {
    local code=0
    wait "$runner" || code=$?
    runner=''
    [ "$code" -eq "$1" ]
}

machines() { hammock ps --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))'; }
no_machine() { [ "$(machines)" -eq 0 ] && ! pgrep -f "port,path=$XDG_RUNTIME_DIR" >/dev/null; }

# is_full DESCRIPTOR: whether a pipe takes no more.
# shellcheck disable=SC2317 # `eventually` calls it
is_full() {
    python3 -c 'if True:
        import select, sys
        sys.exit(bool(select.select([], [int(sys.argv[1])], [], 0)[1]))' "$1"
}

@test "hammock run does what the image says: entrypoint, command, variables, directory and user" {
    run --separate-stderr hammock run "$image"
    expect_status 0
    [ "$output" = "entry: a b" ]
    run --separate-stderr hammock run "$image" -- c "d e"
    [ "$output" = "entry: c d e" ]
    run --separate-stderr hammock run --entrypoint sh "$image" -- -c 'id; pwd; env; cat /etc/below; ls /etc'
    expect_status 0
    expect_output "uid=33(web) gid=44(web) groups=44(web),50(staff)"
    expect_output /srv/deep
    expect_output COLOUR=red
    expect_output HOME=/srv
    expect_output above
    [[ $output != *gone* ]]
}

@test "options of hammock run come before what the image says" {
    export HERE=there
    run --separate-stderr hammock run -e COLOUR=blue -e HERE -w /data -u 1000:7 --name box-1 \
        --entrypoint sh "$image" -- -c 'id; pwd; echo $COLOUR $SIZE $HERE; hostname'
    expect_status 0
    [ "$output" = "uid=1000 gid=7 groups=7
/data
blue 1 there
box-1" ]
}

@test "the program's input and output are byte for byte those of hammock run" {
    head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
    program cat <"$BATS_TEST_TMPDIR/bytes" >"$BATS_TEST_TMPDIR/copy"
    cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/copy"
    run --separate-stderr program sh -c 'cat | sha256sum; echo problem >&2' \
        <"$BATS_TEST_TMPDIR/bytes"
    [ "$output" = "$(sha256sum <"$BATS_TEST_TMPDIR/bytes")" ]
    [ "$stderr" = problem ]
}

@test "a program whose reader has gone ends" {
    run bash -c '"$@" | head -n 2' _ timeout 60 "$root/scripts/hammock" run --entrypoint yes "$image"
    expect_status 0
    [ "${lines[*]}" = "y y" ]
}

@test "hammock run ends with the program's code" {
    local code
    for code in 0 1 125 255; do
        run program sh -c "exit $code"
        expect_status "$code"
    done
    run program sh -c 'kill -9 $$'
    expect_status 137
    run -127 program /nothing
    expect_output "/nothing: there is no such program in the image"
    run program /etc/passwd
    expect_status 126
    expect_output "/etc/passwd: cannot be executed"
}

@test "what the program leaves behind does not keep the machine" {
    run --separate-stderr program sh -c 'sleep 1000 & echo done'
    expect_status 0
    [ "$output" = "done" ]
}

@test "what a machine writes to its image is gone with it" {
    run program sh -c 'echo x >/etc/below && cat /etc/below'
    [ "$output" = x ]
    run program cat /etc/below
    [ "$output" = above ]
    run hammock run --read-only -u 0 --entrypoint sh "$image" -- -c 'echo x >/etc/below'
    expect_status 1
    expect_output "Read-only file system"
}

@test "a machine sees a directory and a file of the host's, and writes where it may" {
    mkdir "$BATS_TEST_TMPDIR/shared"
    echo hello >"$BATS_TEST_TMPDIR/shared/file"
    run hammock run -u 0 -v "$BATS_TEST_TMPDIR/shared:/data/deep" \
        -v "$BATS_TEST_TMPDIR/shared/file:/etc/one:ro" --entrypoint sh "$image" -- -c '
        cat /data/deep/file /etc/one && echo new >/data/deep/made && ! echo no >/etc/one'
    expect_status 0
    [ "$(cat "$BATS_TEST_TMPDIR/shared/made")" = new ]
    [ "$(cat "$BATS_TEST_TMPDIR/shared/file")" = hello ]
    run hammock run -u 0 -v "$BATS_TEST_TMPDIR/shared:/data:ro" --entrypoint sh "$image" \
        -- -c 'echo no >/data/no'
    expect_status 1
    [ ! -e "$BATS_TEST_TMPDIR/shared/no" ]
}

@test "a machine reaches the host, and the host a port that is published" {
    local port=$((20000 + $$ % 20000))
    start web -p "$port:80" -u 0 --entrypoint sh "$image" -- \
        -c 'echo begin; exec httpd -f -h /etc'
    eventually curl -sf "http://127.0.0.1:$port/below" -o "$BATS_TEST_TMPDIR/page"
    [ "$(cat "$BATS_TEST_TMPDIR/page")" = above ]
    run program wget -qO- "http://10.0.2.2:$port/below"
    [ "$output" = above ]
    # The port is taken now.
    run hammock run -p "$port:80" "$image"
    expect_status 125
    expect_output "127.0.0.1:$port cannot be published: is the port in use?"
    run hammock run --net none --entrypoint ip "$image" -- link
    [[ $output != *eth0* ]]
}

@test "exec runs one more process in a machine, with streams and a code of its own" {
    start box --entrypoint sh "$image" -- -c 'echo begin; exec sleep 1000'
    run --separate-stderr hammock exec box -- sh -c 'cat; hostname; id -u; pwd; exit 7' <<<input
    expect_status 7
    [ "$output" = "input
box
33
/srv/deep" ]
    run hammock exec -u root -w /etc -e A=b box sh -c 'id -u; pwd; echo $A $HOME'
    [ "$output" = "0
/etc
b /root" ]
    run hammock exec -u nobody-here box true
    expect_status 125
    expect_output nobody-here
    run -127 hammock exec box nothing
    run hammock exec none true
    expect_status 125
    expect_output "no machine with the name none runs"
}

@test "with --machine the hammock in an image answers, and without one the complaint says so" {
    local with=$BATS_TEST_TMPDIR/with
    "$root/scripts/build-init.sh" --product hammock
    mkdir -p "$with"/{bin,sbin,etc/hammock}
    cp "$(command -v busybox)" "$with/bin/busybox"
    cp "$out/hammock" "$with/sbin/hammock"
    printf '[Service]\nExecStart=/bin/busybox true\n' >"$with/etc/hammock/web.service"
    start box "$with" -- /bin/busybox sh -c 'echo up; exec /bin/busybox sleep 600'
    run hammock --machine box check
    expect_status 0
    expect_output "web.service runs"
    # Init runs no services there, and this is the machine's own hammock that says so.
    run hammock --machine box stop web
    expect_status 3
    [[ $output == "hammock: no init answers at /run/hammock/control"* ]]
    run hammock --machine box nothing
    expect_status 2
    hammock stop box
    run_ends_with 143

    start bare --entrypoint sh --user 0 "$image" -- -c 'echo up; exec sleep 600'
    run hammock --machine bare status
    expect_status 3
    [ "$output" = "hammock: the machine bare has no hammock in its image, which would answer" ]
    hammock stop bare
    run_ends_with 138
}

@test "ps lists the machines, logs shows the console, and stop sends the image's signal" {
    no_machine
    start box --entrypoint sh "$image" -- -c \
        'trap "exit 3" USR1; echo begin; while :; do sleep 1; done'
    run hammock ps
    expect_output "box "
    [ "$(hammock ps --quiet)" = box ]
    [ "$(machines)" -eq 1 ]
    run hammock run --name box "$image"
    expect_status 125
    expect_output "a machine with the name box runs already"
    run hammock logs box
    expect_status 0
    run hammock stop box
    expect_status 0
    run_ends_with 3
    no_machine
}

@test "a program that ignores the signal to stop is killed" {
    start box --entrypoint sh "$image" -- -c \
        'trap "" USR1; echo begin; while :; do sleep 1; done'
    run hammock stop --time 1 box
    expect_status 0
    run_ends_with 137
    no_machine
}

@test "a signal to hammock run goes to the program" {
    start box --entrypoint sh "$image" -- -c \
        'trap "exit 5" TERM; echo begin; while :; do sleep 1; done'
    kill -TERM "$runner"
    run_ends_with 5
}

@test "a machine ends with the hammock run that made it, however that ends" {
    start box --entrypoint sh "$image" -- -c 'echo begin; exec sleep 1000'
    pgrep -f "path=$XDG_RUNTIME_DIR/hammock/box/port" >/dev/null
    kill -KILL "$runner"
    runner=''
    eventually no_machine
    [ ! -e "$XDG_RUNTIME_DIR/hammock/box" ]
}

@test "a machine whose time is up ends with 124, and a kernel that panics with 123" {
    run hammock run --timeout 9223372036854775807 --entrypoint pwd "$image"
    expect_status 0
    run hammock run --timeout 3 --entrypoint sleep "$image" -- 1000
    expect_status 124
    expect_output "the program did not end within 3 s"
    run program sh -c 'echo c >/proc/sysrq-trigger'
    expect_status 123
    expect_output "the guest's kernel panicked: sysrq triggered crash"
    no_machine
}

@test "with -t the program has a terminal with the size of this one, and Ctrl-C" {
    run expect -c '
        set timeout 60
        set stty_init "rows 33 columns 111"
        spawn -noecho '"$root"'/scripts/hammock run -t --entrypoint sh '"$image"'
        expect_before timeout { exec kill -KILL [exp_pid]; exit 99 }
        expect "$ "
        # An interactive shell may miss the key while it makes the process that gets it.
        send "stty size; sh -c \"echo go; exec sleep 1000\"\r"
        expect "33 111"
        expect "\ngo"
        send "\003"
        expect "$ "
        send "exit 6\r"
        expect eof
        exit [lindex [wait] 3]'
    expect_status 6
}

@test "hammock run works without standard streams" {
    run -7 bash -c '"$@" <&- >&- 2>&-' _ timeout -s KILL 60 "$root/scripts/hammock" run \
        --entrypoint sh "$image" -- -c 'cat; echo out; echo err >&2; exit 7'
    run bash -c '"$@" 2>&1 >&-' _ timeout -s KILL 60 "$root/scripts/hammock" run \
        --entrypoint sh "$image" -- -c 'echo out; echo err >&2'
    expect_status 0
    [ "$output" = err ]
}

@test "what is not UTF-8 is refused, and not changed" {
    run hammock run --entrypoint sh "$image" -- -c $'echo a\xffb'
    expect_status 2
    expect_output "is not UTF-8"
    WORD=$'a\xffb' run hammock run -e WORD "$image"
    expect_status 2
    expect_output "--env WORD: its value here is not UTF-8"
    WORD='' run --separate-stderr hammock run -e WORD --entrypoint sh "$image" -- \
        -c 'echo ${WORD-unset}'
    expect_status 0
    [ "$output" = "" ]
}

@test "output that cannot be written is a failure, whatever the program ended with" {
    run bash -c '"$@" >/dev/full' _ "$root/scripts/hammock" run --entrypoint true "$image"
    expect_status 0
    run bash -c '"$@" >/dev/full' _ "$root/scripts/hammock" run --entrypoint sh "$image" -- \
        -c 'echo out; exit 0'
    expect_status 125
    expect_output "cannot write what the program writes: No space left on device"
    start box --entrypoint sh "$image" -- -c 'echo begin; exec sleep 1000'
    run bash -c '"$@" >/dev/full' _ "$root/scripts/hammock" exec box -- pwd
    expect_status 125
    expect_output "No space left on device"
}

@test "a pipe that nobody reads does not keep a machine over its time" {
    # Both outputs are the pipe, and in the end it has room for a piece of one of them.
    mkfifo "$BATS_TEST_TMPDIR/unread"
    exec 5<>"$BATS_TEST_TMPDIR/unread"
    printf x >&5
    "$out/hammock-host" run --timeout 6 --kernel "$out/kernel/vmlinux" \
        --initramfs "$out/run.cpio" --entrypoint sh "$image" -- -c 'yes >&2 & yes' >&5 2>&5 3>&- &
    runner=$!
    eventually is_full 5
    [ "$(machines)" -eq 1 ]
    eventually no_machine
    # It has still to say why it ended, where nobody reads. A signal ends that.
    kill -TERM "$runner"
    run_ends_with 143
    exec 5>&-
}

@test "hammock exec that is killed while nobody reads its output leaves its place to others" {
    start box --entrypoint sh "$image" -- -c 'echo begin; exec sleep 1000'
    mkfifo "$BATS_TEST_TMPDIR/unread"
    # 15 processes have places beside the program.
    for _ in {1..16}; do
        exec 5<>"$BATS_TEST_TMPDIR/unread"
        "$out/hammock-host" exec box -- yes >&5 2>/dev/null 3>&- &
        eventually is_full 5
        kill -KILL $!
        wait $! || true
        exec 5>&-
    done
    run hammock exec box -- pwd
    expect_status 0
}

# test_any PREFIX: whether something has a name that begins like this.
test_any() { compgen -G "$1*" >/dev/null; }

# is_full DESCRIPTOR: whether a pipe takes no more.
# shellcheck disable=SC2317 # `eventually` calls it
is_full() {
    python3 -c 'if True:
        import select, sys
        sys.exit(bool(select.select([], [int(sys.argv[1])], [], 0)[1]))' "$1"
}

@test "a visitor that speaks another language does not end a machine" {
    start box --entrypoint sh "$image" -- -c 'echo begin; exec sleep 1000'
    python3 - "$XDG_RUNTIME_DIR/hammock/box/socket" <<'EOF'
import socket, sys
visitor = socket.socket(socket.AF_UNIX)
visitor.connect(sys.argv[1])
visitor.sendall(b"GET / HTTP/1.0\r\n\r\n")
assert visitor.recv(1) == b""
EOF
    run hammock exec box -- pwd
    expect_status 0
}

@test "a terminal has its modes again after hammock exec was refused" {
    start box --entrypoint sh "$image" -- -c 'echo begin; exec sleep 1000'
    run expect -c '
        set timeout 60
        spawn -noecho bash -c {"$0" exec -t box -- echo $(yes 1234567 | head -n 9000); stty} \
            '"$root"'/scripts/hammock
        expect eof'
    expect_output "a machine takes 65536"
    [[ $output != *-icanon* ]]
}

@test "a directory for machines may have any name, and has to be one to write to" {
    mkdir "$XDG_RUNTIME_DIR/a, b"
    XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR/a, b" run hammock run --entrypoint pwd "$image"
    expect_status 0
    XDG_RUNTIME_DIR=/proc/self run hammock run --entrypoint pwd "$image"
    expect_status 125
    expect_output "cannot make /proc/self/hammock"
    expect_output "set XDG_RUNTIME_DIR"
}

@test "hammock run says what is wrong with its words, and ends with 2" {
    local words
    for words in "--cpus 0 x" "--memory 5q x" "--volume /x x" "--publish a:b x" "--net x x" \
        "--name A x" "--frobnicate x" "" "--net none -p 1:2 x" \
        "-v /:/a -v /:/a/ $image" "--volume /nowhere:/x $image"; do
        # shellcheck disable=SC2086 # words
        run hammock run $words
        expect_status 2
        [ -n "$output" ]
    done
}

@test "an image that cannot be run is refused with a reason" {
    run hammock run -u nobody-here "$image"
    expect_status 125
    expect_output nobody-here
    python3 "$root/Tests/Support/oci.py" "$BATS_TEST_TMPDIR/arm" latest \
        '{"architecture": "arm64", "Cmd": ["/bin/true"]}' "$BATS_FILE_TMPDIR/above"
    run hammock run "$BATS_TEST_TMPDIR/arm"
    expect_status 125
    expect_output arm64
    python3 "$root/Tests/Support/oci.py" "$BATS_TEST_TMPDIR/mute" latest '{}' \
        "$BATS_FILE_TMPDIR/above"
    run hammock run "$BATS_TEST_TMPDIR/mute"
    expect_status 125
    expect_output "the image names no program"
    echo text >"$BATS_TEST_TMPDIR/text"
    run hammock run "$BATS_TEST_TMPDIR/text"
    expect_status 125
    expect_output "text is no tar archive"
    run hammock run "$BATS_TEST_TMPDIR/nowhere"
    [ "$status" -eq 125 ] || [ "$status" -eq 2 ]
    expect_output nowhere
}

@test "a directory and a tar of a root file system are images, too" {
    run --separate-stderr hammock run "$BATS_FILE_TMPDIR/below" -- /bin/cat /etc/gone
    expect_status 0
    [ "$output" = gone ]
    tar -C "$BATS_FILE_TMPDIR/below" -czf "$BATS_TEST_TMPDIR/root.tar.gz" .
    run --separate-stderr hammock run "$BATS_TEST_TMPDIR/root.tar.gz" -- /bin/cat /etc/gone
    [ "$output" = gone ]
}

@test "nothing is left of a directory that a machine was made of, even after kill -9" {
    local tree=$BATS_TEST_TMPDIR/many
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir "$TMPDIR"
    cp -a "$BATS_FILE_TMPDIR/below" "$tree"
    start box "$tree" -- /bin/sh -c 'echo begin; exec /bin/sleep 1000'
    [ -z "$(ls "$TMPDIR")" ]
    kill -KILL "$runner"
    runner=''
    eventually no_machine
    # One that is killed while it packs leaves something to the next one.
    mkdir "$tree/more"
    (cd "$tree/more" && seq 20000 | xargs touch)
    "$root/scripts/hammock" run "$tree" -- /bin/true </dev/null 3>&- &
    eventually bash -c 'compgen -G "$1/hammock-image-*" >/dev/null' _ "$TMPDIR"
    kill -KILL $!
    wait $! || true
    run hammock run "$BATS_FILE_TMPDIR/below" -- /bin/true
    expect_status 0
    [ -z "$(ls "$TMPDIR")" ]
    TMPDIR=/nowhere run hammock run "$BATS_FILE_TMPDIR/below" -- /bin/true
    expect_status 125
    expect_output "cannot make a directory in /nowhere"
}

@test "hammock doctor says what this host has" {
    run hammock doctor
    expect_status 0
    expect_output "ok       qemu-system-x86_64: "
    expect_output "ok       kernel: "
    PATH=/usr/sbin:/sbin run "$out/hammock-host" doctor
    expect_status 3
    expect_output "apt-get install qemu-system-x86"
}
