# scripts/bench.sh, the part `boot`: from the start of qemu to the greeting. Sourced by
# scripts/bench.sh.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what scripts/lib.sh and scripts/bench.sh set and read

debian_kernel=''  # the file, once it is there
debian_version='' # its package and version
peer_names=()     # what the table calls the configurations that --peer-config gives
declare -A peer_configs=() # [name]=the file, or the word defconfig

# A contender that fails this often is not started again: each failure may take a minute.
readonly most_failures=2
# How often each contender's instructions are counted. They hardly differ.
readonly counted_boots=3

# All contenders that boot, as PLACE.WHO.
contenders=(
    pc.ours pc.c q35.ours q35.c microvm.ours microvm.c
    microvm+initramfs.ours microvm+initramfs.c pc+initramfs.ours
)

measure_boots() {
    local run contender value
    for run in $(seq "$runs"); do
        for contender in "${contenders[@]}"; do
            measure "run $run of $runs" boot "$contender" ms
        done
        measure_runs "run $run of $runs"
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
    local options=()
    [ "$2" = boot ] || options=(--instructions)
    ! sits_out "$3" || return 0
    if boot "$3" "${options[@]}"; then
        sample "$2" "$3" "$value"
        say "$1: ${3%%.*}, ${3#*.}: $value $4"
    else
        failed "$3" "$1: ${3%%.*}, ${3#*.}"
    fi
}

# sits_out CONTENDER: whether it has failed too often to be started again.
sits_out() { [ "$(grep -cxF "$1" "$work/failures")" -ge "$most_failures" ]; }

# prepare_boots: makes a kernel and disks of the benchmark's own, both disks in the same way. It
# copies boot.sh, because an edit in the meantime would change the measurement.
prepare_boots() {
    export HAMMOCK_NESTED=yes
    mkdir "$work/checkout"
    cp -R "$root/scripts" "$root/toolchain" "$work/checkout/"
    "$root/scripts/build-kernel.sh" --output "$work/kernels/ours"
    image ours "$work/tree/ours"
    image c "$work/tree/musl"
    [ -z "$debian" ] || get_debian_kernel
    [ -z "$debian_kernel" ] || contenders+=(pc+initramfs.debian)
    local name
    for name in "${peer_names[@]}"; do build_peer "$name"; done
    [ -z "$virtme" ] || prepare_virtme
    sample_kernels
    # A first run reads from the disk, so it is not measured.
    cat "$work"/kernels/*/* "$work"/*.img "$work"/*.cpio \
        ${debian_kernel:+"$debian_kernel"} >/dev/null
    # `auto` is resolved once, and not in the middle of the measurement.
    local value
    boot microvm.ours || die "$exit_failed" "Hammock itself does not boot"
    accel=$took
    warm_up
}

# add_peer FILE|defconfig: notes what --peer-config gives, under a name for the table.
add_peer() {
    [ "$1" = defconfig ] || readable_file --peer-config "$1"
    local name=${1##*/}
    name=${name%.config}
    # The name becomes the name of a directory, and part of a line of the table.
    name=${name//[^A-Za-z0-9._+-]/-}
    case $name in '' | .*) name=config$name ;; esac
    [[ " ours c debian virtme ${peer_names[*]} " != *" $name "* ]] || usage_error \
        "--peer-config: the table has a kernel '$name' already; a copy by another name will do"
    peer_names+=("$name")
    peer_configs[$name]=$1
}

# build_peer NAME: builds the same source with that configuration. All that a boot needs has to
# be built in, because nothing loads modules here.
build_peer() {
    local config=${peer_configs[$1]}
    if [ "$config" = defconfig ]; then
        config=$work/defconfig
        find_defconfig >"$config"
    fi
    "$root/scripts/build-kernel.sh" --config "$config" \
        --fragment "$root/toolchain/kernel/distribution.config" --output "$work/kernels/$1"
    contenders+=("pc.$1" "pc+initramfs.$1")
}

# find_defconfig: prints the configuration that the kernel's source has for any PC.
find_defconfig() {
    local source file=arch/x86/configs/x86_64_defconfig
    source=$cache/source/$(pin kernel-tarball-sha256)
    if [ -e "$source/$file" ]; then
        cat "$source/$file"
    elif [ -e "$source.tar.xz" ]; then
        tar -xO -f "$source.tar.xz" --wildcards "*/$file"
    else
        die "$exit_missing" "--peer-config defconfig: the kernel's source is not in $cache/source;
without $cache/kernel, too, scripts/build-kernel.sh fetches it again"
    fi
}

# image NAME INIT [OPTION-OF-BUILD-IMAGE...]
image() {
    "$root/scripts/build-image.sh" --init "$2" --size 64M --output "$work/$1" "${@:3}" \
        2>"$work/complaints" || { cat "$work/complaints" >&2; exit "$exit_failed"; }
}

# sample_kernels: their sizes.
sample_kernels() {
    local directory
    for directory in "$work"/kernels/*; do
        sample kernel-bzimage "${directory##*/}" "$(stat -c %s "$directory/bzImage")"
        sample kernel-vmlinux "${directory##*/}" "$(stat -c %s "$directory/vmlinux")"
    done
    [ -z "$debian_kernel" ] || sample kernel-bzimage debian "$(stat -c %s "$debian_kernel")"
}

# options_of CONTENDER: adds to `options` how boot.sh boots it.
options_of() {
    local place=${1%%.*} who=${1#*.}
    options+=(--machine "${place%+*}")
    case $who in
        ours | c) options+=(--kernel "$work/kernels/ours") ;;
        debian) options+=(--kernel "$debian_kernel") ;;
        *) options+=(--kernel "$work/kernels/$who") ;;
    esac
    # The other kernels answer boot.sh's question for PID 1 only with this word.
    [[ $who =~ ^(ours|c)$ ]] || { options+=(--append sysrq_always_enabled); who=ours; }
    case $place in
        *+initramfs) options+=(--initramfs "$work/$who.cpio") ;;
        *) options+=(--image "$work/$who.img") ;;
    esac
}

# boot CONTENDER [--instructions]: sets `value`, milliseconds or instructions, and `took`, the
# accelerator. scripts/boot.sh measures.
boot() {
    local options=(--check --accel "$accel")
    [ $# -eq 1 ] || options=(--instructions)
    options_of "$1"
    # If this script is killed, boot.sh gets a signal, and ends qemu.
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

# get_debian_kernel: sets `debian_kernel` and `debian_version`. It is no failure if the kernel
# cannot be fetched.
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
    local name
    for name in "${peer_names[@]}"; do
        echo "  $name: the same source with ${peer_configs[$name]} and what a boot needs"
    done
    [ -z "$counting" ] || echo "  instructions: from the guest's reset to the greeting, one a" \
        "nanosecond (qemu's -icount shift=0), so that a wait counts as what it lasts"
}

table_of_boots() {
    rows_of_boots boot ms
    [ -z "$counting" ] || rows_of_boots instructions "guest's instructions"
}

table_of_kernels() {
    local name
    row kernel-bzimage ours debian "kernel, bytes of bzImage: Debian's"
    for name in "${peer_names[@]}"; do
        row kernel-bzimage ours "$name" "kernel, bytes of bzImage: $name"
        row kernel-vmlinux ours "$name" "kernel, bytes of vmlinux: $name"
    done
    row kernel-bzimage ours virtme "kernel, bytes of bzImage: ours with virtme.config"
    row kernel-vmlinux ours virtme "kernel, bytes of vmlinux: ours with virtme.config"
}

# rows_of_boots MEASURE UNIT
rows_of_boots() {
    local place
    for place in pc q35 microvm microvm+initramfs; do
        row "$1" "$place.ours" "$place.c" "$place, $2: the same, C init"
    done
    rows_of_kernels "$@"
}

# rows_of_kernels MEASURE UNIT: ours beside the others, which all run our init.
rows_of_kernels() {
    local place name
    # The first of these differs in the kernel alone, as does pc from a configuration's.
    for place in pc+initramfs pc q35 microvm microvm+initramfs; do
        row "$1" "$place.ours" pc+initramfs.debian "$place, $2: Debian's kernel"
    done
    for name in "${peer_names[@]}"; do
        for place in pc microvm microvm+initramfs; do
            row "$1" "$place.ours" "pc.$name" "$place, $2: $name on pc"
        done
        row "$1" pc+initramfs.ours "pc+initramfs.$name" "pc+initramfs, $2: $name"
    done
    for place in q35 microvm microvm+initramfs; do
        row "$1" "$place.ours" pc.ours "$place, $2: our own pc"
    done
}
