# scripts/bench.sh, the part `run`: hammock run, and podman with hammock-runtime, beside podman with
# runc and with crun, which give the same image no kernel of its own. Sourced by scripts/bench.sh.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what scripts/lib.sh and scripts/bench.sh set and read

# Who runs the image's program: hammock run, or podman with one of these runtimes.
image_runners=(hammock hammock-runtime runc crun)
readonly bench_image=localhost/hammock-bench
# How many machines of one image share the host's memory.
readonly machine_counts=(1 10 20)
readonly run_bytes=100000000

measure_run() {
    local who run
    need_packages run clients
    [ "$(id -u)" -eq 0 ] || { say "only root can make a Debian to run: leaving out run"; return; }
    prepare_image
    leave_out_engines
    for run in $(seq "$runs"); do
        measure_first_run || failed run-first "run $run of $runs: the first run of an image"
        measure_greeting_beside
        for who in "${image_runners[@]}"; do
            if measure_image_run "$who"; then
                say "run $run of $runs: true in an image, $who"
            else
                failed "run.$who" "run $run of $runs: true in an image, $who"
            fi
        done
    done
    measure_machines
    podman rmi -f "$bench_image" >/dev/null 2>&1 || true
}

# prepare_image: an archive with one layer, a Debian with a few services, and the same in podman.
prepare_image() {
    local tree
    tree=$("$root/Tests/Services/make-root.sh")
    podman import -q "$tree" "$bench_image" >/dev/null
    podman save -q --format oci-archive -o "$work/image.oci" "$bench_image" >/dev/null
    sample run-size hammock "$(stat -c %s "$work/image.oci")"
    "$root/scripts/hammock" doctor >/dev/null
    in_image hammock true </dev/null || die "$exit_failed" "hammock run runs nothing"
}

# leave_out_engines: those that run no container here. crun refuses hybrid cgroups.
leave_out_engines() {
    local who able=(hammock)
    for who in hammock-runtime runc crun; do
        if in_image "$who" true </dev/null 2>>"$work/complaints"; then
            able+=("$who")
        else
            say "podman runs no container with $who: leaving it out"
        fi
    done
    image_runners=("${able[@]}")
}

# in_image RUNNER WORDS...: runs a program of the image.
in_image() {
    local who=$1
    shift
    case $who in
        hammock)
            XDG_CACHE_HOME=$work/cache "$root/scripts/hammock" run --accel "$accel" \
                "$work/image.oci" -- "$@"
            ;;
        # podman may not raise limits in a container of its own, as it does by default.
        *) podman --runtime "$(runtime_of "$who")" run --rm -i --ulimit nofile=1024:1024 \
            --ulimit nproc=4096:4096 "$bench_image" "$@" ;;
    esac
}

# runtime_of NAME: what podman is told.
runtime_of() { if [ "$1" = hammock-runtime ]; then echo "$out/$1"; else echo "$1"; fi; }

# timed MEASURE WHO COMMAND...: a sample in ms.
timed() {
    local measure=$1 who=$2 began=${EPOCHREALTIME/./}
    shift 2
    "$@" 2>>"$work/complaints" || return
    sample "$measure" "$who" $(((${EPOCHREALTIME/./} - began) / 1000))
}

measure_image_run() {
    timed run-true "$1" in_image "$1" true </dev/null || return
    timed run-out "$1" in_image "$1" head -c "$run_bytes" /dev/zero >"$work/stream" </dev/null \
        || return
    [ "$(stat -c %s "$work/stream")" -eq "$run_bytes" ] || return
    timed run-in "$1" in_image "$1" sh -c 'cat >/dev/null' <"$work/stream"
}

# measure_greeting_beside: the friendly boot of the same machine, without a program.
measure_greeting_beside() {
    local said
    said=$("$root/scripts/boot.sh" --check --accel "$accel" --initramfs 2>/dev/null) || return 0
    sample run-true greeting "$(sed -n 's/^greeting after \([0-9]*\) ms.*/\1/p' <<<"$said")"
}

# measure_first_run: into an empty cache, and into podman's storage without the image.
measure_first_run() {
    rm -rf "$work/cache"
    timed run-first hammock in_image hammock true </dev/null || return
    podman rmi -f "$bench_image" >/dev/null 2>&1 || true
    timed run-first load podman load -q -i "$work/image.oci" >/dev/null
}

# measure_machines: what each of several machines of one image takes of the host's memory, kB.
measure_machines() {
    local count number total process
    for count in "${machine_counts[@]}"; do
        for number in $(seq "$count"); do
            XDG_CACHE_HOME=$work/cache "$root/scripts/hammock" run --accel "$accel" \
                --name "bench-$number" "$work/image.oci" -- sh -c 'echo begin; sleep 86400' \
                >"$work/began.$number" 2>>"$work/complaints" </dev/null &
            running[$!]=KILL
        done
        for number in $(seq "$count"); do await_line "$work/began.$number" || return; done
        total=0
        for process in $(pgrep -f 'hammock[-0-9a-z]*/bench-[0-9]*/port'); do
            total=$((total + $(awk '$1 == "Pss:" { print $2 }' "/proc/$process/smaps_rollup")))
        done
        sample "run-memory-$count" hammock $((total / count))
        end_running
        rm -f "$work"/began.*
    done
}

# await_line FILE: until something is in it; fails after two minutes.
await_line() {
    local deadline=$((SECONDS + 120))
    until [ -s "$1" ]; do
        [ $SECONDS -lt $deadline ] || return
        sleep 0.1
    done
}

header_of_run() {
    echo "  run: $accel, 512 MiB; podman $(version_of podman), runc $(version_of runc)," \
        "crun $(version_of crun); an image of one layer, $(cat "$work/samples/run-size.hammock" \
            2>/dev/null || echo 0) bytes"
}

table_of_run() {
    row run-true hammock greeting "true in an image, ms: the friendly boot from an initramfs"
    row run-true hammock runc "true in an image, ms: podman with runc"
    row run-true hammock crun "true in an image, ms: podman with crun"
    row run-true hammock-runtime runc "true in a container, ms: podman with hammock-runtime: with runc"
    row run-first hammock load "the first run of an archive, ms: podman load of it"
    row run-out hammock runc "100 MB out of the program, ms: podman with runc"
    row run-in hammock runc "100 MB into the program, ms: podman with runc"
    row run-out hammock-runtime runc "100 MB out of a container, ms: podman with hammock-runtime: with runc"
    local count
    for count in "${machine_counts[@]}"; do
        row "run-memory-$count" hammock hammock "kB (Pss) of each of $count machines: itself"
    done
}
