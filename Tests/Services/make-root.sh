#!/usr/bin/env bash
# Makes the root of a Debian with services in it, as a tar for scripts/boot.sh --root, and prints
# the tar's path. Nothing is started in it. Needs root, and some minutes.
#
#   Tests/Services/make-root.sh
#   scripts/boot.sh --root "$(Tests/Services/make-root.sh)" -- /bin/true
#
#   --suite NAME        bookworm (Debian 12) or trixie (Debian 13); default: this machine's
#   --packages "NAMES"  these of Debian's packages in place of the services
#   --help
#
# The tar is kept in the cache, by what it is made from: this script, the suite, the packages,
# and where this machine's apt gets them. A newer version of a package is no reason to make it
# anew; deleting the tar is.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/../../scripts/lib.sh" || exit 1
# shellcheck source=Tests/Support/debian.bash
. "$root/Tests/Support/debian.bash" || exit 1

# What the tests start, servers of each kind (forking, notifying, ordinary), and their clients.
packages=(nginx curl redis-server cron mosquitto mosquitto-clients openssh-server
    openssh-client postgresql)

suite=''
work=''
trap 'if [ -n "$work" ]; then rm -rf "$work"; fi' EXIT
trap 'exit $exit_interrupted' INT TERM HUP

main() {
    parse "$@"
    # Set by this script for itself, where it runs as PID 1 of a namespace.
    if [ -n "${HAMMOCK_SERVICES_ROOT-}" ]; then
        make_system "$HAMMOCK_SERVICES_ROOT"
        return
    fi
    [ "$(id -u)" -eq 0 ] || die "$exit_missing" "only root can make another Debian"
    need_packages services
    local place=$cache/services tar sources
    sources=$(debian_sources "$suite")
    [ -n "$sources" ] || die "$exit_missing" "apt on this machine has no mirror of Debian"
    one_at_a_time services-root "$place"
    tar=$place/$suite-$({ printf '%s\n' "$sources" "${packages[*]}"
        cat "$(readlink -f "$0")"; } | hash_of).tar
    if [ ! -e "$tar" ]; then
        need_space "$place" 2500 "a Debian with services"
        work=$(mktemp -d "$place/.root.XXXXXX")
        make_tar "$work/tar" >"$place/log" 2>&1 || {
            tail -n 15 "$place/log" >&2
            die "$exit_failed" "the Debian could not be made (all of it: $place/log)"
        }
        mv "$work/tar" "$tar"
    fi
    printf '%s\n' "$tar"
}

parse() {
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    while [ $# -gt 0 ]; do
        case $1 in
            --suite) suite=$(value_of "$@"); shift 2 ;;
            --packages) read -ra packages <<<"$(value_of "$@")"; shift 2 ;;
            -h | --help) help; exit ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    [[ $suite =~ ^(bookworm|trixie)$ ]] \
        || usage_error "--suite is bookworm or trixie, not '$suite'"
}

# make_tar FILE: the mounts and the processes of the installation are in namespaces, and go with
# them, however this ends.
make_tar() {
    mkdir -m 755 "$work/root"
    HAMMOCK_SERVICES_ROOT=$work/root unshare --mount --pid --fork --kill-child \
        "$(readlink -f "$0")" --suite "$suite" --packages "${packages[*]}" {build_lock}>&- || return
    tar -C "$work/root" --numeric-owner --sort=name --xattrs '--xattrs-include=*' -cf "$1" .
}

# make_system DIRECTORY
make_system() {
    local system=$1 mirror sources
    set -x
    sources=$(debian_sources "$suite")
    mirror=$(awk -v suite="$suite" '$3 == suite { print $2; exit }' <<<"$sources")
    # debootstrap knows apt's proxy only by this name.
    eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
    export http_proxy
    debootstrap --variant=minbase "$suite" "$system" "$mirror"
    printf '%s\n' "$sources" >"$system/etc/apt/sources.list"
    borrow_network
    # The packages' scripts ask it before they start anything.
    printf '#!/bin/sh\nexit 101\n' >"$system/usr/sbin/policy-rc.d"
    chmod 755 "$system/usr/sbin/policy-rc.d"
    # debootstrap may have left one of its own here.
    mountpoint -q "$system/proc" || mount -t proc proc "$system/proc"
    # Where this machine has others than these, they do not reach into the system.
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root
    chroot "$system" apt-get update
    chroot "$system" apt-get install --yes --no-install-recommends "${packages[@]}"
    chroot "$system" apt-get clean
    enable_database
    umount "$system/proc"
    return_network
}

# enable_database: a link, where systemd has a generator look for the clusters.
enable_database() {
    local cluster
    for cluster in "$system"/etc/postgresql/*/*; do
        [ -e "$cluster" ] || continue
        cluster=${cluster#"$system/etc/postgresql/"}
        ln -s /lib/systemd/system/postgresql@.service \
            "$system/etc/systemd/system/multi-user.target.wants/postgresql@${cluster/\//-}.service"
    done
}

# borrow_network: this machine's, for the installation.
borrow_network() {
    cp /etc/resolv.conf /etc/hosts "$system/etc/"
    apt-config dump | grep -E '^Acquire::(https?|Check|Retries)' \
        >"$system/etc/apt/apt.conf.d/network" || true
    # Without these, the package of these could not be fetched either.
    install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$system/etc/ssl/certs/borrowed.crt"
    printf 'Acquire::https::CAInfo "/etc/ssl/certs/borrowed.crt";\n' \
        >>"$system/etc/apt/apt.conf.d/network"
}

# return_network: what would be of this machine, and what only fills the disk, is removed.
return_network() {
    rm -rf "$system/usr/sbin/policy-rc.d" "$system/etc/apt/apt.conf.d/network" \
        "$system/etc/ssl/certs/borrowed.crt" "$system/etc/resolv.conf" \
        "$system"/var/lib/apt/lists/* "$system"/var/cache/apt/*.bin "$system"/var/log/*.log
    printf 'debian\n' >"$system/etc/hostname"
    printf '127.0.0.1 localhost debian\n::1 localhost\n' >"$system/etc/hosts"
}

main "$@"
