# Shared by the scripts beside it, which source it; it runs nothing by itself.
# shellcheck shell=bash

set -euo pipefail
shopt -s inherit_errexit
umask 022
export LC_ALL=C
# An ordinary user does not have mke2fs and the like on the PATH.
export PATH=$PATH:/usr/sbin:/sbin

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$root/out
# Without HOME, it is the home directory that the machine has noted for this user.
[ -n "${HOME-}" ] || { unset HOME; export HOME=~; }
# Where downloads and kernels are kept. By the standard, a relative path is ignored.
cache=${XDG_CACHE_HOME:-}
[[ $cache == /* ]] || cache=$HOME/.cache
cache=$cache/hammock

# Exit codes, the same in every script. README lists them; 124 and 130 are what timeout(1)
# and an interrupted shell use.
exit_failed=1       # a build, a boot or a test failed
exit_usage=2        # an unknown option, a bad value, an input file that is not there
exit_missing=3      # the machine lacks something: a package, Swift, disk space, the network
exit_panic=4        # the guest's kernel panicked
exit_differs=5      # the same inputs made other bytes
exit_no_compare=6   # other inputs or tools than the table of hashes is for
exit_run_panic=123  # the same, where a program was run whose own codes may be as low as 4
exit_timeout=124    # the guest did not get there in time
exit_no_verdict=125 # qemu ended before the program that was to be run
exit_interrupted=130
export exit_failed exit_usage exit_missing exit_panic exit_run_panic exit_timeout
export exit_no_verdict exit_interrupted exit_differs exit_no_compare cache

say() { printf '%s\n' "$*" >&2; }

# say_result BUILT MESSAGE...: the last message of a build script. When another script called
# it, it says this only if it has built something.
say_result() {
    [ -n "$1" ] || [ -z "${HAMMOCK_NESTED-}" ] || return 0
    shift
    say "$*"
}

# die CODE MESSAGE...
die() {
    local code=$1
    shift
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit "$code"
}

# usage_error MESSAGE: wrong use; points to --help.
usage_error() { die "$exit_usage" "$* (see ${0##*/} --help)"; }

# help: prints the comment at the top of the calling script, from its second line on.
help() { sed -n '2,/^$/{s/^# \{0,1\}//p}' "$(readlink -f "$0")"; }

# value_of OPTION WORDS...: the word after an option, which must be there.
value_of() {
    [ $# -ge 2 ] || usage_error "$1 needs a value"
    printf '%s' "$2"
}

# whole_number OPTION VALUE: refuses everything but 1, 2, 3 ...
whole_number() {
    [[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || usage_error "$1 takes a whole number above 0, not '$2'"
}

# readable_file OPTION PATH
readable_file() {
    [ -e "$2" ] || die "$exit_usage" "$1: there is no '$2'"
    if [ ! -f "$2" ] || [ ! -r "$2" ]; then
        die "$exit_usage" "$1: '$2' is not a file that can be read"
    fi
}

# pin NAME: what the lock file says.
pin() {
    awk -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }' \
        "$root/toolchain/inputs.lock" \
        || die "$exit_failed" "toolchain/inputs.lock has no '$1'"
}

# source_date_epoch: the date that a build uses in place of today's, in seconds since 1970.
# SOURCE_DATE_EPOCH, which a distribution's build sets, wins over the pin.
source_date_epoch() {
    local epoch=${SOURCE_DATE_EPOCH-}
    epoch=${epoch:-$(pin source-date-epoch)}
    # For e2fsprogs 0 means now, and an inode's date ends in 2038.
    if [[ ! $epoch =~ ^[1-9][0-9]{0,9}$ ]] || [ "$epoch" -gt 2147483647 ]; then
        die "$exit_usage" "SOURCE_DATE_EPOCH is a whole number from 1 to 2147483647, not '$epoch'"
    fi
    printf '%s\n' "$epoch"
}

# hammock_version: the one that init --version says.
hammock_version() {
    local file=Sources/InitCore/CommandLine/Version.swift version
    version=$(sed -n 's/.*"Hammock init \([0-9.]*\)\\n"$/\1/p' "$root/$file")
    [ -n "$version" ] || die "$exit_failed" "$file names no version"
    printf '%s\n' "$version"
}

# hash_of: one sha256 of standard input.
hash_of() { sha256sum | cut -c1-64; }

# hash_of_files PATH...: one sha256 for the names and contents of files, directories included.
# The names are relative to the checkout, so that it may lie anywhere.
hash_of_files() {
    (cd "$root" && find "$@" -type f -print0 | sort -z | xargs -0 sha256sum | hash_of)
}

# guest_sources: what the guest's executables are compiled from, below the checkout, one a line.
guest_sources() {
    echo Package.swift
    (cd "$root" && find Sources -mindepth 1 -maxdepth 1 \
        ! -name CHost ! -name HostKit ! -name hammock-host ! -name hammock-runtime \
        ! -name BootTimeline ! -name boot-timeline | sort)
}

# up_to_date ARTEFACT INPUTS: whether the artefact is there and was made from these inputs.
up_to_date() {
    [ -e "$1" ] && [ "$(cat "$1.inputs" 2>/dev/null)" = "$2" ]
}

# put_in_place NEW ARTEFACT INPUTS: renames a whole new artefact into its place, and notes what
# it was made from. When this is interrupted, there is no note, and it is made again.
put_in_place() {
    rm -f "$2.inputs"
    mv -T "$1" "$2"
    printf '%s\n' "$3" >"$2.inputs.partial"
    mv "$2.inputs.partial" "$2.inputs"
}

# writable_directory DIRECTORY: makes it if it is missing; ends the script if it is not writable.
writable_directory() {
    if ! mkdir -p "$1" 2>/dev/null || [ ! -w "$1" ]; then
        die "$exit_missing" "cannot write to $1 (does it belong to another user?)"
    fi
}

# one_at_a_time NAME [DIRECTORY]: the second of two runs waits here until the first has ended.
# The lock is in DIRECTORY, beside what is to be made there (default: out).
one_at_a_time() {
    local lock=${2:-$out}/.$1.lock
    writable_directory "${2:-$out}"
    [ ! -e "$lock" ] || [ -w "$lock" ] || die "$exit_missing" "cannot write to $lock"
    exec {build_lock}>"$lock"
    if ! flock -n "$build_lock"; then
        say "another run is at work on this ($1); waiting for it"
        flock "$build_lock"
    fi
}

# plain_cache: refuses a cache in which nothing can be built.
plain_cache() {
    case $cache in
        *[[:space:]:]*) die "$exit_usage" "nothing can be built below '$cache':
make takes no path with a space or a colon; set XDG_CACHE_HOME to another" ;;
    esac
}

# need_space DIRECTORY MEBIBYTES PURPOSE
need_space() {
    local free
    writable_directory "$1"
    free=$(df --output=avail -BM "$1" | tail -n 1 | tr -dc 0-9)
    [ "$free" -ge "$2" ] \
        || die "$exit_missing" "$3 needs $2 MiB in $1, and $free MiB are free"
}

# --- what the machine has ---------------------------------------------------------------

# The Debian packages for each job.
packages_for() {
    case $1 in
        # Swift's own compiler needs a C++ library to link with, and git and curl for its packages.
        swift) echo curl g++ git libncurses6 libsqlite3-0 libxml2 zlib1g ;;
        # ca-certificates: Debian's snapshot archive is asked by https.
        kernel) echo bc bison ca-certificates dpkg-dev flex gcc libelf-dev lz4 make patch perl \
                xz-utils ;;
        # For init and all packages. Swift brings clang and lld; a C library for what runs in the
        # build comes with g++.
        userspace) packages_for swift && echo bzip2 ca-certificates make patch xz-utils ;;
        # A distribution's configuration has keys in it.
        kernel-config) echo libssl-dev ;;
        image) echo cpio e2fsprogs ;;
        boot) echo gcc libc6-dev qemu-system-x86 ;;
        # What makes a machine of a container image.
        run) packages_for boot && echo skopeo squashfs-tools-ng xz-utils zstd ;;
        # What hammock build makes disks with.
        artefacts) packages_for run && echo dosfstools mtools syslinux syslinux-common \
                systemd-boot-efi ;;
        ssh) echo openssh-client ;;
        test)
            echo bats binutils busybox-static crun expect musl-tools procps runc shellcheck strace \
                util-linux
            ;;
        # What makes the package hammock, beside its programs.
        deb) echo dpkg-dev ;;
        # What looks at the manual pages and at the packages.
        package) echo fish lintian mandoc zsh ;;
        clients)
            echo bubblewrap less lxc podman systemd-container
            # Debian's would take the place of a docker that came from elsewhere.
            command -v dockerd >/dev/null || echo docker.io
            ;;
        # Engines that run their containers in machines, and what the tests ask them with.
        engines)
            packages_for run && echo conmon containernetworking-plugins curl expect iproute2 \
                libvirt-clients libvirt-daemon-system lxd ovmf python3-grpcio python3-yaml runc \
                slirp4netns uidmap
            command -v kubectl >/dev/null || echo kubernetes-client
            ;;
        reproduce) echo disorderfs faketime ;;
        verdicts) echo perl ;;
        bench) echo busybox-static catatonit dumb-init finit finit-plugins runit s6 tini ;;
        fresh) echo debootstrap git procps util-linux ;;
        services) echo debootstrap util-linux ;;
    esac
}

# need_packages JOB...: installs what is missing for these jobs, or says how.
need_packages() {
    local job wanted installed missing
    command -v dpkg-query >/dev/null \
        || die "$exit_missing" "this needs Debian 12 or 13 (there is no dpkg-query here)"
    wanted=$(for job; do packages_for "$job"; done | tr ' ' '\n' | sort -u)
    # shellcheck disable=SC2086 # one word a package
    installed=$({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null || true; } \
        | sed -n 's/^installed //p' | sort -u)
    missing=$(comm -23 <(printf '%s\n' "$wanted") <(printf '%s\n' "$installed") | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    say "missing Debian packages: $missing"
    # shellcheck disable=SC2086
    install_packages $missing
}

# install_packages PACKAGE...
install_packages() {
    local as_root=() log=$out/apt.log
    local install=(apt-get install --yes --no-install-recommends "$@")
    if [ "$(id -u)" -ne 0 ]; then
        if ! { command -v sudo && [ -t 0 ]; } >/dev/null; then
            die "$exit_missing" "install them as root, then run this again:
    apt-get update && ${install[*]}"
        fi
        as_root=(sudo)
    fi
    mkdir -p "$out"
    say "installing them: ${as_root[*]}${as_root:+ }${install[*]}"
    if ! { "${as_root[@]}" apt-get update \
        && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}"; } \
        >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        die "$exit_missing" "apt-get failed (all of it: $log)"
    fi
}

# version_here PACKAGE: the version that a build uses on this machine. Debian's package gcc only
# names another package, the compiler's own. +bN is Debian's rebuild of the same source, and is
# left out.
version_here() {
    local package=$1 version
    case $package in
        swift) swift_version; return ;;
        gcc) package=gcc-$(gcc -dumpversion 2>/dev/null | cut -d. -f1) ;;
    esac
    version=$(dpkg-query -W -f '${Version}\n' "$package" 2>/dev/null | head -n 1) || true
    printf '%s' "${version%+b[0-9]*}"
}

# version_pinned PACKAGE
version_pinned() {
    local version
    case $1 in swift) version=$(pin swift) ;; *) version=$(pin "package-$1") ;; esac
    printf '%s' "${version%+b[0-9]*}"
}

# warn_of_versions PACKAGE...: names the tools whose version is not the one in the lock. swift
# is one of them: its compiler and linker (lld) make init's bytes.
warn_of_versions() {
    local package here pinned
    for package; do
        here=$(version_here "$package") pinned=$(version_pinned "$package")
        [ "$here" = "$pinned" ] \
            || say "note: $package is ${here:-not installed} here and $pinned in the lock: the bytes will differ"
    done
}

# need_swift: sets `swift_info`, what the compiler says of itself, and `swift_home`, its
# directory usr/. Ends the script if this Swift is missing or too old.
need_swift() {
    local minimum version
    minimum=$(pin swift-minimum)
    command -v swiftc >/dev/null || die "$exit_missing" "$(no_swift "Swift is missing")"
    # swiftc leaves an empty directory behind at each call, and this one happens at each boot.
    local scratch
    scratch=$(mktemp -d)
    swift_info=$(TMPDIR=$scratch swiftc -print-target-info 2>/dev/null) || true
    rm -rf "$scratch"
    version=$(swift_version)
    [ "$(printf '%s\n' "$minimum" "$version" | sort -V | head -n 1)" = "$minimum" ] \
        || die "$exit_missing" "$(no_swift "Swift ${version:-of an unknown version} is too old")"
    # swiftc may be a wrapper (swiftly's, say); only Swift itself knows where it is.
    swift_home=$(sed -n 's/.*"runtimeResourcePath": "\(.*\)\/lib\/swift".*/\1/p' <<<"$swift_info")
    [ -e "$swift_home/lib/swift/embedded/Swift.swiftmodule/x86_64-unknown-linux-gnu.swiftmodule" ] \
        || die "$exit_missing" \
            "$(no_swift "Swift $version in $swift_home has no Embedded Swift for x86-64 Linux")"
}

swift_version() { sed -n 's/.*"compilerVersion": "Swift version \([0-9.]*\).*/\1/p' <<<"$swift_info"; }

no_swift() {
    printf '%s; Hammock needs %s or newer, which Debian does not ship.\n' \
        "$1" "$(pin swift-minimum)"
    printf 'Its official installer is at https://www.swift.org/install/linux/ (swiftly, or a tarball).'
}
