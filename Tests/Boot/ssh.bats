# scripts/boot.sh --ssh: a machine to log in to, and OpenSSH's own clients.

setup_file() {
    load ../Support/helpers
    load ../Support/ssh
    start_shared_machine
    export config=$out/ssh/$port/config
}

teardown_file() {
    load ../Support/helpers
    load ../Support/ssh
    stop_shared_machine
}

setup() {
    load ../Support/helpers
    load ../Support/ssh
    started=() # processes that a test ends
}

teardown() {
    local process
    for process in "${started[@]}"; do stop_machine "$process"; done
}

# start_another LOG OPTIONS...: another machine, for one test. Sets `port`.
start_another() {
    start_machine "$BATS_TEST_TMPDIR/console" --key "$key.pub" "$@"
    started+=("$boot")
}

# free_port: prints a port of 127.0.0.1 that nobody has.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_by_hand WORDS OPTIONS...: the same image, with more words for the kernel and more options for
# qemu, as boot.sh has none for this. No one hands keys to it. What the machine's first serial line
# says goes to $BATS_TEST_TMPDIR/console, and what it reads comes from the descriptor `to_console`.
start_by_hand() {
    local words=$1 line
    shift
    "$root/scripts/build-image.sh" --list "$root/toolchain/image/ssh.list"
    line=$("$root/scripts/boot.sh" --accel tcg --list "$root/toolchain/image/ssh.list" \
        --append "hammock.services $words" --dry-run)
    eval "qemu=($line)"
    mkfifo "$BATS_TEST_TMPDIR/input"
    exec {to_console}<>"$BATS_TEST_TMPDIR/input"
    timeout -s KILL 300 "${qemu[@]}" "$@" <&"$to_console" >"$BATS_TEST_TMPDIR/console" 2>&1 3>&- &
    started+=($!)
}

# says FILE TEXT: whether a console has shown this.
says() { grep -qF -e "$2" "$1"; }

fetches() { [ "$(curl -sf --max-time 5 "$1")" = "$2" ]; }

# --- logging in -----------------------------------------------------------------------------

@test "ssh logs in without a question, and ends with the command's code" {
    run guest -o BatchMode=yes 'echo "$USER in $PWD"; exit 7'
    expect_status 7
    [ "$output" = "root in /root" ]
    run grep -c 'Are you sure' "$BATS_FILE_TMPDIR/console"
    [ "$output" = 0 ]
}

@test "scripts/ssh.sh finds the machine that runs, and hands over all words" {
    run "$root/scripts/ssh.sh" --port "$port" echo one two
    expect_status 0
    [ "$output" = "one two" ]
    run "$root/scripts/ssh.sh" --list
    expect_output "$port"
    run "$root/scripts/ssh.sh" --port 1 true
    expect_status 2
    expect_output "no machine runs with port 1"
}

@test "standard input reaches the command, and output comes back byte for byte" {
    head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
    guest cat <"$BATS_TEST_TMPDIR/bytes" >"$BATS_TEST_TMPDIR/back"
    cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/back"
}

@test "no other key logs in, and no password" {
    make_key "$BATS_TEST_TMPDIR/other"
    run with_key "$BATS_TEST_TMPDIR/other" -v true
    expect_status 255
    expect_output "Permission denied (publickey)"
    expect_output "Authentications that can continue: publickey"
}

@test "a key of each kind that OpenSSH makes logs in" {
    local kinds=(ed25519 "rsa -b 3072" "ecdsa -b 256" "ecdsa -b 384" "ecdsa -b 521") kind keys=()
    for kind in "${!kinds[@]}"; do
        # shellcheck disable=SC2086 # a kind and its length
        make_key "$BATS_TEST_TMPDIR/$kind" -t ${kinds[kind]}
        keys+=(--key "$BATS_TEST_TMPDIR/$kind.pub")
    done
    start_machine "$BATS_TEST_TMPDIR/console" "${keys[@]}"
    started+=("$boot")
    for kind in "${!kinds[@]}"; do
        run with_key "$BATS_TEST_TMPDIR/$kind" 'echo in'
        [ "$output" = in ] || { echo "${kinds[kind]}: $output"; return 1; }
    done
}

@test "ten log in at once" {
    local number processes=()
    for number in {1..10}; do
        guest echo "in $number" >"$BATS_TEST_TMPDIR/$number" 2>&1 &
        processes+=($!)
    done
    wait "${processes[@]}"
    for number in {1..10}; do [ "$(cat "$BATS_TEST_TMPDIR/$number")" = "in $number" ]; done
}

@test "a terminal has the size of the client's, and follows it" {
    cat >"$BATS_TEST_TMPDIR/session" <<'END'
set timeout 30
set stty_init {rows 33 columns 77}
spawn -noecho ssh -F [lindex $argv 0] hammock
proc see {text} { expect $text {} timeout { puts "never seen: $text"; exit 99 } }
see {# }
send "stty size; tty\r"
see {33 77}
see /dev/pts/
see {# }
stty rows 44 columns 88 < $spawn_out(slave,name)
# One job, which says that it runs.
send "sh -c 'echo run\"\"ning; sleep 1000'\r"
see running
send "\032"
see Stopped
see {# }
# A shell with stopped jobs does not end.
send "kill -9 %1; wait; stty size\r"
see {44 88}
see {# }
send "exit 5\r"
expect eof
exit [lindex [wait] 3]
END
    run timeout -s KILL 100 expect -f "$BATS_TEST_TMPDIR/session" "$config"
    expect_status 5
}

# --- files and ports ------------------------------------------------------------------------

@test "scp and sftp copy both ways" {
    head -c 200000 /dev/urandom >"$BATS_TEST_TMPDIR/there"
    scp -q -F "$config" "$BATS_TEST_TMPDIR/there" hammock:/tmp/by-sftp
    scp -q -O -F "$config" "$BATS_TEST_TMPDIR/there" hammock:/tmp/by-scp
    printf 'get /tmp/by-sftp %s\nget /tmp/by-scp %s\n' "$BATS_TEST_TMPDIR/one" \
        "$BATS_TEST_TMPDIR/two" | sftp -q -b - -F "$config" hammock
    cmp "$BATS_TEST_TMPDIR/there" "$BATS_TEST_TMPDIR/one"
    cmp "$BATS_TEST_TMPDIR/there" "$BATS_TEST_TMPDIR/two"
}

@test "ports are forwarded both ways" {
    local local_port remote=2000
    local_port=$(free_port)
    guest 'mkdir -p /tmp/www && echo from the guest >/tmp/www/page && httpd -p 127.0.0.1:8000 -h /tmp/www'
    mkdir "$BATS_TEST_TMPDIR/www"
    echo from the host >"$BATS_TEST_TMPDIR/www/page"
    python3 -u -m http.server --bind 127.0.0.1 --directory "$BATS_TEST_TMPDIR/www" 0 \
        >"$BATS_TEST_TMPDIR/server" 2>&1 3>&- &
    started+=($!)
    eventually grep -q 'port [0-9]' "$BATS_TEST_TMPDIR/server"
    remote=$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/server")
    guest -o ExitOnForwardFailure=yes -L "$local_port:127.0.0.1:8000" -R "2000:127.0.0.1:$remote" \
        'sleep 1000' 3>&- &
    started+=($!)
    eventually fetches "http://127.0.0.1:$local_port/page" "from the guest"
    run guest wget -q -O - http://127.0.0.1:2000/page
    [ "$output" = "from the host" ]
}

@test "a client outside reaches a server in the machine by a published port, and by no other" {
    local outside
    outside=$(free_port)
    start_another --publish "$outside:8080"
    guest 'mkdir /tmp/w && echo published >/tmp/w/page && httpd -p 8080 -h /tmp/w && httpd -p 8081 -h /tmp/w'
    eventually fetches "http://127.0.0.1:$outside/page" published
    run curl -s --max-time 2 "http://127.0.0.1:8081/page"
    [ "$status" -ne 0 ]
}

@test "the machine has an address of each kind, a route and a name server" {
    # The one of IPv6 comes with the router's word, after the other.
    eventually guest 'ip -6 addr show dev eth0 | grep -q "inet6 fec0:"'
    run guest 'ip -4 addr show dev eth0; ip route; cat /etc/resolv.conf'
    expect_output "inet 10.0.2.15/24"
    expect_output "default via 10.0.2.2"
    expect_output "nameserver 10.0.2.3"
    [ "$(guest hostname)" = hammock ]
}

@test "without the kernel's help the machine asks for an address itself" {
    # The last word counts.
    start_another --append ip=off
    run guest 'hammock status network; hammock logs network; ip -4 addr show dev eth0'
    expect_output "lease of 10.0.2.15 obtained"
    expect_output "inet 10.0.2.15/24"
}

@test "where no DHCP server answers, the machine takes an address of its own and goes on" {
    local console=$BATS_TEST_TMPDIR/console
    # A network with nobody else in it.
    start_by_hand ip=off -netdev hubport,id=alone,hubid=0 -device virtio-net-device,netdev=alone
    eventually says "$console" 'root@hammock:~#'
    # Its words in two parts, so that their echo is not taken for the answer.
    printf '%s\n' 'until hammock status network | grep " up "; do usleep 20000; done' \
        'hammock logs network; ip -4 addr show dev eth0; ip route; cat /etc/resolv.conf; echo en""ded' \
        >&"$to_console"
    eventually says "$console" ended
    says "$console" "no DHCP server answers; taking 10.0.2.15"
    says "$console" "inet 10.0.2.15/24"
    says "$console" "default via 10.0.2.2"
    says "$console" "nameserver 10.0.2.3"
    printf 'poweroff\n' >&"$to_console"
    wait "${started[-1]}"
}

# --- the machine ----------------------------------------------------------------------------

@test "two machines run at once, each by its own port" {
    local first=$port
    start_another
    [ "$port" != "$first" ]
    guest touch /tmp/only-here
    port=$first run guest ls /tmp/only-here
    expect_status 1
    run "$root/scripts/ssh.sh" true
    expect_status 2
    expect_output "more than one machine runs"
}

@test "hammock ssh finds a machine by its name and by its port, and hands over all words" {
    local first=$port
    start_another --name "box-$$"
    run "$root/scripts/hammock" ssh "box-$$" echo one two
    expect_status 0
    [ "$output" = "one two" ]
    run "$root/scripts/hammock" ssh "$port" -- 'echo "$USER"; exit 7'
    expect_status 7
    [ "$output" = root ]
    run "$root/scripts/hammock" ssh --list
    expect_output "$port box-$$"
    expect_output "$first"
    # The name is taken as long as the machine runs.
    run "$root/scripts/boot.sh" --ssh --key "$key.pub" --name "box-$$" -- true
    expect_status 3
    expect_output "--name: a machine with the name box-$$ runs already"
    stop_machine "$boot"
    run "$root/scripts/hammock" ssh "box-$$" true
    expect_status 2
    expect_output "no machine to log in to has the name or the port box-$$ (there are: "
    run "$root/scripts/hammock" ssh --from "$BATS_TEST_TMPDIR" "$first" true
    expect_status 2
    expect_output "scripts/boot.sh --ssh --name NAME boots one"
}

@test "the server comes back when it is killed, and a session goes on" {
    guest 'echo begun; until [ -e /tmp/go-on ]; do usleep 20000; done; echo went on' \
        >"$BATS_TEST_TMPDIR/session" 3>&- &
    local session=$!
    eventually grep -q begun "$BATS_TEST_TMPDIR/session"
    guest 'kill -9 "$(cat /run/ssh/pid)"; rm -f /run/ssh/pid'
    eventually guest -o ConnectTimeout=2 touch /tmp/go-on
    wait "$session"
    grep -q 'went on' "$BATS_TEST_TMPDIR/session"
    run guest hammock status ssh
    expect_output " up "
}

@test "what a guest may not write seems to be writable, and no other machine sees it" {
    guest 'echo mine >/etc/mine && echo mine >/root/mine && mkdir /home/me /var/log'
    [ "$(guest cat /etc/mine)" = mine ]
    run guest 'touch /bin/mine'
    expect_output "Read-only file system"
    [ "$(guest stat -c %a /root)" = 700 ]
    start_another
    run guest cat /etc/mine
    expect_status 1
}

@test "poweroff in the machine ends it, and leaves nothing behind" {
    start_another
    local place=$out/ssh/$port
    guest poweroff || true
    wait "$boot"
    [ ! -e "$place" ]
    ! pgrep -f "hostfwd=tcp:127.0.0.1:$port-" || false
}

@test "one command ends with its own code, and the machine powers off" {
    one_login --key "$key.pub" -- 'echo out; echo err >&2; exit 3'
    expect_status 3
    [ "$output" = out ]
    [[ $stderr == *err* ]]
}

@test "more words than one are a program and its words" {
    one_login --key "$key.pub" -- printf '<%s>' 'a  b' "c'd" '$HOME' '*'
    expect_status 0
    [ "$output" = "<a  b><c'd><\$HOME><*>" ]
}

@test "someone else's list brings a package and a service of their own" {
    local checkout=$BATS_TEST_TMPDIR/checkout block
    mkdir "$checkout" "$checkout/out" "$checkout/units"
    cp -R "$root"/{scripts,toolchain,Package.swift,Sources,Tests} "$checkout/"
    cp -R "$out"/{sdks,init*,hammock*,kernel,packages} "$checkout/out/"
    # README's own words, but for the boot at their end.
    block=$(sed -n '/^\*\*Your own package\.\*\*/,/^    scripts.boot.sh --ssh --list/p' "$root/README.md" \
        | sed -n '$d; s/^    //p')
    (cd "$checkout" && eval "$block")
    run --separate-stderr "$checkout/scripts/boot.sh" --ssh --timeout 120 --key "$key.pub" \
        --list "$checkout/clock.list" -- 'hammock status clock; until [ -s /run/clock ]; do usleep 20000; done; cat /run/clock'
    expect_status 0
    expect_output "up since"
    expect_output UTC
}

@test "the login is on the console that the kernel's last console= names" {
    local first=$BATS_TEST_TMPDIR/console second=$BATS_TEST_TMPDIR/hvc
    mkfifo "$second.in" "$second.out"
    cat "$second.out" >"$second" 3>&- &
    started+=($!)
    start_by_hand console=hvc0 -chardev "pipe,id=hvc,path=$second" -device virtio-serial-device \
        -device virtconsole,chardev=hvc
    # A shell, as who has started the machine needs no password.
    eventually says "$second" 'root@hammock:~#'
    echo 'tty; echo "$TERM"; echo en""ded' >"$second.in"
    eventually says "$second" ended
    says "$second" /dev/hvc0
    says "$second" linux
    # The kernel writes to both, but there is one login.
    run ! says "$first" 'root@hammock:~#'
    echo poweroff >"$second.in"
    wait "${started[-1]}"
}

# --- the state disk -------------------------------------------------------------------------

@test "a state disk keeps directories and the server's key" {
    local disk=$BATS_TEST_TMPDIR/disk known
    start_another --state "$disk"
    known=$(cat "$out/ssh/$port/known_hosts")
    guest 'echo kept >/root/f; echo kept >/var/f; echo gone >/etc/f; passwd -S root >/dev/null 2>&1; sync; poweroff' || true
    wait "$boot" || true
    e2fsck -fn "$disk"
    start_another --state "$disk"
    [ "$known" = "$(cat "$out/ssh/$port/known_hosts")" ]
    run guest 'cat /root/f /var/f; ls /etc/f'
    [ "${lines[0]} ${lines[1]}" = "kept kept" ]
    expect_output "/etc/f: No such file"
}

@test "a state disk keeps root's own keys, and none that another boot was handed" {
    local disk=$BATS_TEST_TMPDIR/disk name
    for name in own handed; do make_key "$BATS_TEST_TMPDIR/$name"; done
    start_another --state "$disk" --key "$BATS_TEST_TMPDIR/handed.pub"
    [ "$(with_key "$BATS_TEST_TMPDIR/handed" 'echo in')" = in ]
    # No newline is behind it, as an editor may leave it.
    guest "printf %s '$(cat "$BATS_TEST_TMPDIR/own.pub")' >>/root/.ssh/authorized_keys; sync; poweroff" || true
    wait "$boot" || true
    start_another --state "$disk"
    guest true
    [ "$(with_key "$BATS_TEST_TMPDIR/own" 'echo in')" = in ]
    run with_key "$BATS_TEST_TMPDIR/handed" true
    expect_status 255
}

@test "what was synced is there after a power cut" {
    local disk=$BATS_TEST_TMPDIR/disk qemu
    start_another --state "$disk"
    guest 'i=0; while true; do i=$((i + 1)); echo $i >/root/f.$i; fsync /root/f.$i; echo $i; done' \
        >"$BATS_TEST_TMPDIR/acknowledged" 3>&- &
    started+=($!)
    eventually grep -qx 20 "$BATS_TEST_TMPDIR/acknowledged"
    qemu=$(pgrep -P "$boot" -f "hostfwd=tcp:127.0.0.1:$port-" \
        || pgrep -f "hostfwd=tcp:127.0.0.1:$port-")
    kill -KILL "$qemu"
    wait "$boot" || true
    local last
    last=$(tail -n 1 "$BATS_TEST_TMPDIR/acknowledged")
    start_another --state "$disk"
    run guest "for i in \$(seq $last); do [ \"\$(cat /root/f.\$i)\" = \$i ] || echo lost \$i; done"
    [ -z "$output" ]
}

@test "a damaged state disk is left alone, and the machine says so and works" {
    local disk=$BATS_TEST_TMPDIR/disk
    start_another --state "$disk"
    guest 'echo kept >/root/f; sync; poweroff' || true
    wait "$boot" || true
    # Its root is no directory.
    debugfs -w -R "set_inode_field / mode 0100644" "$disk" 2>/dev/null
    start_another --state "$disk"
    run guest 'hammock logs writable; echo here >/root/new; cat /root/new; poweroff'
    expect_output "the state disk is damaged, and is left alone"
    expect_output here
    wait "$boot" || true
    debugfs -w -R "set_inode_field / mode 0040755" "$disk" 2>/dev/null
    e2fsck -fn "$disk"
    [ "$(debugfs -R "cat /root/f" "$disk" 2>/dev/null)" = kept ]
    run debugfs -R "stat /root/new" "$disk"
    expect_output "File not found"
}

@test "two machines do not share a state disk, and a file that is none is refused" {
    local disk=$BATS_TEST_TMPDIR/disk
    start_another --state "$disk"
    one_login --key "$key.pub" --state "$disk" -- true
    expect_status 3
    [[ $stderr == *"another machine has '$disk'"* ]]
    echo text >"$BATS_TEST_TMPDIR/text"
    one_login --key "$key.pub" --state "$BATS_TEST_TMPDIR/text" -- true
    expect_status 2
    [[ $stderr == *"is no state disk"* ]]
    [ "$(cat "$BATS_TEST_TMPDIR/text")" = text ]
}

# --- what goes wrong ------------------------------------------------------------------------

@test "a port that is taken is named, and nothing boots" {
    local taken
    python3 -u -m http.server --bind 127.0.0.1 0 >"$BATS_TEST_TMPDIR/server" 2>&1 3>&- &
    started+=($!)
    eventually grep -q 'port [0-9]' "$BATS_TEST_TMPDIR/server"
    taken=$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/server")
    one_login --key "$key.pub" --publish "$taken:80" -- true
    expect_status 3
    [[ $stderr == *"port $taken of 127.0.0.1 is taken"* ]]
}

@test "what is no name for a machine to log in to is refused" {
    local name
    for name in -x Box 40022 a_b ''; do
        one_login --key "$key.pub" "--name" "$name" -- true
        expect_status 2
        [[ $stderr == *"--name takes small letters, digits and '-', at most 48, and not '$name'"* ]]
    done
    run "$root/scripts/boot.sh" --name box --check
    expect_status 2
    expect_output "--name is for --ssh"
}

@test "too little memory ends with a message, and nothing is left" {
    one_login --key "$key.pub" --timeout 20 --memory 24 -- true
    [ "$status" -eq 125 ] || [ "$status" -eq 124 ]
    [[ $stderr == *"(with --memory 24; this machine wants 32 at least)"* ]]
}

@test "who has no key gets one, and is told so" {
    mkdir "$BATS_TEST_TMPDIR/home"
    export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
    HOME=$BATS_TEST_TMPDIR/home one_login -- echo in
    expect_status 0
    [ "$output" = in ]
    [ -e "$out/ssh/id_ed25519" ]
}
