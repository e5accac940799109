#!/usr/bin/env bash
# Builds packages of the user space from source: out/packages/NAME has the files of each.
#
#   scripts/build-package.sh NAME...   builds these, and what they need
#   scripts/build-package.sh --all     builds each one of toolchain/packages
#   scripts/build-package.sh --list    names them, one a line, with their version
#   scripts/build-package.sh --help
#
# A package is a directory of toolchain/packages:
#
#   source    where its source comes from: sha256, sha1, and the path in Debian's pool. Or the
#             word kernel: the source that the kernel is built from.
#   patches/  what is changed in it, in the order of the names
#   needs     packages whose headers and libraries it is built with, one a line
#   license   its licence, by the name in the SPDX list
#   build.sh  builds it, in the directory of its source, and puts its files below $DEST
#   config    what build.sh reads: options
#
# build.sh finds `cc`, which makes static executables for the guest by toolchain/packages/cc.cfg,
# `hostcc` for a program that the build itself runs, and LLVM's ar, ranlib, nm, strip and ld. There
# is nothing of this machine in its environment, and no network. JOBS is the number of processors.
#
# A package is built once, and kept under the hash of all its inputs in ~/.cache/hammock (or
# $XDG_CACHE_HOME/hammock). A build that fails or is interrupted leaves nothing that counts.
#
# Exit codes: 0 done, 1 a build failed, 2 wrong use, 3 something is missing on this machine,
# 130 interrupted.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1
# shellcheck source=scripts/lib-source.sh
. "$root/scripts/lib-source.sh"

recipes=$root/toolchain/packages
wanted=()      # the packages that the user names
order=()       # the packages to build, each behind those that it needs
declare -A entry_of state builder=()

main() {
    parse "$@"
    plain_cache
    need_packages userspace
    need_swift
    warn_of_versions swift
    trap 'exit $exit_interrupted' INT TERM HUP
    local name missing=()
    # A package's hash has those of the packages that it needs in it.
    for name in "${order[@]}"; do entry_of[$name]=$cache/packages/$name-$(inputs_hash "$name"); done
    if are_put_out; then
        say_result '' "out/packages: ${wanted[*]}"
        return
    fi
    for name in "${order[@]}"; do is_built "$name" || missing+=("$name"); done
    if [ ${#missing[@]} -gt 0 ]; then
        # All checkouts share the cache. After waiting, this script may find the work done.
        one_at_a_time packages "$cache"
        need_space "$cache" 500 "a build of packages"
        trap end_builds EXIT
        build_missing
    fi
    one_at_a_time packages
    for name in "${order[@]}"; do put_out "$name"; done
    say_result "${missing[*]}" "out/packages: ${order[*]}"
}

parse() {
    local name
    [ $# -gt 0 ] || usage_error "which package? --list names them"
    while [ $# -gt 0 ]; do
        case $1 in
            --all) mapfile -t -O "${#wanted[@]}" wanted < <(all_packages); shift ;;
            --list) list; exit ;;
            -h | --help) help; exit ;;
            -*) usage_error "unknown option '$1'" ;;
            *) wanted+=("$1"); shift ;;
        esac
    done
    for name in "${wanted[@]}"; do
        if [[ ! $name =~ ^[a-z0-9-]+$ ]] || [ ! -e "$recipes/$name/build.sh" ]; then
            usage_error "there is no package '$name'; --list names them"
        fi
        put_in_order "$name"
    done
}

all_packages() { (cd "$recipes" && printf '%s\n' */build.sh) | sed 's,/build.sh$,,'; }

list() {
    local name
    for name in $(all_packages); do printf '%-14s %s\n' "$name" "$(version_of "$name")"; done
}

# put_in_order NAME [PATH]: adds it to `order`, behind what it needs. PATH is the packages that led
# to this one.
put_in_order() {
    local needed path=${2-}
    [[ " ${order[*]} " != *" $1 "* ]] || return 0
    [[ " $path " != *" $1 "* ]] \
        || die "$exit_failed" "toolchain/packages: these need each other:$path $1"
    for needed in $(needs_of "$1"); do
        [ -e "$recipes/$needed/build.sh" ] \
            || die "$exit_failed" "toolchain/packages/$1/needs: there is no package '$needed'"
        put_in_order "$needed" "$path $1"
    done
    order+=("$1")
}

needs_of() { cat "$recipes/$1/needs" 2>/dev/null || true; }

# version_of NAME: by the name of its source, or the kernel's version.
version_of() {
    local path
    path=$(cut -d' ' -f3 "$recipes/$1/source")
    if [ -z "$path" ] || [ "$path" = kernel ]; then pin kernel-version; return; fi
    path=${path##*/}
    path=${path#*_}
    printf '%s\n' "${path%.orig.tar.*}"
}

# --- what is built already ------------------------------------------------------------------

is_built() { [ -e "${entry_of[$1]}" ]; }

# inputs_hash NAME: of all that its bytes may depend on.
inputs_hash() {
    local needed
    {
        hash_of_files "toolchain/packages/$1" toolchain/packages/cc.cfg
        for needed in $(needs_of "$1"); do printf '%s\n' "${entry_of[$needed]##*/}"; done
        [ "$(cat "$recipes/$1/source")" != kernel ] || kernel_source identity
        source_date_epoch
        printf '%s\n' "$swift_info"
        sed -n '/^# --- one build /,/^# --- many builds /p' "$0"
    } | hash_of | cut -c1-32
}

# kernel_source WHAT: of the kernel's source its path, or its identity.
kernel_source() { HAMMOCK_NESTED=yes "$root/scripts/build-kernel.sh" "--source-$1"; }

# are_put_out: whether out/packages has all that is wanted. Then it does not matter whether the
# cache is still there.
are_put_out() {
    local name
    for name in "${wanted[@]}"; do
        up_to_date "$out/packages/$name" "${entry_of[$name]##*/}" || return 1
    done
}

# put_out NAME: out/packages/NAME has the package's files.
put_out() {
    local place=$out/packages/$1 entry=${entry_of[$1]}
    if up_to_date "$place" "${entry##*/}"; then return; fi
    writable_directory "$out/packages"
    rm -rf "$place" "$place.partial"
    cp -R --preserve=mode,timestamps "$entry" "$place.partial"
    put_in_place "$place.partial" "$place" "${entry##*/}"
}

# --- one build ------------------------------------------------------------------------------

# build_one NAME: from its source to its entry in the cache. A process of its own, whose parent
# removes what it leaves when it fails.
build_one() {
    local name=$1 entry=${entry_of[$1]} work log kernel=''
    work=$entry.work log=$entry.log
    # What a build that was killed has left.
    rm -rf "$work"
    mkdir -p "$work"/{build,dest,sysroot,tools,home}
    get_source "$name"
    local needed
    for needed in $(needs_of "$name"); do
        # Links, and not a copy: no build writes to the files of another.
        cp -Rl "${entry_of[$needed]}/." "$work/sysroot"
    done
    make_tools
    run_recipe "$name" >"$log" 2>&1 </dev/null || {
        say "--- errors and the last lines of $log ---"
        { grep -E -m 5 'error:|\*\*\*' "$log" || true; tail -n 15 "$log"; } >&2
        die "$exit_failed" "$name could not be built (all of it: $log)"
    }
    finish "$work/dest"
    mv -T "$work/dest" "$entry"
    rm -rf "$work" "$log"
}

# get_source NAME: unpacks it into $work/build, and patches it. Of the kernel's source it sets
# `kernel`, where that is.
get_source() {
    local sha256 sha1 path file patches
    read -r sha256 sha1 path <"$recipes/$1/source"
    if [ "$sha256" = kernel ]; then
        kernel=$(kernel_source path)
        return
    fi
    file=$cache/source/$sha256.${path##*.orig.}
    if ! has_hash "$file" "$sha256"; then
        [ ! -e "$file" ] || say "$file is not what it was; fetching it again"
        fetch_file "$path" "$sha256" "$sha1" "$work/source" \
            || die "$exit_missing" "the source of $1 could not be fetched: no network, or it has \
left every archive. If you have ${path##*/}, put it there: $file"
        mkdir -p "$cache/source"
        mv "$work/source" "$file"
    fi
    tar -x -f "$file" -C "$work/build" --strip-components=1 --no-same-owner \
        || die "$exit_failed" "'$file' could not be unpacked"
    patches=("$recipes/$1"/patches/*.patch)
    [ -e "${patches[0]}" ] || return 0
    apply_patches "$work/build" "${patches[@]}" \
        || die "$exit_failed" "${misfit#"$root"/} does not fit the source of $1"
}

# make_tools: what the recipe finds first on its PATH.
make_tools() {
    local tools=$work/tools name llvm=$swift_home/bin
    local options=("--config=$recipes/cc.cfg" "--sysroot=$work/sysroot"
        "-ffile-prefix-map=$work=/hammock")
    printf '#!/bin/sh\nexec %s %s "$@"\n' "${llvm@Q}/clang" "${options[*]@Q}" >"$tools/cc"
    printf '#!/bin/sh\nexec %s "$@"\n' "${llvm@Q}/clang" >"$tools/hostcc"
    # This machine's compilers would take its headers and libraries.
    for name in gcc g++ c++ clang c89 c99; do
        printf '#!/bin/sh\necho "error: a recipe says cc, or hostcc, and not %s" >&2\nexit 1\n' \
            "$name" >"$tools/$name"
    done
    chmod 755 "$tools"/*
    for name in ar ranlib; do ln -s "$llvm/llvm-ar" "$tools/$name"; done
    for name in objcopy strip; do ln -s "$llvm/llvm-objcopy" "$tools/$name"; done
    ln -s "$llvm/llvm-nm" "$tools/nm"
    ln -s "$llvm/ld.lld" "$tools/ld"
}

# run_recipe NAME: its build.sh, with nothing of this machine in the environment. pkg-config, if
# there is one, knows nothing of this machine's libraries.
run_recipe() {
    local alone=()
    # Without a network, where that can be had.
    ! unshare --user --map-root-user --net true 2>/dev/null \
        || alone=(unshare --user --map-root-user --net)
    cd "$work/build"
    "${alone[@]}" env -i "PATH=$work/tools:/usr/bin:/bin" "HOME=$work/home" "TMPDIR=$work/home" \
        LC_ALL=C TZ=UTC "SOURCE_DATE_EPOCH=$(source_date_epoch)" KCONFIG_NOTIMESTAMP=1 \
        CFLAGS=-Os CC=cc HOSTCC=hostcc AR=ar RANLIB=ranlib NM=nm STRIP=strip OBJCOPY=objcopy \
        "PKG_CONFIG_LIBDIR=$work/sysroot/usr/lib/pkgconfig" \
        "JOBS=$(nproc)" "DEST=$work/dest" "RECIPE=$recipes/$1" "KERNEL_SOURCE=$kernel" \
        bash -euo pipefail "$recipes/$1/build.sh"
}

# finish DIRECTORY: executables without symbols; the same modes and dates wherever it was built.
finish() {
    local file
    while IFS= read -r -d '' file; do
        [ "$(head -c 4 "$file" | tr -d '\0')" = $'\x7fELF' ] || continue
        "$work/tools/objcopy" --strip-all --remove-section=.comment "$file"
    done < <(find "$1" -type f -perm /111 -print0)
    chmod -R u=rwX,go=rX "$1"
    find "$1" -exec touch -h -d "@$(source_date_epoch)" {} +
}

# --- many builds ----------------------------------------------------------------------------

# build_missing: builds what is not there, each package as soon as what it needs is there.
build_missing() {
    local name todo=0 number=0 running=0 pid status
    for name in "${order[@]}"; do
        state[$name]=built
        is_built "$name" || { state[$name]=waiting todo=$((todo + 1)); }
    done
    while true; do
        for name in "${order[@]}"; do
            if [ "${state[$name]}" != waiting ] || ! is_ready "$name"; then continue; fi
            number=$((number + 1)) running=$((running + 1)) state[$name]=running
            say "[$number/$todo] building $name $(version_of "$name") (log: ${entry_of[$name]}.log)"
            # A group of processes of its own, which can be ended as a whole.
            set -m
            build_one "$name" {build_lock}>&- &
            set +m
            builder[$!]=$name
        done
        [ "$running" -gt 0 ] || return 0
        status=0
        wait -n -p pid "${!builder[@]}" || status=$?
        name=${builder[$pid]}
        unset "builder[$pid]"
        [ "$status" -le 128 ] || die "$exit_failed" "$name could not be built: it was killed"
        [ "$status" -eq 0 ] || exit "$status"
        running=$((running - 1)) state[$name]=built
        say "      built $name"
    done
}

# is_ready NAME: whether all that it needs is built.
is_ready() {
    local needed
    for needed in $(needs_of "$1"); do
        [ "${state[$needed]}" = built ] || return 1
    done
}

# end_builds: ends those that still run, and removes what they have made so far.
end_builds() {
    local groups=() pid name deadline=$((SECONDS + 10))
    trap '' INT TERM HUP
    # The shell's own list has a build also if a signal came before `builder` had it.
    for pid in $(jobs -p); do groups+=("-$pid"); done
    if [ ${#groups[@]} -gt 0 ]; then
        kill -TERM -- "${groups[@]}" 2>/dev/null || true
        while [ "$SECONDS" -lt "$deadline" ] && kill -0 -- "${groups[@]}" 2>/dev/null; do
            sleep 0.05
        done
        kill -KILL -- "${groups[@]}" 2>/dev/null || true
    fi
    for name in "${!state[@]}"; do
        [ "${state[$name]}" != running ] || rm -rf "${entry_of[$name]}.work"
    done
}

main "$@"
