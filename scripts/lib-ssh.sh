# scripts/boot.sh --net, --ssh and --state: a machine on a network, that one logs in to, and that
# keeps something. Sourced by scripts/boot.sh; `hammock ssh` uses what is written here.
#
# Each machine that runs has a directory out/ssh/PORT, named by its port on this host's loopback:
#   config            for ssh -F: the machine is called hammock
#   name              its --name, if it has one
#   known_hosts       its key
#   authorized_keys   the keys that may log in as root, as they were handed to it
# It goes when the machine ends. A link to it is in ~/.cache/hammock/ports, where the machines of
# all of this user's checkouts are. In both places .PORT.lock is held as long as the machine runs.
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/boot.sh sets

# The first port that is tried for SSH.
readonly first_ssh_port=40022
# How large a new state disk is. What is not used takes no room on the host.
readonly state_size=1G
readonly state_label=hammock-state
# Makes the server's keys. It is the guest's own program, and runs on any x86-64 Linux.
readonly key_maker=$out/packages/dropbear/bin/dropbearkey
# Where systemd has qemu put what it hands to one boot.
readonly credentials=opt/io.systemd.credentials
# Where this user's machines are, of all checkouts.
readonly ports=$cache/ports

net=''       # user or none
publish=()   # HOST:GUEST ...
ssh=''       # whether one logs in
keys=()      # --key FILE ...
unset -v ssh_name # --name NAME, if it is given
state=''     # --state FILE
ssh_port=''
ssh_place=''  # out/ssh/PORT
identities=() # private keys, for the client
locks=()      # descriptors of ports and of the state disk: this script's, and its qemu's

# --- what the user names --------------------------------------------------------------------

# check_network: refuses what cannot be; fills in what follows from --ssh.
check_network() {
    local pair
    [ -z "$ssh" ] || net=${net:-user}
    net=${net:-none}
    [[ $net =~ ^(user|none)$ ]] || usage_error "--net is user or none, not '$net'"
    [ -z "$ssh" ] || [ "$net" = user ] || usage_error "--ssh needs a network (--net user)"
    [ ${#keys[@]} -eq 0 ] || [ -n "$ssh" ] || usage_error "--key is for --ssh"
    [ -z "${ssh_name+given}" ] || check_name
    [ ${#publish[@]} -eq 0 ] || [ "$net" = user ] \
        || usage_error "--publish needs a network: --net user, or --ssh"
    for pair in "${publish[@]}"; do
        if [[ ! $pair =~ ^([1-9][0-9]{0,4}):([1-9][0-9]{0,4})$ ]] \
            || [ "${BASH_REMATCH[1]}" -gt 65535 ] || [ "${BASH_REMATCH[2]}" -gt 65535 ]; then
            usage_error "--publish takes HOST:GUEST, two ports (8080:80), not '$pair'"
        fi
    done
    if [ -n "$ssh" ] && [ "$mode" = dry-run ]; then
        usage_error "--ssh makes keys for one boot, and --dry-run boots nothing"
    fi
    [ -z "$state" ] || check_state
}

# check_name: refuses what is no name of a machine, or could be a port.
check_name() {
    [ -n "$ssh" ] || usage_error "--name is for --ssh"
    if [[ ! $ssh_name =~ ^[a-z0-9][a-z0-9-]{0,47}$ ]] || [[ $ssh_name != *[a-z]* ]]; then
        usage_error "--name takes small letters, digits and '-', at most 48, and not '$ssh_name'"
    fi
}

# check_state: refuses a file that is there and is no state disk.
check_state() {
    if [ ! -e "$state" ]; then
        [ -d "$(dirname "$state")" ] \
            || die "$exit_usage" "--state: there is no directory '$(dirname "$state")'"
        return
    fi
    readable_file --state "$state"
    [ -w "$state" ] || die "$exit_usage" "--state: '$state' cannot be written to"
    is_state_disk || die "$exit_usage" "--state: '$state' is no state disk \
(a new name makes a new one; one that is damaged may be mended by e2fsck '$state')"
}

is_state_disk() {
    [ "$(dumpe2fs -h "$state" 2>/dev/null | sed -n 's/^Filesystem volume name: *//p')" \
        = "$state_label" ]
}

# --- ports ----------------------------------------------------------------------------------

# take_ports: the name, and one port for SSH, unless --publish has named it, and those of --publish.
# No other boot takes them while this script or its qemu lives.
take_ports() {
    local pair port lock
    if [ -n "${ssh_name-}" ]; then
        mkdir -p "$ports"
        exec {lock}>"$ports/.$ssh_name.lock"
        flock -n "$lock" \
            || die "$exit_missing" "--name: a machine with the name $ssh_name runs already"
        locks+=("$lock")
    fi
    for pair in "${publish[@]}"; do
        port=${pair%:*}
        take_port "$port" \
            || die "$exit_missing" "--publish: port $port of 127.0.0.1 is taken by another program"
        if [ "${pair#*:}" = 22 ]; then ssh_port=$port; fi
    done
    if [ -z "$ssh" ] || [ -n "$ssh_port" ]; then return; fi
    for ((port = first_ssh_port; port < first_ssh_port + 1000; port++)); do
        take_port "$port" || continue
        ssh_port=$port
        publish+=("$port:22")
        return
    done
    die "$exit_missing" "all ports from $first_ssh_port to $((port - 1)) of 127.0.0.1 are taken"
}

# take_port PORT: fails if somebody has it.
take_port() {
    local lock shared
    mkdir -p "$out/ssh" "$ports"
    # The second is for this user's other checkouts: their qemu may not have taken the port yet.
    exec {lock}>"$out/ssh/.$1.lock" {shared}>"$ports/.$1.lock"
    if ! flock -n "$lock" || ! flock -n "$shared" \
        || (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
        exec {lock}>&- {shared}>&-
        return 1
    fi
    locks+=("$lock" "$shared")
}

# leave_locks: in a process that may live longer than the machine.
leave_locks() {
    local lock
    for lock in "${locks[@]}"; do exec {lock}>&-; done
}

# --- keys -----------------------------------------------------------------------------------

# prepare_ssh: the machine's directory, with all that a client needs.
prepare_ssh() {
    need_packages ssh
    need_key_maker
    ssh_place=$out/ssh/$ssh_port
    rm -rf "$ssh_place"
    mkdir -m 700 "$ssh_place"
    collect_keys
    make_host_key
    {
        printf '# For ssh -F, scp -F and sftp -F, while the machine runs.\n'
        printf 'Host hammock\n'
        printf '    HostName 127.0.0.1\n    Port %s\n    User root\n' "$ssh_port"
        printf '    HostKeyAlias hammock\n    UserKnownHostsFile "%s"\n' "$ssh_place/known_hosts"
        printf '    StrictHostKeyChecking yes\n'
        [ ${#identities[@]} -eq 0 ] || printf '    IdentityFile "%s"\n' "${identities[@]}"
    } >"$ssh_place/config"
    [ -z "${ssh_name-}" ] || printf '%s\n' "$ssh_name" >"$ssh_place/name"
    ln -sfnT "$ssh_place" "$ports/$ssh_port"
}

# collect_keys: which keys may log in: those of --key, or the user's own, or a new one.
collect_keys() {
    local key file
    if [ ${#keys[@]} -eq 0 ]; then
        for file in "$HOME"/.ssh/*.pub; do
            [ ! -r "$file" ] || ! is_public_key "$file" || keys+=("$file")
        done
    fi
    if [ ${#keys[@]} -eq 0 ]; then
        keys=("$out/ssh/id_ed25519.pub")
        if [ ! -e "${keys[0]}" ]; then
            ssh-keygen -q -t ed25519 -N '' -C hammock -f "${keys[0]%.pub}" </dev/null
            say "there is no key in ~/.ssh; made one: ${keys[0]%.pub}"
        fi
    fi
    for key in "${keys[@]}"; do
        file=$key
        [[ $file == *.pub ]] || [ ! -e "$file.pub" ] || file=$file.pub
        readable_file --key "$file"
        is_public_key "$file" || die "$exit_usage" "--key: '$file' is not a public key of ssh's"
        grep -E "$public_key" "$file" >>"$ssh_place/authorized_keys"
        [ ! -e "${file%.pub}" ] || identities+=("$(realpath "${file%.pub}")")
    done
}

# A key may have options before it, and a comment behind it.
readonly public_key='^([^#[:space:]].*[[:space:]])?(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) AAAA[A-Za-z0-9+/]+=*( |$)'
is_public_key() { grep -qE "$public_key" "$1"; }

# make_host_key: the server's own key: the state disk's, or a new one for this boot alone.
make_host_key() {
    local key=$ssh_place/host_key
    if [ -n "$state" ]; then
        # After a power cut the bitmaps may not be right before the journal is replayed: -c.
        debugfs -c -R "dump /ssh/host_key $key" "$state" >/dev/null 2>&1 || true
        [ -s "$key" ] || say "the state disk has no host key any more; making one for this boot"
    fi
    [ -s "$key" ] || { rm -f "$key"; new_host_key "$key"; }
    "$key_maker" -y -f "$key" 2>/dev/null | sed -n 's/^ssh-ed25519 \([^ ]*\).*/hammock ssh-ed25519 \1/p' \
        >"$ssh_place/known_hosts"
    [ -s "$ssh_place/known_hosts" ] \
        || die "$exit_failed" "the server's key in ${key#"$root"/} cannot be read"
}

# need_key_maker: builds it, if building the image has not.
need_key_maker() {
    [ -x "$key_maker" ] || HAMMOCK_NESTED=yes "$root/scripts/build-package.sh" dropbear
}

# new_host_key FILE
new_host_key() {
    "$key_maker" -t ed25519 -f "$1" >/dev/null 2>&1 \
        || die "$exit_failed" "dropbearkey could not make a key"
}

# prepare_state: makes the state disk, if there is none.
prepare_state() {
    local work
    if [ ! -e "$state" ]; then
        need_key_maker
        work=$(mktemp -d "$(dirname "$state")/.state.XXXXXX")
        mkdir "$work/tree"
        mkdir -m 700 "$work/tree/ssh"
        new_host_key "$work/tree/ssh/host_key"
        truncate -s "$state_size" "$work/disk"
        if ! mke2fs -q -t ext4 -L "$state_label" -m 0 -d "$work/tree" \
            -E root_owner=0:0,assume_storage_prezeroed=1,nodiscard "$work/disk" >"$work/log" 2>&1; then
            cat "$work/log" >&2
            rm -rf "$work"
            die "$exit_failed" "--state: the disk could not be made"
        fi
        mv -nT "$work/disk" "$state"
        rm -rf "$work"
        say "made a state disk: $state"
    fi
    # qemu locks it, too, and says less.
    local lock
    exec {lock}<"$state"
    locks+=("$lock")
    flock -n "$lock" || die "$exit_missing" "--state: another machine has '$state'"
}

# --- the machine's part ---------------------------------------------------------------------

# network_hardware: adds to `hardware` and `command_line`.
network_hardware() {
    local bus=device pair forwards='' romless=''
    if [ "$machine" != microvm ]; then bus=pci romless=,romfile=; fi
    if [ "$net" = user ]; then
        for pair in "${publish[@]}"; do forwards+=,hostfwd=tcp:127.0.0.1:${pair%:*}-:${pair#*:}; done
        hardware+=(-netdev "user,id=net$forwards" -device "virtio-net-$bus,netdev=net$romless"
            -device "virtio-rng-$bus")
        command_line+=' ip=dhcp'
    fi
    if [ -n "$state" ]; then
        hardware+=(-drive "if=none,id=state,format=raw,snapshot=off,file=${state//,/,,}"
            -device "virtio-blk-$bus,drive=state,serial=$state_label")
    fi
    if [ -n "$ssh" ]; then
        hand ssh.authorized_keys.root "$ssh_place/authorized_keys"
        hand hammock.ssh.host_key "$ssh_place/host_key"
    fi
    # Who has started the machine has its console.
    [ -z "$ssh${list[*]-}" ] || hardware+=(-fw_cfg "name=$credentials/login.noauth,string=yes")
}

# hand NAME FILE: gives the file to this boot alone.
hand() { hardware+=(-fw_cfg "name=$credentials/$1,file=${2//,/,,}"); }

# --- the server -----------------------------------------------------------------------------

# server_answers: whether there is an SSH server's first line. A connection alone proves nothing,
# because qemu accepts it before the guest does.
server_answers() {
    local line=''
    { IFS= read -r -t 0.5 -N 4 line <&9 || true; } 9<>"/dev/tcp/127.0.0.1/$ssh_port"
    [ "$line" = SSH- ]
} 2>/dev/null

# await_server SECONDS: polls while qemu runs. Fails when that has ended, or the time is up.
await_server() {
    local deadline=$((SECONDS + $1))
    until server_answers; do
        kill -0 "$qemu_pid" 2>/dev/null || return "$exit_no_verdict"
        [ $SECONDS -lt $deadline ] || return "$exit_timeout"
        sleep 0.05
    done
}

# serve: the machine's console on this terminal, and one line once its server answers.
serve() {
    local announcer='' status=0
    trap end_ssh EXIT
    start_on_terminal
    (leave_locks; await_server 600 && printf '\r\nlog in: ssh -F %s hammock (or scripts/ssh.sh); Ctrl-A X leaves\r\n' \
        "${ssh_place#"$PWD"/}/config" >&2) &
    announcer=$!
    wait "$qemu_pid" || status=$?
    qemu_pid=''
    kill "$announcer" 2>/dev/null || true
    [ -z "$copier" ] || wait "$copier" || true
    [ "$status" -eq 0 ] || exit "$exit_failed"
}

# run_over_ssh: runs `init_words` in the machine, and ends with their code. The machine's console
# is shown only where something went wrong.
run_over_ssh() {
    local qemu verdict=0 client=(ssh -F "$ssh_place/config")
    work=$(mktemp -d)
    trap end_ssh EXIT
    trap 'exit $exit_interrupted' INT TERM HUP
    mkfifo "$work/monitor"
    exec {to_monitor}<>"$work/monitor"
    # shellcheck disable=SC2034 # scripts/boot.sh reads it
    console=(-serial "file:$work/console" -monitor stdio)
    qemu_command
    setpriv --pdeathsig KILL "${qemu[@]}" <&"$to_monitor" >"$work/output" 2>"$work/complaints" &
    qemu_pid=$!
    await_server "${timeout:-60}" || verdict=$?
    case $verdict in
        0) ;;
        "$exit_timeout") show_console; die "$exit_timeout" "no SSH server answered in time$(hint)" ;;
        *) show_console; die "$exit_no_verdict" "qemu ended before the SSH server answered$(hint)" ;;
    esac
    if [ -t 0 ] && [ -t 1 ]; then client+=(-t); fi
    # One word is a line for the guest's shell, as with ssh; more are a program and its words.
    client+=(hammock "${init_words[0]}")
    [ ${#init_words[@]} -eq 1 ] || client[-1]=${init_words[*]@Q}
    (leave_locks; exec "${client[@]}") || verdict=$?
    power_down
    exit "$verdict"
}

# hint: what may be wrong, if it is the user's word.
hint() {
    [ -z "$memory" ] || [ "$memory" -ge 64 ] \
        || printf ' (with --memory %d; this machine wants 32 at least)' "$memory"
}

# power_down: as by a power button; the guest's disks are whole afterwards.
power_down() {
    local deadline=$((SECONDS + 60))
    printf 'system_powerdown\n' >&"$to_monitor"
    while kill -0 "$qemu_pid" 2>/dev/null; do
        if [ $SECONDS -ge $deadline ]; then
            say "the machine did not power off within a minute; ending it"
            return
        fi
        sleep 0.02
    done
    wait "$qemu_pid" || true
    qemu_pid=''
}

# end_ssh: what a machine that one logs in to leaves behind.
end_ssh() {
    end_run
    [ -z "$ssh_place" ] || rm -rf "$ssh_place" "${ports:?}/$ssh_port"
    [ -z "${work-}" ] || rm -rf "$work"
}
