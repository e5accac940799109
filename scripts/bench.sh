#!/usr/bin/env bash
# Measures Hammock beside its peers, all of them in one run, and prints one table, ratios
# first.
#
#   scripts/bench.sh [options]
#
#   --only PART    one part; more than once for more of them (default: all three)
#   --runs N       how often each contender is started; they take turns (default: 10)
#   --init FILE    this program in place of out/init: another build, say
#   --orphans N    how many orphans die at once (default: 10000)
#   --accel NAME   auto (default), kvm or tcg, as in scripts/boot.sh
#   --no-debian    without Debian's kernel, which is a download of 26 MiB, once
#   --hardening    measures nothing: how many recommendations to harden a kernel ours meets,
#                  and how many Debian's cloud kernel
#   --instructions counts, besides, the guest's instructions from its reset to the greeting,
#                  three times each: emulated, and untouched by what else the host does
#   --peer-config FILE
#                  beside the same kernel source, built with this configuration and booted by
#                  the classic command line; such a build may take an hour, once
#   --help
#
# Parts:
#   init    size, memory and wakeups beside the same program in C (with musl, with glibc)
#   peers   beside tini, catatonit, dumb-init and busybox init, all with the same child: size,
#           memory, wakeups, the time that it takes to run a program, and the reaping
#   boot    the time from qemu's start to the greeting, beside the same kernel with the C
#           init and beside Debian's cloud kernel
#
# A ratio below 1 means that ours takes less. Nothing here passes or fails by a time: that
# is the machine's as much as ours, and only contenders that took turns can be compared.
#
# Exit codes: 0 done, 1 a build or a boot failed (the table has the others), 2 wrong use,
# 3 something is missing on this machine, 130 interrupted.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1
# shellcheck source=scripts/lib-hardening.sh
. "$root/scripts/lib-hardening.sh"

parts=()
runs=10
init=''
orphans=10000
accel=auto
debian=yes
hardening=''
counting=''
peer_config=''

# How long an idle init is watched for wakeups, in seconds.
readonly idle_seconds=10
# How many orphans die one after the other, and how many while strace counts.
readonly fewer_orphans=1000
# How many times a program is run under each peer, for each of --runs.
readonly spawns_per_run=50
# As they are called; in the order of the table.
readonly all_peers=(tini catatonit dumb-init busybox)
# A contender that fails so often sits out the rest: each failure may take a minute.
readonly most_failures=2
# How often each contender's instructions are counted. They hardly differ.
readonly counted_boots=3

debian_kernel=''  # the file, once it is there
debian_version='' # its package and version
running=()        # what has to end with this script: [its pid]=the signal that ends it
in_namespace=()   # the words that make a command PID 1; none where nobody may be
peers=()          # those that this machine has
supervisors=()    # of ours and them, those that have been seen to run a program
tracer=()         # the words that count a process's system calls; none where nobody may

main() {
    parse "$@"
    [ -z "$hardening" ] || { compare_hardening; exit; }
    need_packages boot image init kernel test
    [ -n "$init" ] || need_swift
    need_space "${TMPDIR:-/tmp}" 200 "the benchmark"
    ! wants peers || need_memory
    load_before=$(load)
    work=$(mktemp -d)
    trap 'clean_up' EXIT
    trap 'exit $exit_interrupted' INT TERM
    mkdir "$work/samples" "$work/tree"
    : >"$work/failures"
    build_inits
    find_namespace
    ! wants init || measure_init
    ! wants peers || measure_peers
    ! wants boot || measure_boots
    header
    table
    [ ! -s "$work/failures" ] \
        || die "$exit_failed" "failed and not in the table: $(wc -l <"$work/failures") boots"
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --only) parts+=("$(value_of "$@")"); shift 2 ;;
            --runs) runs=$(value_of "$@"); whole_number --runs "$runs"; shift 2 ;;
            --init) init=$(value_of "$@"); readable_file --init "$init"; shift 2 ;;
            --orphans) orphans=$(value_of "$@"); whole_number --orphans "$orphans"; shift 2 ;;
            --accel) accel=$(value_of "$@"); shift 2 ;;
            --no-debian) debian=''; shift ;;
            --hardening) hardening=yes; shift ;;
            --instructions) counting=yes; shift ;;
            --peer-config)
                peer_config=$(value_of "$@")
                readable_file --peer-config "$peer_config"
                shift 2
                ;;
            -h | --help) help; exit ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    case $accel in
        auto | kvm | tcg) ;;
        *) usage_error "--accel is auto, kvm or tcg, not '$accel'" ;;
    esac
    [ ${#parts[@]} -gt 0 ] || parts=(init peers boot)
    local part
    for part in "${parts[@]}"; do
        case $part in
            init | peers | boot) ;;
            *) usage_error "--only takes init, peers or boot, not '$part'" ;;
        esac
    done
}

# wants PART
wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }

# need_memory: an orphan takes 70 kB, page tables above all, and the next ones come before
# the kernel has put everything of the last ones away.
need_memory() {
    local needed=$((orphans * 140 / 1024)) free
    free=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
    [ "$free" -ge "$needed" ] || die "$exit_missing" \
        "$orphans orphans need $needed MiB of memory, and $free are free (--orphans takes fewer)"
}

clean_up() {
    end_running
    rm -rf "$work"
}

# end_running: ends what still runs and waits for it, without bash's obituaries.
end_running() {
    local process
    for process in "${!running[@]}"; do
        kill -s "${running[$process]}" "$process" || true
        wait "$process" || true
    done 2>/dev/null
    running=()
}

# sample MEASURE WHO VALUE
sample() { printf '%s\n' "$3" >>"$work/samples/$1.$2"; }

# --- PID 1 of a namespace -------------------------------------------------------------------

# find_namespace: sets `in_namespace`.
find_namespace() {
    wants init || wants peers || return 0
    # An ordinary user gets a user namespace to be root in, where the machine allows one.
    in_namespace=(unshare --pid --fork --mount --kill-child)
    [ "$(id -u)" -eq 0 ] || in_namespace+=(--user --map-root-user)
    "${in_namespace[@]}" true 2>/dev/null && return
    in_namespace=()
    say "this machine lets user $(id -un) make no PID namespace: of init, nothing but sizes"
}

# launch COMMAND...: as PID 1 of a namespace. Sets `namespace`, the process that waits for it.
launch() {
    # Should this script be killed, the kernel ends the namespace with it.
    setpriv --pdeathsig KILL "${in_namespace[@]}" --root="$work/tree" "$@" \
        >/dev/null 2>"$work/complaints" </dev/null &
    namespace=$!
    # unshare turns a deaf ear to TERM.
    running[namespace]=KILL
}

# await_rest WHO: until what was launched rests. Sets `pid`, that of PID 1 as seen from here.
await_rest() {
    local deadline=$((SECONDS + 10)) before='' now=''
    until pid=$(pgrep -P "$namespace") && now=$(naps "$pid" "$1") && [ "$now" = "$before" ]; do
        [ $SECONDS -lt $deadline ] || die "$exit_failed" \
            "the init '$1' does not come to rest: $(tail -n 3 "$work/complaints")"
        before=$now
        sleep 0.05
    done
}

# naps PID WHO: how often it has been switched to and fro; fails unless it is asleep. Asleep
# with the same number twice is at rest, whatever system call it waits in.
naps() {
    is_init "$1" "$2" && [ "$(status_of "$1" State)" = S ] && switches_of "$1"
} 2>/dev/null

# is_init PID WHO: unshare no more, and not gone either.
is_init() { [ "/proc/$1/exe" -ef "$work/tree/$2" ]; }

# measure_idling START PREFIX WHO...: all of them idle at the same time, through the same ten
# seconds. START starts one of them, PREFIX is in front of the measures' names.
measure_idling() {
    local start=$1 prefix=$2 who
    local -A pids switches processor
    shift 2
    say "$idle_seconds s at rest: $*"
    for who; do
        "$start" "$who"
        pids[$who]=$pid
        switches[$who]=$(switches_of "$pid")
        processor[$who]=$(processor_time_of "$pid")
    done
    # In the background, since a signal's trap cuts `wait` short and nothing else.
    sleep "$idle_seconds" &
    running[$!]=KILL
    wait $!
    for who; do
        pid=${pids[$who]}
        is_init "$pid" "$who" || die "$exit_failed" "the init '$who' has ended at rest"
        sample "${prefix}wakeups" "$who" $(($(switches_of "$pid") - switches[$who]))
        sample "${prefix}processor" "$who" \
            $((($(processor_time_of "$pid") - processor[$who]) / 1000))
    done
    end_running
}

# status_of PID FIELD
status_of() { awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"; }

switches_of() { awk '/ctxt_switches/ { sum += $2 } END { print sum }' "/proc/$1/status"; }

# processor_time_of PID: in nanoseconds; /proc/PID/stat knows hundredths of a second only.
processor_time_of() { cut -d ' ' -f 1 "/proc/$1/schedstat"; }

# --- init -----------------------------------------------------------------------------------

# build_inits: ours and the same in C, side by side in the root directory of the namespaces.
# Copies, so that nobody's build changes them under the measurement.
build_inits() {
    local source=$root/Tests/Support/c-init.c
    [ -n "$init" ] || HAMMOCK_NESTED=yes "$root/scripts/build-init.sh"
    install -m 755 "${init:-$out/init}" "$work/tree/ours"
    musl-gcc -Os -static -s -o "$work/tree/musl" "$source"
    gcc -Os -static -s -o "$work/tree/glibc" "$source"
}

measure_init() {
    local who run
    for who in ours musl glibc; do
        sample size "$who" "$(stat -c %s "$work/tree/$who")"
    done
    [ ${#in_namespace[@]} -gt 0 ] || return 0
    say "init: memory at rest, $runs starts each"
    for run in $(seq "$runs"); do
        for who in ours musl glibc; do
            start "$who"
            sample resident "$who" "$(status_of "$pid" VmRSS)"
            sample private "$who" "$(status_of "$pid" RssAnon)"
            end_running
        done
    done
    measure_idling start '' ours musl glibc
}

# start WHO: with nothing to run.
start() {
    launch "/$1"
    await_rest "$1"
}

# --- peers ----------------------------------------------------------------------------------

measure_peers() {
    local who run
    (need_packages bench) || say "going on without those"
    build_children
    gather_peers
    [ ${#in_namespace[@]} -gt 0 ] || return 0
    find_supervisors
    find_tracer
    measure_spawning pid1
    measure_spawning ordinary
    measure_idling start_with_child child- "${supervisors[@]}"
    for run in $(seq "$runs"); do
        for who in "${supervisors[@]}"; do
            say "run $run of $runs: $who with a child, and with orphans"
            start_with_child "$who"
            measure_memory "$who"
            measure_reaping "$who"
            [ ${#tracer[@]} -eq 0 ] || measure_calls "$who"
            end_running
        done
    done
}

# build_children: what is run under them, and the ways to talk to it.
build_children() {
    local name
    for name in child spawn; do
        musl-gcc -Os -static -s -o "$work/tree/$name" "$root/Tests/Support/bench-$name.c"
    done
    musl-gcc -Os -static -s -o "$work/tree/true" -x c - <<<'int main(void) { return 0; }'
    mkfifo "$work/tree/told" "$work/tree/said"
    exec {told}<>"$work/tree/told" {said}<>"$work/tree/said"
}

# gather_peers: puts them into the root directory of the namespaces, with their libraries,
# and takes sizes. Sets `peers`.
gather_peers() {
    local who libraries
    for who in "${all_peers[@]}"; do
        if { command -v "$who" && version_of "$(package_of "$who")"; } >/dev/null 2>&1; then
            peers+=("$who")
            install -m 755 "$(command -v "$who")" "$work/tree/$who"
        else
            say "this machine has no $who (Debian package $(package_of "$who"))"
        fi
    done
    for who in ours "${peers[@]}"; do
        mapfile -t libraries < <(libraries_of "$work/tree/$who")
        [ ${#libraries[@]} -eq 0 ] || cp -L --parents --update "${libraries[@]}" "$work/tree"
        sample file "$who" "$(size_of "$work/tree/$who")"
        sample loaded "$who" "$(size_of "$work/tree/$who" "${libraries[@]}")"
    done
    # Where busybox init looks for what to run.
    mkdir "$work/tree/etc"
    echo '::once:/child' >"$work/tree/etc/inittab"
}

# package_of PEER
package_of() { case $1 in busybox) echo busybox-static ;; *) echo "$1" ;; esac; }

# libraries_of FILE: with the loader; nothing for a static program.
libraries_of() { { ldd "$1" 2>/dev/null || true; } | { grep -o '/[^ ]*' || true; }; }

# size_of FILE...
size_of() { stat -L -c %s "$@" | awk '{ sum += $1 } END { print sum }'; }

# command_of WHO PROGRAM: sets `command`, WHO as it runs a program.
command_of() {
    case $1 in
        alone) command=("$2") ;;
        busybox) command=(/busybox init) ;; # PROGRAM is in its /etc/inittab
        *) command=("/$1" -- "$2") ;;
    esac
}

# find_supervisors: sets `supervisors`.
find_supervisors() {
    local who command answer
    for who in ours "${peers[@]}"; do
        command_of "$who" /child
        launch "${command[@]}"
        if listen 5 && [ "$answer" = up ]; then
            supervisors+=("$who")
        else
            say "the init '$who' runs no program: it is not in the rows with a child"
        fi
        end_running
    done
}

# start_with_child WHO
start_with_child() {
    local command
    command_of "$1" /child
    launch "${command[@]}"
    hear up
    await_rest "$1"
}

# tell WORD...: to the child. Tests/Support/bench-child.c has the words.
tell() { echo "$*" >&"$told"; }

# hear WORD: until the child says so. Sets `answer`, the rest of its line.
hear() {
    listen 120 || die "$exit_failed" "a child should have said '$1' by now"
    case $answer in
        "$1"*) answer=${answer#"$1"} ;;
        "failed: fork:"*) die "$exit_missing" "a child's $answer (--orphans takes fewer)" ;;
        *) die "$exit_failed" "a child should have said '$1', and says '$answer'" ;;
    esac
}

# listen SECONDS: sets `answer`, the next line of a child's; fails if none comes, or none can
# come any more. `read` keeps a signal's trap waiting, so that each one is short.
listen() {
    local deadline=$((SECONDS + $1))
    until read -r -t 1 answer <&"$said"; do
        [ $SECONDS -lt $deadline ] || return 1
        kill -0 "$namespace" 2>/dev/null || return 1
    done
}

# measure_memory WHO
measure_memory() {
    sample child-resident "$1" "$(status_of "$pid" VmRSS)"
    sample child-private "$1" "$(status_of "$pid" RssAnon)"
    sample child-share "$1" "$(awk '$1 == "Pss:" { print $2 }' "/proc/$pid/smaps_rollup")"
}

# measure_reaping WHO
measure_reaping() {
    local answer median slowest elapsed
    tell singly "$fewer_orphans"
    hear reaped
    read -r _ median slowest <<<"$answer"
    # With one processor nobody can watch init.
    if [ "$(nproc)" -gt 1 ]; then
        sample reap-median "$1" "$((median / 1000))"
        sample reap-slowest "$1" "$((slowest / 1000))"
    fi
    tell crowd "$orphans"
    hear ready
    tell die
    hear reaped
    read -r elapsed _ <<<"$answer"
    sample crowd "$1" "$elapsed"
    reap_the_dead "$orphans"
    sample dead "$1" "$elapsed"
}

# reap_the_dead COUNT: so many orphans die while init is stopped. Sets `elapsed`, the
# microseconds that it takes to reap them once it goes on.
reap_the_dead() {
    local answer begun ended
    tell crowd "$1"
    hear ready
    kill -s STOP "$pid"
    within 10 "does not stop" is_stopped
    tell die
    within 120 "has not $1 dead children" has_dead "$1"
    begun=${EPOCHREALTIME/./}
    kill -s CONT "$pid"
    hear reaped
    read -r _ ended <<<"$answer"
    elapsed=$((ended - begun))
}

is_stopped() { [[ $(status_of "$pid" State) == [Tt] ]]; }

# has_dead COUNT
has_dead() { [ "$(pgrep --count --parent "$pid" --runstates Z)" -eq "$1" ]; }

# within SECONDS COMPLAINT COMMAND...: polls until COMMAND succeeds.
within() {
    local deadline=$((SECONDS + $1)) complaint=$2
    shift 2
    until "$@"; do
        [ $SECONDS -lt $deadline ] || die "$exit_failed" "PID 1 of a namespace $complaint"
        sleep 0.05
    done
}

# find_tracer: sets `tracer`.
find_tracer() {
    tracer=(setpriv --pdeathsig TERM strace -c -qq -o "$work/calls")
    "${tracer[@]}" true 2>/dev/null && return
    tracer=()
    say "strace cannot trace here: no system calls are counted"
}

# measure_calls WHO
measure_calls() {
    local answer count calls elapsed
    trace
    tell singly "$fewer_orphans"
    hear reaped
    end_trace
    read -r count _ <<<"$answer"
    sample calls-singly "$1" $((calls * fewer_orphans / count))
    trace
    reap_the_dead "$fewer_orphans"
    end_trace
    sample calls-dead "$1" "$calls"
}

# trace: sets `strace`, a process that counts what `pid` does.
trace() {
    "${tracer[@]}" -p "$pid" 2>>"$work/complaints" &
    strace=$!
    running[strace]=TERM
    within 10 "cannot be traced" is_traced
}

is_traced() { [ "$(status_of "$pid" TracerPid)" -ne 0 ]; }

# end_trace: sets `calls`, the number of system calls.
end_trace() {
    kill -s TERM "$strace"
    wait "$strace" || true
    unset "running[$strace]"
    calls=$(awk '$NF == "total" { print $4 }' "$work/calls")
} 2>/dev/null

# measure_spawning pid1|ordinary: true alone and under each init that ends with its program.
measure_spawning() {
    local kind=$1 rounds=$((runs * spawns_per_run)) who command number time names=() commands=()
    for who in alone "${supervisors[@]}"; do
        [ "$who" != busybox ] || continue
        command_of "$who" /true
        # Tini has something to say where it is not PID 1, unless it is told to adopt orphans.
        [ "$kind $who" != "ordinary tini" ] || command=(/tini -s -- /true)
        if spawn 1 "$kind" + "${command[@]}"; then
            names+=("$who")
            commands+=(+ "${command[@]}")
        else
            say "the init '$who' does not end with its program ($kind)"
        fi
    done
    say "true, $rounds times each ($kind): ${names[*]}"
    spawn "$rounds" "$kind" "${commands[@]}" \
        || die "$exit_failed" "true does not succeed each time: $(cat "$work/complaints")"
    while read -r number time; do
        sample "true-$kind" "${names[number]}" "$time"
    done <"$work/spawned"
}

# spawn ROUNDS pid1|ordinary + COMMAND...: bench-spawn, whose answer is left in spawned. It is
# itself PID 1, so that what it has started ends with it.
spawn() {
    local status=0
    setpriv --pdeathsig KILL timeout --signal=KILL $((10 + $1)) setpriv --pdeathsig KILL \
        "${in_namespace[@]}" --root="$work/tree" /spawn "$@" \
        >"$work/spawned" 2>"$work/complaints" </dev/null &
    running[$!]=KILL
    wait $! || status=$?
    running=()
    return "$status"
}

# --- boots ----------------------------------------------------------------------------------

# Everybody who boots, as PLACE.WHO.
contenders=(
    pc.ours pc.c q35.ours q35.c microvm.ours microvm.c
    microvm+initramfs.ours microvm+initramfs.c pc+initramfs.ours
)

measure_boots() {
    local run contender value
    prepare_boots
    for run in $(seq "$runs"); do
        for contender in "${contenders[@]}"; do
            measure "run $run of $runs" boot "$contender" ms
        done
    done
    [ -n "$counting" ] || return 0
    for run in $(seq "$counted_boots"); do
        for contender in "${contenders[@]}"; do
            measure "count $run of $counted_boots" instructions "$contender" instructions
        done
    done
}

# measure RUN MEASURE CONTENDER UNIT: one boot, one sample.
measure() {
    local failures options=()
    [ "$2" = boot ] || options=(--instructions)
    failures=$(grep -cxF "$3" "$work/failures") || true
    [ "$failures" -lt "$most_failures" ] || return 0
    if boot "$3" "${options[@]}"; then
        sample "$2" "$3" "$value"
        say "$1: ${3%.*}, ${3#*.}: $value $4"
    else
        printf '%s\n' "$3" >>"$work/failures"
        say "$1: ${3%.*}, ${3#*.}: failed"
    fi
}

# prepare_boots: kernel and disks of the benchmark's own, both disks made in the same way,
# and boot.sh as it is now: an edit in the meantime would change it under the measurement.
prepare_boots() {
    export HAMMOCK_NESTED=yes
    mkdir "$work/checkout"
    cp -R "$root/scripts" "$root/toolchain" "$work/checkout/"
    "$root/scripts/build-kernel.sh" --output "$work/kernel"
    image ours "$work/tree/ours"
    image c "$work/tree/musl"
    [ -z "$debian" ] || get_debian_kernel
    [ -z "$debian_kernel" ] || contenders+=(pc+initramfs.debian)
    [ -z "$peer_config" ] || build_peer
    sample_kernels
    # Nobody's first run pays for the disk.
    cat "$work"/*kernel/* "$work"/*.img "$work"/*.cpio ${debian_kernel:+"$debian_kernel"} >/dev/null
    # What `auto` comes to is found out once, not in the middle of the measurement.
    local value
    boot microvm.ours || die "$exit_failed" "Hammock itself does not boot"
    accel=$took
}

# build_peer: the same source with the configuration of --peer-config. What a boot needs has
# to be in it: nobody loads modules here.
build_peer() {
    "$root/scripts/build-kernel.sh" --config "$peer_config" \
        --fragment "$root/toolchain/kernel/distribution.config" --output "$work/peer-kernel"
    contenders+=(pc.peer pc+initramfs.peer)
}

# image NAME INIT
image() {
    "$root/scripts/build-image.sh" --init "$2" --size 64M --output "$work/$1" \
        2>"$work/complaints" || { cat "$work/complaints" >&2; exit "$exit_failed"; }
}

# sample_kernels: their sizes.
sample_kernels() {
    sample kernel-bzimage ours "$(stat -c %s "$work/kernel/bzImage")"
    sample kernel-vmlinux ours "$(stat -c %s "$work/kernel/vmlinux")"
    [ -z "$debian_kernel" ] || sample kernel-bzimage debian "$(stat -c %s "$debian_kernel")"
    [ -n "$peer_config" ] || return 0
    sample kernel-bzimage peer "$(stat -c %s "$work/peer-kernel/bzImage")"
    sample kernel-vmlinux peer "$(stat -c %s "$work/peer-kernel/vmlinux")"
}

# boot CONTENDER [--instructions]: sets `value`, milliseconds or instructions, and `took`, the
# accelerator. scripts/boot.sh measures, here as everywhere.
boot() {
    local place=${1%.*} who=${1#*.}
    local options=(--check --accel "$accel")
    [ $# -eq 1 ] || options=(--instructions)
    options+=(--machine "${place%+*}")
    case $who in
        # These answer boot.sh's question for PID 1 only when told so.
        debian) options+=(--kernel "$debian_kernel" --append sysrq_always_enabled); who=ours ;;
        peer) options+=(--kernel "$work/peer-kernel" --append sysrq_always_enabled); who=ours ;;
        *) options+=(--kernel "$work/kernel") ;;
    esac
    case $place in
        *+initramfs) options+=(--initramfs "$work/$who.cpio") ;;
        *) options+=(--image "$work/$who.img") ;;
    esac
    # Should this script be killed, boot.sh is told, and ends qemu.
    setpriv --pdeathsig TERM "$work/checkout/scripts/boot.sh" "${options[@]}" \
        >"$work/said" 2>"$work/complaints" </dev/null &
    running[$!]=TERM
    if ! wait $!; then
        running=()
        cat "$work/complaints" >&2
        return 1
    fi
    running=()
    local answer='^greeting after ([0-9]+) (ms|instructions) \([a-z0-9]+(, (kvm|tcg))?\)$'
    [[ $(cat "$work/said") =~ $answer ]] \
        || die "$exit_failed" "boot.sh says what is not understood here: $(cat "$work/said")"
    value=${BASH_REMATCH[1]} took=${BASH_REMATCH[4]:-tcg}
}

# get_debian_kernel: sets `debian_kernel` and `debian_version`, unless it cannot be had,
# which is no failure.
get_debian_kernel() {
    local meta=linux-image-cloud-amd64 name version file
    read -r name version < <(apt-cache show --no-all-versions "$meta" 2>/dev/null \
        | sed -n 's/^Depends: \([^ ]*\) (= \([^)]*\)).*/\1 \2/p') || true
    if [ -z "$name" ]; then
        say "apt knows no $meta (apt-get update may help): leaving out Debian's kernel"
        return
    fi
    file=$cache/debian-kernel/${name}_$version
    if [ ! -e "$file" ]; then
        need_space "$cache" 100 "Debian's kernel"
        say "fetching $name $version (26 MiB)"
        mkdir "$work/debian"
        # apt checks it by the hash in its signed lists.
        if ! (cd "$work/debian" && apt-get download -q "$name=$version" >log 2>&1); then
            tail -n 3 "$work/debian/log" >&2
            say "it could not be fetched: leaving out Debian's kernel"
            return
        fi
        mkdir -p "$cache/debian-kernel"
        dpkg-deb --fsys-tarfile "$work"/debian/*.deb \
            | tar -xO --wildcards './boot/vmlinuz-*' >"$file.partial.$$"
        mv "$file.partial.$$" "$file"
    fi
    debian_kernel=$file debian_version="$name $version"
}

# --- the table ------------------------------------------------------------------------------

header() {
    echo "Hammock beside its peers, $(date -u '+%Y-%m-%d %H:%M') UTC"
    echo "  ratio: our median / the peer's median; below 1, ours takes less"
    echo "  values: median (min..max); n: how many, taking turns"
    echo "  machine: $(processor_model), $(nproc) processors, Linux $(uname -r)," \
        "load before $load_before"
    echo "  ours: $(our_version)"
    { ! wants init && ! wants boot; } || echo "  C: Tests/Support/c-init.c, gcc $(gcc -dumpfullversion) -Os -static -s," \
        "musl $(version_of musl-dev), glibc $(version_of libc6-dev)"
    ! wants peers || header_of_peers
    ! wants boot || header_of_boots
}

header_of_peers() {
    local who
    printf '  peers:'
    for who in "${peers[@]}"; do
        printf ' %s %s' "$who" "$(version_of "$(package_of "$who")")"
    done
    printf '\n'
    cat <<END
    libraries: those that ldd names, whoever else maps them; busybox is far more than an init
    with a child: one process that sleeps; the files are in a tree of their own, as in a
      container, so that nobody else maps them and takes part of the Pss
    to run true: from the fork to the reaping of a static program, through the init or alone;
      as PID 1 in a new PID namespace each time; busybox init does not end with its program
    to reap one: from an orphan's death (its pidfd polls readable) until its PID is free, for
      a process on another processor that polls without a pause; of $fewer_orphans, one after
      the other, or as many as 10 s allow
    dying at once: from the word that lets all exit until the last PID is free
    lying dead: they have died while init was stopped; from SIGCONT until the last PID is free
    system calls: all that init makes meanwhile, as strace counts them
END
}

header_of_boots() {
    echo "  boots: Linux $(kernel_version), qemu $(qemu_version), $accel, 64 MiB images;" \
        "C with musl"
    [ -z "$debian_version" ] || echo "  Debian: $debian_version on pc with our initramfs"
    [ -z "$peer_config" ] || echo "  peer configuration: $peer_config on the same source"
    [ -z "$counting" ] || echo "  instructions: from the guest's reset to the greeting, one a" \
        "nanosecond (qemu's -icount shift=0), so that a wait counts as what it lasts"
}

our_version() {
    if [ -n "$init" ]; then
        echo "$init"
    else
        echo "$(revision), Swift $(swift_version), musl $(version_of musl-dev)"
    fi
}

# revision: the commit, and whether the work tree differs from it.
revision() { git -C "$root" describe --always --dirty 2>/dev/null || echo "no git checkout"; }

processor_model() { awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo; }
load() { awk '{ print $1 ", " $2 ", " $3 }' /proc/loadavg; }
version_of() { dpkg-query -W -f '${Version}' "$1"; }
kernel_version() { sed -n 's|^# Linux/[^ ]* \([^ ]*\) .*|\1|p' "$work/kernel/config"; }
qemu_version() { qemu-system-x86_64 --version | sed -n '1s/.* version \([^ ]*\).*/\1/p'; }

table() {
    line ratio ours peer n "what: which peer"
    ! wants init || table_of_init
    ! wants peers || table_of_peers
    ! wants boot || table_of_boots
}

table_of_init() {
    local peer
    for peer in musl glibc; do
        row size ours "$peer" "init, bytes: C, $peer"
        row resident ours "$peer" "init, kB resident: C, $peer"
        row private ours "$peer" "init, kB resident, private: C, $peer"
        row wakeups ours "$peer" "init, wakeups in $idle_seconds s: C, $peer"
        row processor ours "$peer" "init, CPU us in $idle_seconds s: C, $peer"
    done
}

table_of_peers() {
    local kind where who
    rows file "bytes"
    rows loaded "bytes, with its libraries"
    rows child-resident "with a child, kB resident (VmRSS)"
    rows child-private "with a child, kB resident, private (RssAnon)"
    rows child-share "with a child, kB resident, its share (Pss)"
    rows child-wakeups "with a child, wakeups in $idle_seconds s"
    rows child-processor "with a child, CPU us in $idle_seconds s"
    for kind in pid1 ordinary; do
        where=${kind/pid1/PID 1}
        rows "true-$kind" "us to run true ($where)"
        for who in "${supervisors[@]}"; do
            [ "$who" = busybox ] \
                || row "true-$kind" "$who" alone "us to run true ($where), $who: true alone"
        done
    done
    rows reap-median "us to reap one, median"
    rows reap-slowest "us to reap one, slowest"
    rows crowd "us to reap $orphans dying at once"
    rows dead "us to reap $orphans lying dead"
    rows calls-singly "system calls to reap $fewer_orphans, one by one"
    rows calls-dead "system calls to reap $fewer_orphans lying dead"
}

# rows MEASURE WHAT: one for each peer.
rows() {
    local peer
    for peer in "${peers[@]}"; do
        row "$1" ours "$peer" "$2: $peer"
    done
}

table_of_boots() {
    rows_of_boots boot ms
    [ -z "$counting" ] || rows_of_boots instructions "guest's instructions"
    row kernel-bzimage ours debian "kernel, bytes of bzImage: Debian's"
    row kernel-bzimage ours peer "kernel, bytes of bzImage: the peer configuration's"
    row kernel-vmlinux ours peer "kernel, bytes of vmlinux: the peer configuration's"
}

# rows_of_boots MEASURE UNIT
rows_of_boots() {
    local place
    for place in pc q35 microvm microvm+initramfs; do
        row "$1" "$place.ours" "$place.c" "$place, $2: the same, C init"
    done
    # The first of these differs in the kernel alone, as does pc from the peer's.
    for place in pc+initramfs pc q35 microvm microvm+initramfs; do
        row "$1" "$place.ours" pc+initramfs.debian "$place, $2: Debian's kernel"
    done
    for place in pc microvm microvm+initramfs; do
        row "$1" "$place.ours" pc.peer "$place, $2: the peer configuration on pc"
    done
    for place in q35 microvm microvm+initramfs; do
        row "$1" "$place.ours" pc.ours "$place, $2: our own pc"
    done
}

# line RATIO OURS PEER N WHAT
line() { printf '%6s  %-23s  %-23s  %7s  %s\n' "$@"; }

# row MEASURE OURS PEER WHAT: nothing where the peer was not measured, and the peer alone
# where ours was not.
row() {
    local ours=$work/samples/$1.$2 peer=$work/samples/$1.$3
    [ -s "$peer" ] || return 0
    local our_median our_values our_number peer_median peer_values peer_number
    read -r peer_median peer_number peer_values < <(summary "$peer")
    if [ ! -s "$ours" ]; then
        line - - "$peer_values" "$peer_number" "$4"
        return
    fi
    read -r our_median our_number our_values < <(summary "$ours")
    [ "$our_number" = "$peer_number" ] || our_number+="/$peer_number"
    line "$(ratio "$our_median" "$peer_median")" "$our_values" "$peer_values" "$our_number" "$4"
}

# summary FILE: prints the median, how many there are, and both as the table shows them.
summary() {
    sort -n "$1" | awk '{ value[NR] = $1 }
        END {
            median = (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2
            spread = NR > 1 ? sprintf(" (%d..%d)", value[1], value[NR]) : ""
            printf "%s %d %d%s\n", median, NR, median, spread
        }'
}

# ratio OURS PEER
ratio() {
    awk -v ours="$1" -v peer="$2" 'BEGIN {
        if (peer == 0) print ours == 0 ? "same" : "more"
        else printf ours / peer < 0.1 ? "%.3f" : "%.2f", ours / peer
    }'
}

main "$@"
