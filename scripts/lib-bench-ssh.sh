# scripts/bench.sh, the part `ssh`: the machine to log in to, beside a Debian with systemd and
# OpenSSH's server. Sourced by scripts/bench.sh.
#
# boot.sh says how to start ours. It runs meanwhile, and keeps the port and the keys. Its qemu is
# a script that notes the command line, by which this file starts any number of guests.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what scripts/lib.sh and scripts/bench.sh set and read

logins=()      # the contenders
debian_root='' # the tar
poller=''      # a process that waits for the server's first line

# What each guest has while time is measured, in MiB: enough for Debian's.
readonly login_memory=512
# A guest that does not let anyone in within so many seconds has failed.
readonly login_patience=300
# What the guest writes to the console once it has an address.
readonly -A network_up=([microvm]='IP-Config: Complete' [q35]='IP-Config: Complete'
    [debian]='the network is up')
readonly stream_bytes=100000000
# What the guest is asked twice, ten seconds apart: switches of context, and interrupts of the
# local timer.
readonly idle_script='grep -h -e ^ctxt -e LOC: /proc/stat /proc/interrupts'

measure_ssh() {
    local who run
    need_packages ssh
    prepare_logins
    for run in $(seq "$runs"); do
        for who in "${logins[@]}"; do
            if measure_login "$who"; then
                say "run $run of $runs: a login, $who"
            else
                tail -n 5 "$work/console" | tr -d '\r' >&2
                failed "ssh.$who" "run $run of $runs: a login, $who"
            fi
            end_guest
        done
        measure_without_services
    done
    for who in "${logins[@]}"; do find_least_for_login "$who"; done
}

# prepare_logins: what each contender boots from. Sets `logins`.
prepare_logins() {
    local machine
    ssh-keygen -q -t ed25519 -N '' -f "$work/key" </dev/null
    [ "$accel" != auto ] || accel=$("$root/scripts/boot.sh" --check 2>/dev/null \
        | sed -n 's/.*, \([a-z]*\))$/\1/p')
    mkdir "$work/noting"
    # It waits to be killed.
    cat >"$work/noting/qemu-system-x86_64" <<'END'
#!/bin/sh
printf '%s\0' "$@" >"$NOTED.new" && mv "$NOTED.new" "$NOTED"
exec sleep 864000
END
    chmod +x "$work/noting/qemu-system-x86_64"
    for machine in microvm q35; do note_machine "$machine"; done
    sample content microvm "$(stat -c %s "$out/ssh.cpio")"
    [ -z "$debian" ] || prepare_debian_login
}

# note_machine NAME: the words for qemu go to $work/words.NAME, and what ssh needs to config.NAME.
note_machine() {
    local deadline=$((SECONDS + 900)) said=$work/noting/$1.log port
    NOTED=$work/words.$1 PATH=$work/noting:$PATH HAMMOCK_NESTED=yes setpriv --pdeathsig TERM \
        "$root/scripts/boot.sh" --ssh --check --timeout 864000 --machine "$1" --accel "$accel" \
        --key "$work/key.pub" >"$said" 2>&1 </dev/null &
    holders[$!]=TERM
    until [ -e "$work/words.$1" ]; do
        if ! kill -0 $! 2>/dev/null || [ $SECONDS -ge $deadline ]; then
            die "$exit_failed" "boot.sh --ssh boots nothing: $(cat "$said")"
        fi
        sleep 0.1
    done
    port=$(tr '\0' '\n' <"$work/words.$1" \
        | sed -n 's/.*hostfwd=tcp:127.0.0.1:\([0-9]*\)-:22.*/\1/p')
    cp "$out/ssh/$port/config" "$work/config.$1"
    echo "$port" >"$work/port.$1"
    logins+=("$1")
}

# prepare_debian_login: a disk with a Debian that lets this key in. It is no failure if there is
# none.
prepare_debian_login() {
    local tree=$work/debian.root words
    [ "$(id -u)" -eq 0 ] || { say "only root can make another Debian: leaving it out"; return; }
    debian_root=$("$root/Tests/Services/make-root.sh" --packages "systemd-sysv openssh-server \
iproute2 linux-image-cloud-amd64 initramfs-tools") || { say "going on without a Debian"; return; }
    mkdir "$tree"
    tar -C "$tree" --numeric-owner --xattrs '--xattrs-include=*' -xf "$debian_root"
    install -D -m 600 "$work/key.pub" "$tree/root/.ssh/authorized_keys"
    printf '[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n' >"$tree/etc/systemd/network/any.network"
    printf '/dev/vda / ext4 ro 0 0\n' >"$tree/etc/fstab"
    cat >"$tree/etc/systemd/system/network-mark.service" <<END
[Unit]
After=network-online.target
Wants=network-online.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo ${network_up[debian]} >/dev/console'
[Install]
WantedBy=multi-user.target
END
    chroot "$tree" systemctl enable -q systemd-networkd network-mark.service 2>/dev/null
    cp -L "$tree/vmlinuz" "$work/debian.kernel"
    cp -L "$tree/initrd.img" "$work/debian.initrd"
    # Without the kernel: ours is not in its image either. Its modules are.
    rm -rf "${tree:?}"/boot/*
    sample content debian "$(du -s --apparent-size -B 1 "$tree" | cut -f 1)"
    truncate -s 4G "$work/debian.disk"
    mke2fs -q -t ext4 -d "$tree" "$work/debian.disk"
    rm -rf "$tree"
    words=(-machine q35 -accel "$accel" -nodefaults -no-user-config -no-reboot -nographic
        -serial mon:stdio)
    if [ "$accel" = kvm ]; then words+=(-cpu host); else words+=(-cpu 'max,-erms,-fsrm'); fi
    words+=(-kernel "$work/debian.kernel" -initrd "$work/debian.initrd"
        -append 'root=/dev/vda rw console=ttyS0 panic=-1' -snapshot
        -drive "if=none,id=root,format=raw,file=$work/debian.disk"
        -device 'virtio-blk-pci,drive=root'
        -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$(cat "$work/port.q35")-:22"
        -device 'virtio-net-pci,netdev=net,romfile=' -device virtio-rng-pci)
    printf '%s\0' "${words[@]}" >"$work/words.debian"
    cp "$work/port.q35" "$work/port.debian"
    {
        printf 'Host hammock\n    HostName 127.0.0.1\n    Port %s\n    User root\n' \
            "$(cat "$work/port.q35")"
        printf '    StrictHostKeyChecking no\n    UserKnownHostsFile /dev/null\n'
        printf '    LogLevel ERROR\n    IdentityFile "%s"\n' "$work/key"
    } >"$work/config.debian"
    logins+=(debian)
}

# start_to_log_in WHO MIB: sets `pid` and `started`.
start_to_log_in() {
    local words
    mapfile -d '' words <"$work/words.$1"
    start_qemu "${words[@]}" -m "$2"
}

# end_guest: those that note the command lines stay.
end_guest() {
    local process
    [ -z "$poller" ] || kill "$poller" 2>/dev/null || true
    poller=''
    end_running
}

# on_guest WHO COMMAND
on_guest() { ssh -n -F "$work/config.$1" -o IdentitiesOnly=yes -o BatchMode=yes hammock "$2"; }

since_start() { echo $(((${EPOCHREALTIME/./} - started) / 1000)); }

# note_banner WHO: writes the time of the server's first line to $work/banner. It begins when the
# guest can refuse a connection: before, one hangs in qemu. Debian's server takes long to answer,
# and a client that gives it up too soon never hears it.
note_banner() {
    local line='' port
    port=$(cat "$work/port.$1")
    until grep -qaF -e "${network_up[$1]}" -e 'Secure Shell server' "$work/console"; do
        sleep 0.005
    done
    until [ "$line" = SSH- ]; do
        { IFS= read -r -t 3 -N 4 line <&9 || sleep 0.005; } 9<>"/dev/tcp/127.0.0.1/$port" || true
    done 2>/dev/null
    since_start >"$work/banner.new"
    mv "$work/banner.new" "$work/banner"
}

# await_login WHO SECONDS: sets `network`, `banner` and `command`, milliseconds since the start of
# qemu; fails if nobody is let in.
await_login() {
    local deadline=$((SECONDS + $2)) text
    network='' banner='' command=''
    rm -f "$work/banner"
    note_banner "$1" &
    poller=$!
    until [ -n "$banner" ] && [ -n "$network" ]; do
        kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $deadline ] || return 1
        text=$(tr -d '\0' <"$work/console")
        [[ $text != *'Kernel panic'* ]] || return 1
        if [ -z "$network" ] && [[ $text == *"${network_up[$1]}"* ]]; then
            network=$(since_start)
        fi
        if [ -z "$banner" ] && [ -e "$work/banner" ]; then
            banner=$(cat "$work/banner")
            timeout -s KILL "$2" ssh -n -F "$work/config.$1" -o BatchMode=yes hammock true \
                || return 1
            command=$(since_start)
        fi
        sleep 0.005
    done
}

# measure_login WHO: one boot, with all that is measured in it.
measure_login() {
    local pid started network banner command value
    if [ "$1" != debian ]; then
        value=$("$root/scripts/boot.sh" --check --machine "$1" --accel "$accel" 2>/dev/null) \
            || return
        sample ssh-greeting "$1" "$(grep -o '[0-9]* ms' <<<"$value" | cut -d' ' -f1)"
    fi
    start_to_log_in "$1" "$login_memory"
    await_login "$1" "$login_patience" || return
    sample ssh-network "$1" "$network"
    sample ssh-banner "$1" "$banner"
    sample ssh-command "$1" "$command"
    measure_at_rest "$1" || return
    measure_streams "$1"
}

# measure_at_rest WHO: what the guest, its server and a session use, once all has settled.
measure_at_rest() {
    local answer name value
    # shellcheck disable=SC2016 # the guest's shell expands it
    answer=$(on_guest "$1" 'sleep 5
        awk "/^MemTotal/ { all = \$2 } /^MemAvailable/ { print \"ssh-used\", all - \$2 }" \
            /proc/meminfo
        server=$(cat /run/ssh/pid /run/sshd.pid 2>/dev/null)
        for of in server/$server session/$PPID; do
            sed -n "s,^\([RP]ss\): *\([0-9]*\) kB,ssh-${of%/*}-\1 \2,p" \
                "/proc/${of#*/}/smaps_rollup"
        done') || return
    while read -r name value; do sample "$name" "$1" "$value"; done <<<"$answer"
    take_idle "$1" "$(on_guest "$1" "$idle_script; sleep 10; $idle_script")"
}

# take_idle WHO ANSWERS: two answers to the idle script.
take_idle() {
    local name value
    while read -r name value; do sample "$name" "$1" "$value"; done < <(awk '
        /^ctxt/ { if (seen++) print "ssh-switches", $2 - was; was = $2 }
        /^ *LOC:/ { if (timers++) print "ssh-timers", $2 - then; then = $2 }' <<<"$2")
}

# measure_streams WHO: milliseconds for 100 MB, each way.
measure_streams() {
    local began
    began=${EPOCHREALTIME/./}
    # Not scp: that sets the size and the mode of what it has written.
    head -c "$stream_bytes" /dev/zero \
        | ssh -F "$work/config.$1" -o BatchMode=yes hammock 'cat >/dev/null'
    sample ssh-in "$1" $(((${EPOCHREALTIME/./} - began) / 1000))
    began=${EPOCHREALTIME/./}
    on_guest "$1" "head -c $stream_bytes /dev/zero" >/dev/null
    sample ssh-out "$1" $(((${EPOCHREALTIME/./} - began) / 1000))
}

# measure_without_services: the same image, whose init runs a program that waits and nothing else.
measure_without_services() {
    local pid started words number deadline
    mapfile -d '' words <"$work/words.microvm"
    for number in "${!words[@]}"; do
        [[ ${words[number]} == *' hammock.services'* ]] || continue
        words[number]=${words[number]/ hammock.services/}
        words[number]+=" -- \"/bin/sh\" \"-c\" \"sleep 5; $idle_script; sleep 10; $idle_script\""
    done
    start_qemu "${words[@]}" -m "$login_memory"
    deadline=$((SECONDS + 60))
    while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $deadline ]; do sleep 0.1; done
    take_idle alone "$(tr -d '\r' <"$work/console")"
    end_running
}

# find_least_for_login WHO: by halving.
find_least_for_login() {
    local least=0 most=$login_memory middle
    [ -s "$work/samples/ssh-command.$1" ] || return 0
    while [ $((most - least)) -gt 1 ]; do
        middle=$(((least + most) / 2))
        if lets_in "$1" "$middle"; then most=$middle; else least=$middle; fi
    done
    sample ssh-least "$1" "$most"
    say "least memory for a login: $1: $most MiB"
}

# lets_in WHO MIB: within five times of what it takes with ample memory, and a second.
lets_in() {
    local pid started network banner command verdict=0 usual
    read -r usual _ < <(summary "$work/samples/ssh-command.$1")
    start_to_log_in "$1" "$2"
    await_login "$1" $((1 + ${usual%.*} / 200)) 2>/dev/null || verdict=$?
    end_guest
    return "$verdict"
}

# --- the table ------------------------------------------------------------------------------

header_of_ssh() {
    echo "  ssh: $accel, $login_memory MiB; ours on microvm or q35;" \
        "$("$root/scripts/build-package.sh" --list | awk '$1 == "dropbear" { print $1, $2 }')"
    [ -z "$debian_root" ] || cat <<END
  Debian: minbase with systemd and OpenSSH on q35, its cloud kernel with its initramfs
    network: the kernel's line on the console; Debian's, of a service after network-online.target
    used: MemTotal - MemAvailable, 5 s after a login; server, session: /proc/PID/smaps_rollup
    idle: in 10 s of the whole guest, with one session that sleeps
END
}

table_of_ssh() {
    local ours
    row content microvm debian "image's content, bytes: Debian's"
    for ours in microvm q35; do
        row ssh-network "$ours" debian "$ours, ms to an address: Debian"
        row ssh-banner "$ours" debian "$ours, ms to the server's first line: Debian"
        row ssh-command "$ours" debian "$ours, ms to the end of the first command: Debian"
        row ssh-command "$ours" "$ours" "$ours, ms to the end of the first command: itself"
        row ssh-greeting "$ours" "$ours" "$ours, ms to the greeting, without services: itself"
        row ssh-least "$ours" debian "$ours, least MiB for a login: Debian"
        row ssh-used "$ours" debian "$ours, kB used after a login: Debian"
        row ssh-server-Rss "$ours" debian "$ours, server, kB resident: Debian"
        row ssh-server-Pss "$ours" debian "$ours, server, kB of its own (Pss): Debian"
        row ssh-session-Rss "$ours" debian "$ours, session, kB resident: Debian"
        row ssh-session-Pss "$ours" debian "$ours, session, kB of its own (Pss): Debian"
        row ssh-in "$ours" debian "$ours, ms for 100 MB in: Debian"
        row ssh-out "$ours" debian "$ours, ms for 100 MB out: Debian"
        row ssh-switches "$ours" debian "$ours, idle, switches of context: Debian"
        row ssh-timers "$ours" debian "$ours, idle, interrupts of the timer: Debian"
    done
    row ssh-switches microvm alone "microvm, idle, switches of context: without services"
    row ssh-timers microvm alone "microvm, idle, interrupts of the timer: without services"
}
