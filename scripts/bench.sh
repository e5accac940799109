#!/usr/bin/env bash
# Measures Hammock beside its peers, all of them in one run, and prints one table, ratios
# first: init's size, memory and wakeups beside the same program in C (with musl, with
# glibc); and the time from qemu's start to the greeting, beside the same kernel with the C
# init and beside Debian's cloud kernel.
#
#   scripts/bench.sh [options]
#
#   --runs N       how often each contender is started; they take turns (default: 10)
#   --accel NAME   auto (default), kvm or tcg, as in scripts/boot.sh
#   --no-debian    without Debian's kernel, which is a download of 26 MiB, once
#   --init-only    nothing but init
#   --boot-only    nothing but the boots
#   --help
#
# A ratio below 1 means that ours takes less. Nothing here passes or fails by a time: that
# is the machine's as much as ours, and only contenders that took turns can be compared.
#
# Exit codes: 0 done, 1 a build or a boot failed (the table has the others), 2 wrong use,
# 3 something is missing on this machine, 130 interrupted.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1

runs=10
accel=auto
debian=yes
only=''

# How long an idle init is watched for wakeups, in seconds.
readonly idle_seconds=10
# A contender that fails so often sits out the rest: each failure may take a minute.
readonly most_failures=2

debian_kernel=''  # the file, once it is there
debian_version='' # its package and version
running=()        # what has to end with this script: [its pid]=the signal that ends it

main() {
    parse "$@"
    need_packages boot image init kernel test
    need_swift
    need_space "${TMPDIR:-/tmp}" 200 "the benchmark"
    work=$(mktemp -d)
    trap 'clean_up' EXIT
    trap 'exit $exit_interrupted' INT TERM
    mkdir "$work/samples" "$work/tree"
    : >"$work/failures"
    build_inits
    [ "$only" = boot ] || measure_init
    [ "$only" = init ] || measure_boots
    header
    table
    [ ! -s "$work/failures" ] \
        || die "$exit_failed" "failed and not in the table: $(wc -l <"$work/failures") boots"
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --runs) runs=$(value_of "$@"); whole_number --runs "$runs"; shift 2 ;;
            --accel) accel=$(value_of "$@"); shift 2 ;;
            --no-debian) debian=''; shift ;;
            --init-only | --boot-only)
                [ -z "$only" ] || usage_error "--init-only and --boot-only: one of them"
                only=${1#--} only=${only%-only}
                shift
                ;;
            -h | --help) help; exit ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    case $accel in
        auto | kvm | tcg) ;;
        *) usage_error "--accel is auto, kvm or tcg, not '$accel'" ;;
    esac
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

# --- init -----------------------------------------------------------------------------------

# build_inits: ours and its peers, side by side in the root directory of the namespaces.
# Copies, so that nobody's build changes them under the measurement.
build_inits() {
    local source=$root/Tests/Support/c-init.c
    HAMMOCK_NESTED=yes "$root/scripts/build-init.sh"
    cp "$out/init" "$work/tree/ours"
    musl-gcc -Os -static -s -o "$work/tree/musl" "$source"
    gcc -Os -static -s -o "$work/tree/glibc" "$source"
}

measure_init() {
    local who run
    for who in ours musl glibc; do
        sample size "$who" "$(stat -c %s "$work/tree/$who")"
    done
    # An ordinary user gets a user namespace to be root in, where the machine allows one.
    in_namespace=(unshare --pid --fork --mount --kill-child)
    [ "$(id -u)" -eq 0 ] || in_namespace+=(--user --map-root-user)
    if ! "${in_namespace[@]}" true 2>/dev/null; then
        say "this machine lets user $(id -un) make no PID namespace: no memory, no wakeups"
        return
    fi
    say "init: memory at rest, $runs starts each"
    for run in $(seq "$runs"); do
        for who in ours musl glibc; do
            start "$who"
            sample resident "$who" "$(status_of "$pid" VmRSS)"
            sample private "$who" "$(status_of "$pid" RssAnon)"
            end_running
        done
    done
    measure_idling
}

# measure_idling: all of them idle at the same time, through the same ten seconds.
measure_idling() {
    local who
    local -A pids switches processor
    say "init: $idle_seconds s at rest"
    for who in ours musl glibc; do
        start "$who"
        pids[$who]=$pid
        switches[$who]=$(switches_of "$pid")
        processor[$who]=$(processor_time_of "$pid")
    done
    # In the background, since a signal's trap cuts `wait` short and nothing else.
    sleep "$idle_seconds" &
    running[$!]=KILL
    wait $!
    for who in "${!pids[@]}"; do
        pid=${pids[$who]}
        idles || die "$exit_failed" "the init '$who' has not stayed at rest"
        sample wakeups "$who" $(($(switches_of "$pid") - switches[$who]))
        sample processor "$who" $((($(processor_time_of "$pid") - processor[$who]) / 1000))
    done
    end_running
}

# start WHO: as PID 1 of a namespace, and waits until it rests. Sets `pid`, as seen from here.
start() {
    # Should this script be killed, the kernel ends the namespace with it.
    setpriv --pdeathsig KILL "${in_namespace[@]}" --root="$work/tree" "/$1" \
        >/dev/null </dev/null &
    local namespace=$! deadline=$((SECONDS + 10))
    # unshare turns a deaf ear to TERM.
    running[namespace]=KILL
    until pid=$(pgrep -P "$namespace") && idles; do
        [ $SECONDS -lt $deadline ] || die "$exit_failed" "the init '$1' does not come to rest"
        sleep 0.02
    done
}

# idles: whether `pid` is in pause(2), system call 34.
idles() { [[ $(cat "/proc/$pid/syscall" 2>/dev/null) == 34\ * ]]; }

# status_of PID FIELD
status_of() { awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"; }

switches_of() { awk '/ctxt_switches/ { sum += $2 } END { print sum }' "/proc/$1/status"; }

# processor_time_of PID: in nanoseconds; /proc/PID/stat knows hundredths of a second only.
processor_time_of() { cut -d ' ' -f 1 "/proc/$1/schedstat"; }

# --- boots ----------------------------------------------------------------------------------

# Everybody who boots, as PLACE.WHO.
contenders=(
    pc.ours pc.c q35.ours q35.c microvm.ours microvm.c
    microvm+initramfs.ours microvm+initramfs.c pc+initramfs.ours
)

measure_boots() {
    local run contender failures
    prepare_boots
    for run in $(seq "$runs"); do
        for contender in "${contenders[@]}"; do
            failures=$(grep -cxF "$contender" "$work/failures") || true
            [ "$failures" -lt "$most_failures" ] || continue
            if boot "$contender"; then
                sample boot "$contender" "$milliseconds"
                say "run $run of $runs: ${contender%.*}, ${contender#*.}: $milliseconds ms"
            else
                printf '%s\n' "$contender" >>"$work/failures"
                say "run $run of $runs: ${contender%.*}, ${contender#*.}: failed"
            fi
        done
    done
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
    # Nobody's first run pays for the disk.
    cat "$work"/kernel/* "$work"/*.img "$work"/*.cpio ${debian_kernel:+"$debian_kernel"} >/dev/null
    # What `auto` comes to is found out once, not in the middle of the measurement.
    boot microvm.ours || die "$exit_failed" "Hammock itself does not boot"
    accel=$took
}

# image NAME INIT
image() {
    "$root/scripts/build-image.sh" --init "$2" --size 64M --output "$work/$1" \
        2>"$work/complaints" || { cat "$work/complaints" >&2; exit "$exit_failed"; }
}

# boot CONTENDER: sets `milliseconds` and `took`, the accelerator. scripts/boot.sh measures,
# here as everywhere.
boot() {
    local place=${1%.*} who=${1#*.}
    local options=(--check --accel "$accel" --machine "${place%+*}")
    if [ "$who" = debian ]; then
        # It answers boot.sh's question for PID 1 only when told so.
        options+=(--kernel "$debian_kernel" --append sysrq_always_enabled)
        who=ours
    else
        options+=(--kernel "$work/kernel")
    fi
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
    [[ $(cat "$work/said") =~ ^greeting\ after\ ([0-9]+)\ ms\ \([a-z0-9]+,\ (kvm|tcg)\)$ ]] \
        || die "$exit_failed" "boot.sh says what is not understood here: $(cat "$work/said")"
    milliseconds=${BASH_REMATCH[1]} took=${BASH_REMATCH[2]}
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
    echo "  machine: $(processor_model), $(nproc) processors, Linux $(uname -r), load$(load)"
    echo "  ours: $(revision), Swift $(swift_version), musl $(version_of musl-dev)"
    echo "  C: Tests/Support/c-init.c, gcc $(gcc -dumpfullversion) -Os -static -s," \
        "musl $(version_of musl-dev), glibc $(version_of libc6-dev)"
    [ "$only" != init ] || return 0
    echo "  boots: Linux $(kernel_version), qemu $(qemu_version), $accel, 64 MiB images;" \
        "C with musl"
    [ -z "$debian_version" ] || echo "  Debian: $debian_version on pc with our initramfs"
}

# revision: the commit, and whether the work tree differs from it.
revision() { git -C "$root" describe --always --dirty 2>/dev/null || echo "no git checkout"; }

processor_model() { awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo; }
load() { awk '{ print " " $1 ", " $2 ", " $3 }' /proc/loadavg; }
version_of() { dpkg-query -W -f '${Version}' "$1"; }
kernel_version() { sed -n 's|^# Linux/[^ ]* \([^ ]*\) .*|\1|p' "$work/kernel/config"; }
qemu_version() { qemu-system-x86_64 --version | sed -n '1s/.* version \([^ ]*\).*/\1/p'; }

table() {
    local peer place
    line ratio ours peer n "what: which peer"
    for peer in musl glibc; do
        row size ours "$peer" "init, bytes: C, $peer"
        row resident ours "$peer" "init, kB resident: C, $peer"
        row private ours "$peer" "init, kB resident, private: C, $peer"
        row wakeups ours "$peer" "init, wakeups in $idle_seconds s: C, $peer"
        row processor ours "$peer" "init, CPU us in $idle_seconds s: C, $peer"
    done
    for place in pc q35 microvm microvm+initramfs; do
        row boot "$place.ours" "$place.c" "$place, ms: the same, C init"
    done
    # The first of these differs in the kernel alone.
    for place in pc+initramfs pc q35 microvm microvm+initramfs; do
        row boot "$place.ours" pc+initramfs.debian "$place, ms: Debian's kernel"
    done
    for place in q35 microvm microvm+initramfs; do
        row boot "$place.ours" pc.ours "$place, ms: our own pc"
    done
}

# line RATIO OURS PEER N WHAT
line() { printf '%6s  %-19s  %-19s  %5s  %s\n' "$@"; }

# row MEASURE OURS PEER WHAT: nothing where one of the two was not measured.
row() {
    local ours=$work/samples/$1.$2 peer=$work/samples/$1.$3
    [ -s "$ours" ] && [ -s "$peer" ] || return 0
    local our_median our_values our_number peer_median peer_values peer_number
    read -r our_median our_number our_values < <(summary "$ours")
    read -r peer_median peer_number peer_values < <(summary "$peer")
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
