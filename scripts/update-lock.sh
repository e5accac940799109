#!/usr/bin/env bash
# Moves pins of toolchain/inputs.lock and the sources of packages, and shows what changes with them.
#
#   scripts/update-lock.sh                       shows each pin beside the version here
#   scripts/update-lock.sh packages              shows each package beside Debian's newest version
#   scripts/update-lock.sh [--dry-run] NAME...   moves these pins, or packages
#
#   NAME is kernel: to the newest source of the pinned series that apt offers. It is fetched
#                   (146 MiB), checked and kept. apt-get update brings apt up to date; for
#                   another series put its package's name into the lock first.
#           swift, gcc, binutils, e2fsprogs, lz4, cpio: to the version that is installed here
#           all:    each of them
#           a package of toolchain/packages: to the newest version in Debian's unstable. The
#                   script also says which holes (CVEs) Debian's changelog names since the pinned
#                   one. e2fsprogs is a pin as well; its package is packages/e2fsprogs.
#   --dry-run       shows it, and changes nothing
#   --help
#
# Exit codes: 0 done, 2 wrong use, 3 something is missing on this machine or in the archive.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1
# shellcheck source=scripts/lib-lock-packages.sh
. "$root/scripts/lib-lock-packages.sh"

lock=$root/toolchain/inputs.lock
dry_run=''
names=()
work=''

# Removed when the script ends, however it ends.
scratch=$cache/source/scratch.$$
trap 'rm -rf "$scratch" ${work:+"$work"}' EXIT

main() {
    parse "$@"
    need_packages userspace kernel image
    need_swift
    if [ ${#names[@]} -eq 0 ]; then
        show_all
        return
    elif [ "${names[*]}" = packages ]; then
        show_packages
        return
    fi
    one_at_a_time lock
    work=$(mktemp "$lock.XXXXXX")
    cat "$lock" >"$work"
    local name
    for name in "${names[@]}"; do
        case $name in
            kernel) move_kernel ;;
            packages/*) move_package "${name#packages/}" ;;
            swift) move swift "$(version_here swift)" "$(artefacts_of swift)" ;;
            *) move "package-$name" "$(version_here "$name")" "$(artefacts_of "$name")" ;;
        esac
    done
    local moved=''
    if write_moved; then moved=yes; fi
    if ! cmp -s "$work" "$lock"; then
        moved=yes
        [ -n "$dry_run" ] || write_lock
    fi
    if [ -z "$moved" ]; then
        say "every pin stays where it is"
    elif [ -n "$dry_run" ]; then
        say "nothing was changed"
    else
        say "Now scripts/reproduce.sh --record, then scripts/test.sh"
    fi
}

write_lock() {
    chmod --reference="$lock" "$work"
    mv "$work" "$lock"
    say "toolchain/inputs.lock: written"
}

parse() {
    local packages sources
    sources=$(packages_with_a_source | tr '\n' ' ')
    packages=$(sed -n 's/^package-\([^ ]*\) .*/\1/p' "$lock" | tr '\n' ' ')
    while [ $# -gt 0 ]; do
        case $1 in
            --dry-run) dry_run=yes ;;
            -h | --help) help; exit ;;
            -*) usage_error "unknown option '$1'" ;;
            all)
                # shellcheck disable=SC2206 # one word a package
                names=(kernel swift $packages)
                ;;
            packages) names+=(packages) ;;
            *)
                if [[ " kernel swift $packages" == *" $1 "* ]]; then
                    names+=("$1")
                elif [[ " $sources" == *" ${1#packages/} "* ]]; then
                    names+=("packages/${1#packages/}")
                else
                    usage_error "there is no pin '$1': all kernel swift $packages
and no such package: $sources"
                fi
                ;;
        esac
        shift
    done
    [ -z "$dry_run" ] || [ ${#names[@]} -gt 0 ] || usage_error "--dry-run: which pins?"
    [[ " ${names[*]} " != *" packages "* || ${#names[@]} -eq 1 ]] \
        || usage_error "packages shows all packages; to move some, name them"
}

# show_all: prints each pin, and the version that it would move to.
show_all() {
    local name here package
    printf '%-12s %-24s %s\n' pin pinned here
    package=$(pin kernel-package)
    printf '%-12s %-24s %s\n' kernel "$(pin kernel-version)" "$(offered "$package")"
    for name in swift $(sed -n 's/^package-\([^ ]*\) .*/\1/p' "$lock"); do
        here=$(version_here "$name")
        printf '%-12s %-24s %s\n' "$name" "$(version_pinned "$name")" "${here:-not installed}"
    done
}

# artefacts_of NAME: the artefacts whose bytes change with the version of NAME.
artefacts_of() {
    case $1 in
        swift) echo "init, image.img, initramfs.cpio" ;;
        gcc | binutils | lz4) echo "bzImage, vmlinux, config" ;;
        e2fsprogs) echo "image.img" ;;
        cpio) echo "initramfs.cpio" ;;
    esac
}

# move PIN VALUE [ARTEFACTS]: changes the pin in the new lock, and says so.
move() {
    local old
    old=$(pin "$1")
    [ -n "$2" ] || die "$exit_missing" "$1: there is none on this machine"
    if [ "${old%+b[0-9]*}" = "$2" ]; then
        say "$1 stays at $old"
        return
    fi
    say "$1: $old -> $2${3:+; with it move $3}"
    sed -i -E "s|^($1 +)[^ ]+$|\1$2|" "$work"
}

# offered PACKAGE: the newest version that apt can fetch.
offered() {
    LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p' | grep -v none || true
}

# move_kernel: moves the version, and all pins that depend on it.
move_kernel() {
    local name version package=$scratch/package.deb tarball
    name=$(pin kernel-package)
    version=$(offered "$name")
    [ -n "$version" ] || die "$exit_missing" "apt offers no $name (apt-get update may help)"
    if [ "$version" = "$(pin kernel-version)" ]; then
        say "kernel stays at $version, the newest that apt offers"
        return
    fi
    fetch "$name" "$version" "$package"
    tarball=$scratch/tarball
    dpkg-deb --fsys-tarfile "$package" >"$scratch/files.tar"
    tar -xO --wildcards './usr/src/linux-source-*.tar.xz' <"$scratch/files.tar" >"$tarball" \
        || die "$exit_missing" "the package of $name $version holds no source"
    move kernel-version "$version" "bzImage, vmlinux, config"
    move kernel-deb-path "$deb_path"
    move kernel-deb-sha256 "$(hash_of <"$package")"
    move kernel-deb-sha1 "$(sha1sum <"$package" | cut -c1-40)"
    move kernel-tarball-sha256 "$(hash_of <"$tarball")"
    move source-date-epoch "$(released "$name")" "the date in image.img and initramfs.cpio"
    # The build will find it there.
    [ -n "$dry_run" ] || mv "$tarball" "$cache/source/$(hash_of <"$tarball").tar.xz"
}

# fetch NAME VERSION FILE: fetches the package, and checks it against apt's signed lists. Sets
# `deb_path`, its path below a mirror.
fetch() {
    local url file sum
    need_space "$cache" 900 "the kernel's source"
    mkdir -p "$scratch"
    read -r url file _ sum < <(apt-get download --print-uris "$1=$2" 2>/dev/null | tr -d "'") \
        || die "$exit_missing" "apt does not say where $1 $2 is"
    # The file's own name: in the address some characters are escaped.
    deb_path=pool/${url#*/pool/}
    deb_path=${deb_path%/*}/$file
    say "fetching $1 $2 (146 MiB)"
    (cd "$scratch" && apt-get download -q "$1=$2" >/dev/null 2>&1) \
        || die "$exit_missing" "apt-get download $1=$2 failed: no network, or the archive has dropped it"
    mv "$scratch"/*.deb "$3"
    [ "SHA256:$(hash_of <"$3")" = "$sum" ] \
        || die "$exit_missing" "the package is not the one that apt's lists name"
}

# released NAME: when that source was released, by Debian's changelog in the package.
released() {
    local changelog=$scratch/changelog
    tar -xO "./usr/share/doc/$1/changelog.Debian.gz" <"$scratch/files.tar" | gzip -d >"$changelog" \
        || die "$exit_missing" "the package of $1 has no changelog"
    dpkg-parsechangelog -l "$changelog" -S Timestamp
}

main "$@"
