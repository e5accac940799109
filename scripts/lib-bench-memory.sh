# scripts/bench.sh, the part `memory`: the least memory that a guest greets with, and what qemu
# and its guest take once it has. Sourced by scripts/bench.sh.
#
# boot.sh says how to start each guest. This file watches the guest, because it gives up a guest
# with too little memory as soon as the guest shows that.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what scripts/lib.sh and scripts/bench.sh set and read

# A memory that every contender greets with, in MiB: qemu's own default.
readonly ample=128
# A guest may take this many times as long to greet as with ample memory.
readonly memory_patience=5
# How often in a row a guest has to greet with the least memory: a kernel that puts itself at a
# random address may be lucky with less. The resident memory is read as often.
readonly memory_boots=3
# A kernel that panics before it has a console says so only on this one.
readonly early_console='earlycon=uart8250,io,0x3f8 panic=-1'

measure_guests() {
    local contender run guests=()
    for contender in "${contenders[@]}"; do
        # Not with the init in C: it saves only the bytes by which it is smaller.
        [[ $contender == *.c ]] || guests+=("$contender")
    done
    [ -z "$virtme_version" ] || guests+=(virtme)
    for contender in "${guests[@]}"; do
        find_least_memory "$contender"
    done
    for run in $(seq "$memory_boots"); do
        for contender in "${guests[@]}" microvm.empty; do
            measure_resident "run $run of $memory_boots" "$contender"
        done
    done
}

# find_least_memory CONTENDER: by halving.
find_least_memory() {
    local most=$ample least=0 middle patience=60000 took run
    ! sits_out "$1" || return 0
    greets "$1" "$ample" || { give_up "$1"; return; }
    patience=$((1000 + memory_patience * took))
    while [ $((most - least)) -gt 1 ]; do
        middle=$(((least + most) / 2))
        if greets "$1" "$middle"; then most=$middle; else least=$middle; fi
    done
    for ((run = 1; run < memory_boots; run++)); do
        greets "$1" "$most" || { most=$((most + 1)) run=0; }
        [ "$most" -le "$ample" ] || { give_up "$1"; return; }
    done
    sample least-memory "$1" "$most"
    say "least memory: ${1%%.*}, ${1#*.}: $most MiB"
}

# give_up CONTENDER
give_up() {
    tail -n 10 "$work/console" | tr -d '\r' >&2
    failed "$1" "memory: ${1%%.*}, ${1#*.}"
}

# measure_resident RUN CONTENDER: one sample.
measure_resident() {
    local pid started took patience=60000
    ! sits_out "$2" || return 0
    if [[ $2 == *.empty ]]; then
        start_qemu -machine "${2%.empty}" -accel "$accel" -nodefaults -display none -S
    else
        start_guest "$2" "$ample"
        await_greeting || { end_running; give_up "$2"; return; }
        [ "$2" != virtme ] || pid=$(pgrep --pgroup "$pid" --exact qemu-system-x86)
    fi
    local deadline=$((SECONDS + 10)) before=unknown now=''
    # The guest is at rest when the number is the same twice.
    until [ "$now" = "$before" ] || [ $SECONDS -ge $deadline ]; do
        sleep 0.5
        before=$now
        now=$(status_of "$pid" VmRSS) || { end_running; give_up "$2"; return; }
    done
    end_running
    sample resident-guest "$2" "$now"
    say "$1: ${2%%.*}, ${2#*.}: $now kB resident"
}

# greets CONTENDER MIB: whether it does, within `patience`. Sets `took`. Milliseconds, both.
greets() {
    local pid started verdict=0
    start_guest "$1" "$2" --append "$early_console"
    await_greeting || verdict=$?
    end_running
    return "$verdict"
}

# start_guest CONTENDER MIB [OPTION-OF-BOOT.SH...]: starts it as boot.sh would, except that qemu
# ends when a guest resets itself. Sets `pid` and `started`.
start_guest() {
    local options=() words line
    [ "$1" != virtme ] || { start_vng "$2"; return; }
    options_of "$1"
    line=$("$work/checkout/scripts/boot.sh" --dry-run --accel "$accel" --memory "$2" \
        "${options[@]}" "${@:3}" 2>"$work/complaints") \
        || die "$exit_failed" "$(cat "$work/complaints")"
    # It is quoted for a shell.
    eval "words=($line)"
    start_qemu "${words[@]:1}" -no-reboot
}

# start_vng MIB: starts a guest that greets by leaving a file on the host. Sets `pid`, the leader
# of its process group, and `started`.
start_vng() {
    local command
    vng_command "touch '$work/shared/ran'; exec sleep $run_patience" --memory "$1M"
    rm -f "$work/shared/ran"
    started=${EPOCHREALTIME/./}
    setpriv --pdeathsig TERM "${command[@]}" >"$work/console" 2>&1 </dev/null &
    pid=$!
    running[pid]=TERM
}

# start_qemu OPTION...: sets `pid` and `started`.
start_qemu() {
    started=${EPOCHREALTIME/./}
    rm -f "$work/shared/ran"
    # If this script is killed, the kernel ends qemu with it.
    setpriv --pdeathsig KILL qemu-system-x86_64 "$@" >"$work/console" 2>&1 </dev/null &
    pid=$!
    running[pid]=KILL
}

# await_greeting: sets `took`; fails once the guest has panicked or ended, or taken `patience`.
await_greeting() {
    took=0
    until has_greeted; do
        took=$(((${EPOCHREALTIME/./} - started) / 1000))
        [ "$took" -lt "$patience" ] || return
        ! grep -qaF 'Kernel panic' "$work/console" || return
        # The guest may have greeted in between, and ended.
        kill -0 "$pid" 2>/dev/null || has_greeted || return
        sleep 0.05
    done
}

# has_greeted: whether the whole greeting is there. Without the kernel's lines, init's are whole.
has_greeted() {
    [ ! -e "$work/shared/ran" ] || return 0
    sed -E 's/\[ *[0-9]+\.[0-9]{6}\] .*//' "$work/console" | tr -d '\r\n' \
        | grep -aF 'Just hanging here...' >/dev/null
}

# --- the table ------------------------------------------------------------------------------

header_of_memory() {
    cat <<END
  least memory: found by halving; $memory_boots boots in a row greet with it, and none takes more
    than $memory_patience times as long as with $ample MiB
  resident: VmRSS of qemu at rest, with a guest that has greeted and $ample MiB; under emulation
    what qemu has translated is in it. Empty: the same machine, stopped, with no kernel or disk.
    virtme-ng's guest has as much memory, greets by leaving a file on the host, and then sleeps
END
}

table_of_memory() {
    local place
    rows_of_kernels least-memory "least memory that greets, MiB"
    rows_of_kernels resident-guest "kB resident, qemu and its guest"
    for place in microvm q35; do
        row least-memory "$place.ours" virtme "$place, least memory that greets, MiB: virtme-ng"
        row resident-guest "$place.ours" virtme \
            "$place, kB resident, qemu and its guest: virtme-ng"
    done
    row resident-guest microvm.ours microvm.empty \
        "microvm, kB resident, qemu and its guest: an empty qemu"
}
