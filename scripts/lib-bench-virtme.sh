# scripts/bench.sh: compares boot.sh with virtme-ng, another tool that runs one program on a kernel
# of one's own. Sourced by scripts/bench.sh.
#
# virtme-ng boots the same source with toolchain/kernel/virtme.config on top of ours, and has the
# host's files for its root.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what scripts/lib.sh and scripts/bench.sh set and read

virtme_version='' # once it can be measured
vng_root=()       # its options for the root by which it is fastest here

# The tools that run a program to its end.
readonly runners=(microvm.ours q35.ours virtme)
# How long that may take, in seconds.
readonly run_patience=120

# prepare_virtme: sets `virtme_version`. It is no failure if vng is missing.
prepare_virtme() {
    if ! command -v vng >/dev/null; then
        say "there is no vng on the PATH: leaving out virtme-ng (pip install virtme-ng)"
        return
    fi
    virtme_version=$(vng --version) || die "$exit_failed" "vng does not say its version"
    "$root/scripts/build-kernel.sh" --fragment "$root/toolchain/kernel/virtme.config" \
        --output "$work/kernels/virtme"
    musl-gcc -Os -static -s -o "$work/true" -x c - <<<'int main(void) { return 0; }'
    image run "$work/tree/ours" --add "$work/true:/true"
    mkdir "$work/shared" "$work/bin"
    # Both find this qemu on the PATH. It is a wrapper that notes when it was started.
    cat >"$work/bin/qemu-system-x86_64" <<END
#!/bin/bash
printf '%s\n' "\${EPOCHREALTIME/[.,]/}" >'$work/qemu-started'
exec '$(command -v qemu-system-x86_64)' "\$@"
END
    chmod +x "$work/bin/qemu-system-x86_64"
}

# warm_up: a first run reads from the disk and compiles Python, so it is not measured. Sets
# `vng_root`.
warm_up() {
    local runner command whole=0 guest by_default
    [ -n "$virtme_version" ] || return 0
    for runner in "${runners[@]}" virtme; do
        run_command "$runner"
        run_to_end || { say "a program, $runner: a first run has failed"; whole=0; }
    done
    by_default=$whole
    # vng takes virtiofs if it finds the daemon, and waits seconds for a daemon that cannot run.
    vng_root=(--force-9p)
    run_command virtme
    if ! run_to_end || { [ "$by_default" -gt 0 ] && [ "$by_default" -le "$whole" ]; }; then
        vng_root=()
    fi
}

# measure_runs RUN: one of each.
measure_runs() {
    local runner command whole guest
    [ -n "$virtme_version" ] || return 0
    for runner in "${runners[@]}"; do
        ! sits_out "$runner" || continue
        run_command "$runner"
        if ! run_to_end; then
            cat "$work/complaints" >&2
            failed "$runner" "$1: a program, $runner"
            continue
        fi
        sample run-whole "$runner" "$whole"
        sample run-guest "$runner" "$guest"
        [ "$runner" != virtme ] || sample boot virtme "$guest"
        say "$1: a program, $runner: $whole ms, of these since qemu's start: $guest ms"
    done
}

# run_command RUNNER: sets `command`, which boots to run one program.
run_command() {
    if [ "$1" = virtme ]; then
        vng_command "touch '$work/shared/ran'"
    else
        command=("$work/checkout/scripts/boot.sh" --quiet --accel "$accel" --machine "${1%.ours}"
            --kernel "$work/kernels/ours" --image "$work/run.img" --timeout "$run_patience"
            -- /true)
    fi
}

# vng_command PROGRAM [OPTION...]: sets `command`. If a host has no udev, vng does not learn how
# its program has ended; a file that the program leaves in a directory of the host shows it.
vng_command() {
    # In a process group of its own, which timeout ends as a whole. Its Python code is compiled
    # once, as usual, even if the environment says otherwise.
    command=(timeout --kill-after 5 "$run_patience" env -C / -u PYTHONDONTWRITEBYTECODE
        "PYTHONPYCACHEPREFIX=$work/python" vng --run "$work/kernels/virtme/bzImage"
        "${vng_root[@]}" --rwdir "$work/shared" --exec "$1" "${@:2}")
    [ "$accel" = kvm ] || command+=(--disable-kvm)
}

# run_to_end: runs `command`. Sets `whole` and `guest`, the milliseconds from its start and from
# qemu's to its end.
run_to_end() {
    local status=0 begun ended qemu
    rm -f "$work/shared/ran" "$work/qemu-started"
    begun=${EPOCHREALTIME/./}
    PATH=$work/bin:$PATH setpriv --pdeathsig TERM "${command[@]}" \
        >"$work/said" 2>"$work/complaints" </dev/null &
    running[$!]=TERM
    wait $! || status=$?
    ended=${EPOCHREALTIME/./}
    running=()
    if [ "${command[0]}" = timeout ]; then
        [ -e "$work/shared/ran" ] || return
    else
        [ "$status" -eq 0 ] || return
    fi
    read -r qemu <"$work/qemu-started" || return
    whole=$(((ended - begun) / 1000)) guest=$(((ended - qemu) / 1000))
}

# --- the table ------------------------------------------------------------------------------

header_of_virtme() {
    if [ -z "$virtme" ]; then
        return
    elif [ -z "$virtme_version" ]; then
        echo "  virtme-ng: there is no vng on the PATH (pip install virtme-ng)"
        return
    fi
    echo "  virtme-ng: ${virtme_version#virtme-ng }, on the same source with virtme.config;" \
        "$(udev_here)"
    echo "    its root by ${vng_root[*]:-its default}, which is faster here; all else by default"
    cat <<END
    to run true: a program that does nothing, from the start of \`boot.sh --quiet -- /true\` and
      of \`vng --exec\` to their ends, or from that of their qemus; vng's leaves an empty file
END
}

udev_here() {
    local file
    for file in /usr/lib/systemd/systemd-udevd /lib/systemd/systemd-udevd; do
        [ ! -x "$file" ] || { echo "its guest starts this machine's udev"; return; }
    done
    echo "its guest has no udev to start"
}

table_of_virtme() {
    local place
    for place in microvm q35; do
        row run-whole "$place.ours" virtme "$place, ms to run true, the whole command: virtme-ng"
        row run-guest "$place.ours" virtme "$place, ms to run true, from qemu's start: virtme-ng"
        row boot "$place.ours" virtme "$place, ms to the greeting: virtme-ng to the end of true"
    done
}
