#!/usr/bin/env bash
# Tries README's two commands on a new Debian. debootstrap makes it in a directory, and this
# script adds nothing but Swift. There a clone of HEAD has to boot and to pass its tests, first as
# root, then as an ordinary user. Needs root, and takes long.
#
#   Tests/Fresh/fresh.sh [options]
#
#   --suite NAME        bookworm (Debian 12, default) or trixie (Debian 13)
#   --seed              starts with this machine's kernel cache instead of an empty one
#   --build-twice       lets the user build the kernel too; otherwise the user gets root's
#   --keep              leaves the new system's directory behind
#   --help
#
# The log is out/fresh.log. All mounts are in a namespace that this script makes, and go with it.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/../../scripts/lib.sh" || exit 1
# shellcheck source=Tests/Support/debian.bash
. "$root/Tests/Support/debian.bash" || exit 1

suite=bookworm
seed=''
build_twice=''
keep=''

log=$out/fresh.log
work=''
namespace=''
step=''

# Where things are in the new system. Everything has to work in a path with a space.
readonly swift_there=/opt/swift/usr
readonly root_clone="/root/a place/hammock"
readonly user=newcomer
readonly user_clone=/home/$user/hammock

main() {
    parse "$@"
    # The script sets this when it starts itself as PID 1 of the namespace.
    if [ -n "${HAMMOCK_FRESH-}" ]; then
        inside
    else
        outside "$@"
    fi
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --suite) suite=$(value_of "$@"); shift 2 ;;
            --seed) seed=yes; shift ;;
            --build-twice) build_twice=yes; shift ;;
            --keep) keep=yes; shift ;;
            -h | --help) help; exit ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    case $suite in
        bookworm | trixie) ;;
        *) usage_error "--suite is bookworm or trixie, not '$suite'" ;;
    esac
}

# --- outside: what is left of the machine when the script has ended --------------------------

outside() {
    local status=0
    [ "$(id -u)" -eq 0 ] || die "$exit_missing" "only root can make another Debian"
    need_packages fresh
    need_swift
    [ "$swift_home" != /usr ] \
        || die "$exit_missing" "Swift lies in /usr, so it cannot be brought in alone"
    need_space "$cache/fresh" 9000 "another Debian"
    one_at_a_time fresh
    trap tidy EXIT
    trap 'exit $exit_interrupted' INT TERM
    work=$(mktemp -d "$cache/fresh/$suite.XXXXXX")
    : >"$log"
    start_namespace "$@"
    show_progress
    wait "$namespace" || status=$?
    namespace=''
    if [ "$status" -ne 0 ]; then
        say "--- the log's last lines ---"
        tail -n 40 "$log" >&2
        die "$exit_failed" "a new $suite did not pass (all of it: out/fresh.log)"
    fi
    grep -E '^(== .*:|greeting after|[0-9]+ passed|ok .*# skip)' "$log"
}

# start_namespace WORDS...: starts this script again, in a namespace. setpriv: if this process is
# killed, the kernel kills the other one too. env: a shell's background jobs ignore Ctrl-C, and so
# would all that the tests start in there.
start_namespace() {
    HAMMOCK_FRESH=$work HAMMOCK_FRESH_SWIFT=$swift_home \
        env --default-signal=INT,QUIT setpriv --pdeathsig KILL \
        unshare --mount --pid --fork --kill-child "$0" "$@" {build_lock}>&- &
    namespace=$!
}

# show_progress: prints the log's last line every minute, until the namespace has ended.
show_progress() {
    local sleeper
    while kill -0 "$namespace" 2>/dev/null; do
        # The trap of a signal interrupts `wait`, but would not interrupt a sleep in the
        # foreground. A sleep that is left behind must not hold the lock against the next run.
        sleep 60 {build_lock}>&- &
        sleeper=$!
        wait -n "$sleeper" "$namespace" || true
        if ! kill "$sleeper" 2>/dev/null; then
            say "  $(elapsed) $(tail -n 1 "$log" | cut -c1-80)"
        fi
    done
}

elapsed() { printf '%3d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }

# tidy: unshare ends once its child, PID 1 of the namespace, has ended. All processes and mounts
# end with PID 1. Only then can removing the directory not reach through a mount.
tidy() {
    if [ -n "$namespace" ]; then
        pkill -KILL --parent "$namespace" || true
        wait "$namespace" || true
    fi
    [ -n "$work" ] || return 0
    if [ -n "$keep" ]; then
        say "kept: $work/system"
    else
        say "$(elapsed) removing it again"
        rm -rf --one-file-system "$work"
    fi
}

# --- inside: PID 1 of a namespace of its own -------------------------------------------------

inside() {
    work=$HAMMOCK_FRESH
    system=$work/system
    trap '[ -z "$step" ] || say "$(elapsed) failed: $step"' EXIT
    # The log stays open even when its path can no longer be reached.
    exec {to_log}>>"$log"

    step "a new Debian: $suite" make_debian
    step "the clones" make_clones
    step "Swift and the mounts" enter
    step "root: scripts/boot.sh --check" as root "$root_clone" scripts/boot.sh --check
    step "root: scripts/test.sh" as root "$root_clone" scripts/test.sh
    [ -n "$build_twice" ] || step "root's cache for $user" hand_on_cache
    step "$user: scripts/boot.sh --check" as "$user" "$user_clone" scripts/boot.sh --check
    step "$user: scripts/test.sh" as "$user" "$user_clone" scripts/test.sh
    say "$(elapsed) a new $suite passes"
}

# step NAME COMMAND...: runs COMMAND as a step, and ends the script if COMMAND fails.
step() {
    step=$1
    shift
    say "$(elapsed) $step"
    say "== $step" 2>&"$to_log"
    "$@" </dev/null >&"$to_log" 2>&1
    step=''
}

# make_debian: makes the smallest system that debootstrap can make, and sets up apt in it.
make_debian() {
    local mirror sources
    sources=$(debian_sources "$suite")
    mirror=$(awk -v suite="$suite" '$3 == suite { print $2; exit }' <<<"$sources")
    [ -n "$mirror" ] || die "$exit_missing" "apt on this machine has no mirror of Debian"
    # debootstrap finds apt's proxy only in this variable.
    eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
    export http_proxy
    mkdir -p "$cache/fresh/packages"
    debootstrap --variant=minbase --cache-dir="$cache/fresh/packages" \
        "$suite" "$system" "$mirror"
    printf '%s\n' "$sources" >"$system/etc/apt/sources.list"
    apt-config dump | grep -E '^Acquire::(https?|Check|Retries)' \
        >"$system/etc/apt/apt.conf.d/network" || true
    cp /etc/resolv.conf /etc/hosts "$system/etc/"
    if grep -q ' https:' "$system/etc/apt/sources.list"; then
        # Without certificates apt could not even fetch the package that has the certificates.
        install -D -m 644 /etc/ssl/certs/ca-certificates.crt \
            "$system/etc/ssl/certs/ca-certificates.crt"
    fi
    chroot "$system" useradd --create-home --shell /bin/bash "$user"
}

make_clones() {
    clone "$root_clone"
    clone "$user_clone"
    chroot "$system" chown -R "$user:" "$user_clone"
    if [ -n "$seed" ]; then
        mkdir -p "$system/root/.cache/hammock"
        cp -a "$cache/source" "$cache/kernel" "$system/root/.cache/hammock/"
    fi
}

# clone PATH: clones HEAD, and nothing that is not in HEAD. The new system has no git yet.
clone() {
    mkdir -p "$(dirname "$system$1")"
    # With SUDO_UID git accepts a checkout that belongs to another user than root.
    SUDO_UID=$(stat -c %u "$root") git clone --quiet --no-hardlinks "$root" "$system$1"
}

# enter: makes the new system's directory the root of this namespace. In a chroot no process may
# make a user namespace.
enter() {
    mount --bind "$system" "$system"
    cd "$system"
    mount -t proc proc proc
    mount -t sysfs -o ro sysfs sys
    make_devices
    mkdir -p ".$swift_there"
    mount --bind "$HAMMOCK_FRESH_SWIFT" ".$swift_there"
    mount -o remount,bind,ro ".$swift_there"
    write_profile >etc/profile.d/fresh.sh
    # The old root lands on top of the new one. pivot_root(2)
    pivot_root . .
    umount --lazy .
    cd /
}

# make_devices: makes the devices that every Debian has, and no KVM, even if this machine has it.
make_devices() {
    local device
    mount -t tmpfs -o mode=755 tmpfs dev
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts dev/pts
    mount -t tmpfs -o mode=1777 tmpfs dev/shm
    for device in full null random tty urandom zero; do
        : >"dev/$device"
        mount --bind "/dev/$device" "dev/$device"
    done
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    ln -s fd/0 dev/stdin
    ln -s fd/1 dev/stdout
    ln -s fd/2 dev/stderr
}

# write_profile: prints what a login adds to Debian's own environment.
write_profile() {
    local name
    # shellcheck disable=SC2016 # for the shell that reads it
    printf 'PATH=%s/bin:$PATH\n' "$swift_there"
    for name in http_proxy https_proxy no_proxy; do
        [ -z "${!name-}" ] || printf 'export %s=%q\n' "$name" "${!name}"
    done
}

# as USER DIRECTORY COMMAND...: runs COMMAND as if that user had just logged in.
as() {
    su --login "$1" --command "cd ${2@Q} && ${*:3}"
}

hand_on_cache() {
    mkdir -p "/home/$user/.cache"
    mv /root/.cache/hammock "/home/$user/.cache/"
    chown -R "$user:" "/home/$user/.cache"
}

main "$@"
