#!/usr/bin/env bash
# Measures Hammock beside its peers, all of them in one run, and prints one table, ratios
# first.
#
#   scripts/bench.sh [options]
#
#   --only PART    one part; may be repeated (default: all)
#   --runs N       how often each contender is started; they take turns (default: 10)
#   --init FILE    this program in place of out/init: another build, for example
#   --orphans N    how many orphans die at once (default: 10000)
#   --accel NAME   auto (default), kvm or tcg, as in scripts/boot.sh
#   --no-debian    without Debian's kernel, which is a download of 26 MiB, once
#   --no-virtme    without virtme-ng, whose kernel takes ten minutes to build, once. It is
#                  measured if its command, vng, is on the PATH (pip install virtme-ng)
#   --hardening    measures nothing; says how many recommendations to harden a kernel ours
#                  meets, and how many Debian's cloud kernel meets
#   --instructions also counts the guest's instructions from its reset to the greeting, three
#                  times each: emulated, and independent of what else the host does
#   --peer-config FILE|defconfig
#                  also measures the same kernel source, built with this configuration, or
#                  with the source's own one for any PC, and booted by the classic command
#                  line; may be repeated. The table has it under the file's name. Such a
#                  build may take an hour, once
#   --help
#
# Parts:
#   init    size, memory and wakeups beside the same program in C (with musl, with glibc)
#   peers   beside tini, catatonit, dumb-init and busybox init, all with the same child: size,
#           memory, wakeups, the time that it takes to run a program, and the reaping
#   services  a hundred services that sleep, beside runit, s6 and finit: the time until all run,
#           the supervisor's processes and their memory, and their wakeups; and the time that
#           our answer to `status` takes while a service misbehaves; as root alone
#   boot    the time from qemu's start to the greeting, beside the same kernel with the C
#           init and beside Debian's cloud kernel; the time from a command to the end of
#           the program that it boots for, beside virtme-ng; the sizes of the kernels
#   memory  the least memory that a guest greets with, and what qemu and its guest take then,
#           beside the same kernels; of these, too, the sizes
#   ssh     the machine to log in to, beside a Debian with systemd and OpenSSH on its cloud
#           kernel: the time to a login, memory, throughput, and what it does at rest; the
#           Debian is made as root alone, once, in some minutes
#   run     `true` in a container image by hammock run, beside podman with runc and with crun;
#           the first run of an image, streams, and the memory of several machines; as root alone
#
# A ratio below 1 means that ours takes less. No time makes this script pass or fail: a time
# depends on the machine as much as on us, and only contenders that took turns can be compared.
#
# Exit codes: 0 done, 1 a build or a boot failed (the table has the others), 2 wrong use,
# 3 something is missing on this machine, 130 interrupted.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1
# shellcheck source=scripts/lib-hardening.sh
. "$root/scripts/lib-hardening.sh"
# shellcheck source=scripts/lib-bench-init.sh
. "$root/scripts/lib-bench-init.sh"
# shellcheck source=scripts/lib-bench-peers.sh
. "$root/scripts/lib-bench-peers.sh"
# shellcheck source=scripts/lib-bench-services.sh
. "$root/scripts/lib-bench-services.sh"
# shellcheck source=scripts/lib-bench-boots.sh
. "$root/scripts/lib-bench-boots.sh"
# shellcheck source=scripts/lib-bench-memory.sh
. "$root/scripts/lib-bench-memory.sh"
# shellcheck source=scripts/lib-bench-virtme.sh
. "$root/scripts/lib-bench-virtme.sh"
# shellcheck source=scripts/lib-bench-ssh.sh
. "$root/scripts/lib-bench-ssh.sh"
# shellcheck source=scripts/lib-bench-run.sh
. "$root/scripts/lib-bench-run.sh"

parts=()
runs=10
init=''
orphans=10000
accel=auto
debian=yes
virtme=yes
hardening=''
counting=''

holders=() # processes that keep something for this script
running=() # what has to end with this script: [its pid]=the signal that ends it

main() {
    parse "$@"
    [ -z "$hardening" ] || { compare_hardening; exit; }
    need_packages boot image userspace kernel test
    [ -n "$init" ] || need_swift
    need_space "${TMPDIR:-/tmp}" $((200 + 100 * ${#peer_names[@]})) "the benchmark"
    ! wants peers || need_memory
    load_before=$(load)
    work=$(mktemp -d)
    trap 'clean_up' EXIT
    trap 'exit $exit_interrupted' INT TERM
    mkdir "$work/samples" "$work/tree" "$work/kernels"
    : >"$work/failures"
    build_inits
    find_namespace
    ! wants init || measure_init
    ! wants peers || measure_peers
    ! wants services || measure_services
    ! wants_guests || prepare_boots
    ! wants boot || measure_boots
    ! wants memory || measure_guests
    ! wants ssh || measure_ssh
    ! wants run || measure_run
    header
    table
    [ ! -s "$work/failures" ] \
        || die "$exit_failed" "failed and not in the table: $(wc -l <"$work/failures") boots"
}

parse() {
    local value
    while [ $# -gt 0 ]; do
        case $1 in
            --only) parts+=("$(value_of "$@")"); shift 2 ;;
            --runs) runs=$(value_of "$@"); whole_number --runs "$runs"; shift 2 ;;
            --init) init=$(value_of "$@"); readable_file --init "$init"; shift 2 ;;
            --orphans) orphans=$(value_of "$@"); whole_number --orphans "$orphans"; shift 2 ;;
            --accel) accel=$(value_of "$@"); shift 2 ;;
            --no-debian) debian=''; shift ;;
            --no-virtme) virtme=''; shift ;;
            --hardening) hardening=yes; shift ;;
            --instructions) counting=yes; shift ;;
            --peer-config)
                value=$(value_of "$@")
                add_peer "$value"
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
    [ ${#parts[@]} -gt 0 ] || parts=(init peers services boot memory ssh run)
    local part
    for part in "${parts[@]}"; do
        case $part in
            init | peers | services | boot | memory | ssh | run) ;;
            *) usage_error \
                "--only takes init, peers, services, boot, memory, ssh or run, not '$part'" ;;
        esac
    done
}

# wants PART
wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }

# wants_guests: whether a kernel is to be booted.
wants_guests() { wants boot || wants memory; }

# need_memory: an orphan takes 70 kB, mostly page tables, and new orphans come before the kernel
# has freed everything of the last ones.
need_memory() {
    local needed=$((orphans * 140 / 1024)) free
    free=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
    [ "$free" -ge "$needed" ] || die "$exit_missing" \
        "$orphans orphans need $needed MiB of memory, and $free are free (--orphans takes fewer)"
}

clean_up() {
    local process
    end_running
    for process in "${!holders[@]}"; do running[process]=${holders[$process]}; done
    end_running
    rm -rf "$work"
}

# end_running: ends what still runs and waits for it, without bash's messages about it.
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

# failed CONTENDER WORDS: counts it, and says what failed.
failed() {
    printf '%s\n' "$1" >>"$work/failures"
    say "$2: failed"
}

# --- the table ------------------------------------------------------------------------------

header() {
    echo "Hammock beside its peers, $(date -u '+%Y-%m-%d %H:%M') UTC"
    echo "  ratio: our median / the peer's median; below 1, ours takes less"
    echo "  values: median (min..max); n: how many, taking turns"
    echo "  machine: $(processor_model), $(nproc) processors, Linux $(uname -r)," \
        "load before $load_before"
    echo "  ours: $(our_version)"
    { ! wants init && ! wants boot; } || echo "  C: Tests/Support/c-init.c," \
        "gcc $(gcc -dumpfullversion) -Os -static -s, musl $(version_of musl-dev)," \
        "glibc $(version_of libc6-dev)"
    ! wants peers || header_of_peers
    ! wants services || header_of_services
    ! wants_guests || header_of_boots
    ! wants_guests || header_of_virtme
    ! wants memory || header_of_memory
    ! wants ssh || header_of_ssh
    ! wants run || header_of_run
}

our_version() {
    if [ -n "$init" ]; then
        echo "$init"
    else
        echo "$(revision), Swift $(swift_version), musl $(musl_version)"
    fi
}

# musl_version: of the one that ours has; the C programs have Debian's.
musl_version() { "$root/scripts/build-package.sh" --list | awk '$1 == "musl" { print $2 }'; }

# revision: the commit, and whether the work tree differs from it.
revision() { git -C "$root" describe --always --dirty 2>/dev/null || echo "no git checkout"; }

processor_model() { awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo; }
load() { awk '{ print $1 ", " $2 ", " $3 }' /proc/loadavg; }
version_of() { dpkg-query -W -f '${Version}' "$1"; }
kernel_version() { sed -n 's|^# Linux/[^ ]* \([^ ]*\) .*|\1|p' "$work/kernels/ours/config"; }
qemu_version() { qemu-system-x86_64 --version | sed -n '1s/.* version \([^ ]*\).*/\1/p'; }

table() {
    line ratio ours peer n "what: which peer"
    ! wants init || table_of_init
    ! wants peers || table_of_peers
    ! wants services || table_of_services
    ! wants boot || table_of_boots
    ! wants boot || table_of_virtme
    ! wants memory || table_of_memory
    ! wants ssh || table_of_ssh
    ! wants run || table_of_run
    ! wants_guests || table_of_kernels
}

# line RATIO OURS PEER N WHAT
line() { printf '%6s  %-23s  %-23s  %7s  %s\n' "$@"; }

# row MEASURE OURS PEER WHAT: prints nothing if the peer was not measured, and only the peer if
# ours was not.
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

# summary FILE: prints the median, the number of samples, and both as the table shows them.
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
