# scripts/bench.sh, the part `boot`: from the start of qemu to the greeting. Sourced by
# scripts/bench.sh.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what scripts/lib.sh and scripts/bench.sh set and read

debian_kernel=''  # the file, once it is there
debian_version='' # its package and version

# A contender that fails so often sits out the rest: each failure may take a minute.
readonly most_failures=2
# How often each contender's instructions are counted. They hardly differ.
readonly counted_boots=3

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

header_of_boots() {
    echo "  boots: Linux $(kernel_version), qemu $(qemu_version), $accel, 64 MiB images;" \
        "C with musl"
    [ -z "$debian_version" ] || echo "  Debian: $debian_version on pc with our initramfs"
    [ -z "$peer_config" ] || echo "  peer configuration: $peer_config on the same source"
    [ -z "$counting" ] || echo "  instructions: from the guest's reset to the greeting, one a" \
        "nanosecond (qemu's -icount shift=0), so that a wait counts as what it lasts"
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
