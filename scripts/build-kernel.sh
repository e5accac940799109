#!/usr/bin/env bash
# Builds a Linux kernel from source: out/kernel/bzImage, out/kernel/vmlinux and the
# configuration they were made with, out/kernel/config.
#
#   scripts/build-kernel.sh [options]
#
#   --source DIR|TARBALL  another source than the pinned one, without Hammock's patches
#   --config FILE         a whole configuration, in place of tinyconfig and
#                         toolchain/kernel/hammock.config, and without the patches. With a
#                         distribution's, add --fragment toolchain/kernel/distribution.config:
#                         modules are not built, so all that a boot needs must be built in
#   --fragment FILE       options on top of that; may be repeated
#   --output DIR          where to put the three files (default: out/kernel, and
#                         out/kernel-custom with any of the other options)
#   --unpinned            the newest source of the pinned series that apt knows, for when the
#                         pinned version cannot be fetched; its hashes will differ
#   --source-path         builds nothing: unpacks the source, and prints where it is
#   --source-identity     builds nothing: prints a name for the source, which changes with it
#   --help
#
# A kernel is built once, and kept under the hash of its inputs in ~/.cache/hammock (or
# $XDG_CACHE_HOME/hammock). An interrupted build goes on next time. The date in the kernel is
# SOURCE_DATE_EPOCH, or without that variable the date in toolchain/inputs.lock.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1
# shellcheck source=scripts/lib-source.sh
. "$root/scripts/lib-source.sh"

source=''
job=build # or path, identity: what to print of the source
config=''
unpinned=''
output=''
fragments=("$root/toolchain/kernel/hammock.config")
# What Hammock changes in the pinned source, in this order.
patches=("$root"/toolchain/kernel/patches/*.patch)

# Removed when the script ends, however it ends.
scratch=$cache/source/scratch.$$
trap 'rm -rf "$scratch"' EXIT

main() {
    parse "$@"
    plain_cache
    need_packages kernel ${config:+kernel-config}
    warn_of_versions gcc binutils lz4

    local tree inputs entry built=''
    identify_source
    if [ "$job" != build ]; then print_source; return; fi
    inputs=$(inputs_hash)
    entry=$cache/kernel/$inputs
    if needs_build "$entry"; then
        # All checkouts share the cache. After waiting, this script may find the work done.
        one_at_a_time kernel "$cache"
        if needs_build "$entry"; then
            prepare_source
            build "$entry"
            built=yes
        fi
    fi
    writable_directory "$output"
    local file
    for file in bzImage vmlinux config; do
        cmp -s "$entry/$file" "$output/$file" && continue
        cp "$entry/$file" "$output/$file.$$"
        mv "$output/$file.$$" "$output/$file"
    done
    say_result "$built" "${output#"$root"/}/bzImage: $(stat -c %s "$output/bzImage") bytes," \
        "Linux $(cat "$entry/release")"
}

# needs_build ENTRY: whether make has to run. Only make knows what changed in a directory.
needs_build() { [ ! -e "$1/bzImage" ] || [ -d "$source" ]; }

parse() {
    local fragment default_output=$out/kernel
    while [ $# -gt 0 ]; do
        case $1 in --source | --config | --fragment | --unpinned) default_output=$out/kernel-custom ;; esac
        case $1 in
            --source) source=$(value_of "$@"); shift 2 ;;
            --config) config=$(value_of "$@"); shift 2 ;;
            --fragment) fragment=$(value_of "$@"); fragments+=("$fragment"); shift 2 ;;
            --output) output=$(value_of "$@"); shift 2 ;;
            --unpinned) unpinned=yes; shift ;;
            --source-path | --source-identity) job=${1#--source-}; shift ;;
            -h | --help) help; exit ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    output=${output:-$default_output}
    if [ -n "$source" ]; then
        [ -e "$source" ] || die "$exit_usage" "--source: there is no '$source'"
        source=$(realpath "$source")
        # The user's own kernel stays as it is, without Hammock's patches.
        patches=()
    fi
    if [ -n "$config" ]; then
        readable_file --config "$config"
        # A whole configuration is used as it is.
        fragments=("${fragments[@]:1}")
        patches=()
    fi
    for fragment in "${fragments[@]}"; do readable_file --fragment "$fragment"; done
}

# --- the source ---------------------------------------------------------------------------

# identify_source: sets `tree`, where the source is or will be unpacked.
identify_source() {
    if [ -d "$source" ]; then
        [ -e "$source/scripts/kconfig/Makefile" ] \
            || die "$exit_usage" "--source: '$source' is not a kernel's source tree"
        tree=$source
        return
    fi
    [ -z "$unpinned" ] || fetch_unpinned
    if [ -n "$source" ]; then
        tree=$cache/source/$(hash_of <"$source")
    else
        tree=$cache/source/$(pin kernel-tarball-sha256)
    fi
    [ ${#patches[@]} -eq 0 ] || tree+=-patched-$(hash_of_patches | cut -c1-16)
}

# hash_of_patches: one hash of what the patches change, without their descriptions.
hash_of_patches() { sed -s -n '/^--- /,$p' "${patches[@]}" | hash_of; }

# prepare_source: puts the source into `tree`.
prepare_source() {
    [ ! -e "$tree" ] || return 0
    [ -n "$source" ] || fetch_pinned
    unpack "$source"
}

# print_source: prints what `job` says of the source.
print_source() {
    if [ "$job" = path ]; then
        if [ ! -e "$tree" ]; then
            one_at_a_time kernel "$cache"
            prepare_source
        fi
        printf '%s\n' "$tree"
    else
        printf '%s\n' "${tree##*/}"
    fi
}

# fetch_pinned: sets `source` to the pinned tarball, checked.
fetch_pinned() {
    source=$cache/source/$(pin kernel-tarball-sha256).tar.xz
    if [ -e "$source" ]; then
        ! has_hash "$source" "$(pin kernel-tarball-sha256)" || return 0
        say "$source is not what it was; fetching it again"
    fi
    need_space "$cache" 600 "the kernel's source"
    mkdir -p "$scratch"
    fetch_package "$scratch/package.deb"
    say "checked: sha256 $(pin kernel-deb-sha256)"
    tarball_of_package "$scratch/package.deb" >"$scratch/tarball"
    has_hash "$scratch/tarball" "$(pin kernel-tarball-sha256)" \
        || die "$exit_failed" "the tarball in the package is not the one in toolchain/inputs.lock"
    mv "$scratch/tarball" "$source"
}

# fetch_package FILE: fetches the pinned .deb from the first place that has it.
fetch_package() {
    local name version
    name=$(pin kernel-package) version=$(pin kernel-version)
    say "fetching $name $version (146 MiB)"
    # By version, if this machine's package lists know it.
    if (cd "$scratch" && apt-get download -q "$name=$version" >/dev/null 2>&1); then
        mv "$scratch"/*_all.deb "$1"
        ! has_hash "$1" "$(pin kernel-deb-sha256)" || return 0
    fi
    # By path: the mirrors that apt uses hold more suites than its lists name.
    fetch_file "$(pin kernel-deb-path)" "$(pin kernel-deb-sha256)" "$(pin kernel-deb-sha1)" "$1" \
        && return
    die "$exit_missing" "$name $version could not be fetched: no network, or it has left every archive.
    scripts/update-lock.sh kernel              moves the pin to what apt offers
    scripts/build-kernel.sh --unpinned         takes the newest of the series (other hashes)
    scripts/build-kernel.sh --source TARBALL   takes a source that you have"
}

# fetch_unpinned: sets `source` to the newest tarball of the series.
fetch_unpinned() {
    local name
    name=$(pin kernel-package)
    need_space "$cache" 600 "the kernel's source"
    mkdir -p "$scratch"
    say "fetching the newest $name: hashes will differ from those known"
    (cd "$scratch" && apt-get download -q "$name" >/dev/null 2>&1) \
        || die "$exit_missing" "apt-get download $name failed: no network, or this Debian has no such series"
    tarball_of_package "$scratch"/*.deb >"$scratch/tarball"
    source=$cache/source/$(hash_of <"$scratch/tarball").tar.xz
    mv "$scratch/tarball" "$source"
}

tarball_of_package() {
    dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' \
        || die "$exit_failed" "the package of the source could not be unpacked"
}

# unpack TARBALL: to `tree`, which is then whole, or not there at all.
unpack() {
    local whole=$scratch/tree
    need_space "$cache" 2500 "the unpacked source"
    say "unpacking $(basename "$1")"
    mkdir -p "$whole"
    tar -x -f "$1" -C "$whole" --strip-components=1 --no-same-owner \
        || die "$exit_failed" "'$1' could not be unpacked"
    [ -e "$whole/Kconfig" ] \
        || die "$exit_usage" "'$1' holds no kernel source"
    apply_patches "$whole" "${patches[@]}" \
        || die "$exit_failed" "${misfit#"$root"/} does not fit this source.
    scripts/build-kernel.sh --source TARBALL   builds it without Hammock's patches"
    [ ${#patches[@]} -eq 0 ] || remove_other_patches
    mv "$whole" "$tree"
}

# remove_other_patches: keeps the source only with the latest patches. Each copy has a gigabyte
# and a half, and can be made again in half a minute.
remove_other_patches() {
    local old
    for old in "${tree%-patched-*}"-patched-*; do rm -rf "$old"; done
}

# --- the build ----------------------------------------------------------------------------

# All inputs of the build. A directory that the user gives counts by its name only: make finds
# out what changed in it.
inputs_hash() {
    {
        printf '%s\n' "$tree"
        source_date_epoch
        # A comment changes nothing.
        cat ${config:+"$config"} "${fragments[@]}" /dev/null | sed -nE '/^(# )?CONFIG_/p'
        dpkg-query -W gcc binutils lz4
        gcc --version
        sed -n '/^set_make()/,/^}/p' "$0"
    } | sed "s|^$cache/||" | hash_of
}

# set_make: sets `make_kernel` to a make whose environment has nothing of this machine.
set_make() {
    make_kernel=(
        env -i "PATH=$PATH" "HOME=$HOME" LC_ALL=C TZ=UTC
        KBUILD_BUILD_USER=hammock KBUILD_BUILD_HOST=hammock KBUILD_BUILD_VERSION=1
        "KBUILD_BUILD_TIMESTAMP=$(date -u -d "@$(source_date_epoch)")"
        # Kconfig writes down what it finds of these, though the kernel uses none of them.
        make -C "$tree" "O=$objects" ARCH=x86_64 RUSTC=false BINDGEN=false PAHOLE=false
    )
}

# build ENTRY: fills ENTRY of the cache. bzImage comes last, and shows that the entry is whole.
build() {
    local entry=$1 objects=$1.objects log=$1.log
    need_space "$cache" 1500 "the kernel's build"
    mkdir -p "$objects"
    local make_kernel
    set_make
    configure "$log"
    compile "$log"
    rm -rf "$entry"
    mkdir -p "$entry"
    "${make_kernel[@]}" -s kernelrelease >"$entry/release"
    cp "$objects/.config" "$entry/config"
    cp "$objects/vmlinux" "$entry/vmlinux"
    cp "$objects/arch/x86/boot/bzImage" "$entry/bzImage.partial"
    mv "$entry/bzImage.partial" "$entry/bzImage"
    # A directory that the user gives may change, so its objects are kept.
    [ -d "$source" ] || rm -rf "$objects"
}

configure() {
    local log=$1 asked=$objects/.config.asked
    if [ -n "$config" ]; then
        cp "$config" "$objects/.config"
    else
        "${make_kernel[@]}" tinyconfig >"$log" 2>&1 || build_failed tinyconfig "$log"
    fi
    # If an option is set twice, the last line counts.
    cat "${fragments[@]}" /dev/null | tac \
        | awk 'match($0, /^(# )?CONFIG_[A-Za-z0-9_]+/) {
                   name = substr($0, RSTART, RLENGTH); sub(/^# /, "", name)
                   if (!seen[name]++) print }' >"$asked"
    # The old lines are removed, so that Kconfig does not complain about the new ones. (By name,
    # not by FNR == NR: without a fragment the first file is empty.)
    awk 'match($0, /^(# )?CONFIG_[A-Za-z0-9_]+/) {
             name = substr($0, RSTART, RLENGTH); sub(/^# /, "", name)
             if (FILENAME == ARGV[1]) { asked[name]; next }
             if (name in asked) next }
         FILENAME != ARGV[1]' "$asked" "$objects/.config" >"$objects/.config.partial"
    cat "$asked" >>"$objects/.config.partial"
    mv "$objects/.config.partial" "$objects/.config"
    "${make_kernel[@]}" olddefconfig >>"$log" 2>&1 || build_failed olddefconfig "$log"
    check_options "$asked" "$log"
}

# check_options ASKED LOG: Kconfig silently drops an option that it cannot set.
check_options() {
    local line name lost=() log=$2
    while IFS= read -r line; do
        case $line in
            CONFIG_*=*) grep -qxF -- "$line" "$objects/.config" || lost+=("$line") ;;
            '# CONFIG_'*' is not set')
                name=${line#\# } && name=${name% is not set}
                ! grep -q "^$name=" "$objects/.config" || lost+=("$line")
                ;;
        esac
    done <"$1"
    [ ${#lost[@]} -gt 0 ] || return 0
    rm -rf "$objects" "$log"
    die "$exit_failed" "the kernel's configuration did not keep these options
(misspelt, unknown to this version, or in want of another option):
$(printf '    %s\n' "${lost[@]}")"
}

compile() {
    local log=$1 pid
    say "building the kernel with $(nproc) processors (log: $log)"
    # make does not inherit the lock, so the lock ends with this script, and not with the last of
    # make's processes.
    "${make_kernel[@]}" -j"$(nproc)" vmlinux bzImage >>"$log" 2>&1 {build_lock}>&- &
    pid=$!
    # shellcheck disable=SC2064 # this pid, now
    trap "interrupted $pid" INT TERM
    show_progress "$pid"
    wait "$pid" || build_failed "vmlinux bzImage" "$log"
    trap - INT TERM
}

interrupted() {
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    say ""
    say "interrupted; the next run goes on from here"
    exit "$exit_interrupted"
}

# show_progress PID: one line, which is updated on a terminal, and repeated elsewhere.
show_progress() {
    local expected started=$SECONDS pause=30 ending='\n' line done_now sleeper
    expected=$(expected_objects)
    [ ! -t 2 ] || { pause=1 ending='\r'; }
    while kill -0 "$1" 2>/dev/null; do
        # make may just have removed a file; that does not matter.
        done_now=$({ find "$objects" -name '*.o' 2>/dev/null || true; } | wc -l)
        printf -v line '  %d of about %d objects, %d:%02d elapsed' "$done_now" \
            "$expected" $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
        # shellcheck disable=SC2059 # the ending is ours
        printf "%-60s$ending" "$line" >&2
        # Waits until the pause or the build is over. A trapped signal ends `wait`, too.
        sleep "$pause" {build_lock}>&- &
        sleeper=$!
        wait -n "$sleeper" "$1" || true
        kill "$sleeper" 2>/dev/null || true
    done
    [ ! -t 2 ] || printf '\n' >&2
}

# The number is known for the default configuration. For another one it grows with the number
# of options.
expected_objects() {
    local options
    options=$(sed -n '/=y$/p' "$objects/.config" | wc -l)
    printf '%d' $(($(pin kernel-objects) * options / $(pin kernel-options)))
}

build_failed() {
    say "--- the last lines of $2 ---"
    tail -n 25 "$2" >&2
    die "$exit_failed" "the kernel's build failed: make -C $tree O=$objects ARCH=x86_64 $1"
}

main "$@"
