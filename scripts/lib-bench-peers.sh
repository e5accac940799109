# scripts/bench.sh, the part `peers`: beside tini, catatonit, dumb-init and busybox
# init. Sourced by scripts/bench.sh.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what scripts/lib.sh and scripts/bench.sh set and read

peers=()       # those that this machine has
supervisors=() # of ours and them, those that have been seen to run a program
tracer=()      # the words that count a process's system calls; none if strace cannot trace

# How many orphans die one after the other, and how many while strace counts.
readonly fewer_orphans=1000
# How many times a program is run under each peer, for each of --runs.
readonly spawns_per_run=50
# The names that they are called by, in the order of the table.
readonly all_peers=(tini catatonit dumb-init busybox)

measure_peers() {
    local who run
    (need_packages bench) || say "going on without those"
    build_children
    gather_peers
    [ ${#in_namespace[@]} -gt 0 ] || return 0
    find_supervisors
    find_tracer
    measure_spawning pid1
    measure_spawning ordinary
    measure_idling start_with_child child- "${supervisors[@]}"
    for run in $(seq "$runs"); do
        for who in "${supervisors[@]}"; do
            say "run $run of $runs: $who with a child, and with orphans"
            start_with_child "$who"
            measure_memory "$who"
            measure_reaping "$who"
            [ ${#tracer[@]} -eq 0 ] || measure_calls "$who"
            end_running
        done
    done
}

# build_children: builds the programs that run under them, and the pipes to talk to these.
build_children() {
    local name
    for name in child spawn; do
        musl-gcc -Os -static -s -o "$work/tree/$name" "$root/Tests/Support/bench-$name.c"
    done
    musl-gcc -Os -static -s -o "$work/tree/true" -x c - <<<'int main(void) { return 0; }'
    mkfifo "$work/tree/told" "$work/tree/said"
    exec {told}<>"$work/tree/told" {said}<>"$work/tree/said"
}

# gather_peers: puts them into the root directory of the namespaces, with their libraries,
# and takes sizes. Sets `peers`.
gather_peers() {
    local who libraries
    for who in "${all_peers[@]}"; do
        if { command -v "$who" && version_of "$(package_of "$who")"; } >/dev/null 2>&1; then
            peers+=("$who")
            install -m 755 "$(command -v "$who")" "$work/tree/$who"
        else
            say "this machine has no $who (Debian package $(package_of "$who"))"
        fi
    done
    for who in ours "${peers[@]}"; do
        mapfile -t libraries < <(libraries_of "$work/tree/$who")
        [ ${#libraries[@]} -eq 0 ] || cp -L --parents --update "${libraries[@]}" "$work/tree"
        sample file "$who" "$(size_of "$work/tree/$who")"
        sample loaded "$who" "$(size_of "$work/tree/$who" "${libraries[@]}")"
    done
    # Where busybox init looks for what to run.
    mkdir -p "$work/tree/etc"
    echo '::once:/child' >"$work/tree/etc/inittab"
}

# package_of PEER
package_of() { case $1 in busybox) echo busybox-static ;; *) echo "$1" ;; esac; }

# libraries_of FILE: with the loader; nothing for a static program.
libraries_of() { { ldd "$1" 2>/dev/null || true; } | { grep -o '/[^ ]*' || true; }; }

# size_of FILE...
size_of() { stat -L -c %s "$@" | awk '{ sum += $1 } END { print sum }'; }

# command_of WHO PROGRAM: sets `command`, WHO as it runs a program.
command_of() {
    case $1 in
        alone) command=("$2") ;;
        busybox) command=(/busybox init) ;; # PROGRAM is in its /etc/inittab
        *) command=("/$1" -- "$2") ;;
    esac
}

# find_supervisors: sets `supervisors`.
find_supervisors() {
    local who command answer
    for who in ours "${peers[@]}"; do
        command_of "$who" /child
        launch "${command[@]}"
        if listen 5 && [ "$answer" = up ]; then
            supervisors+=("$who")
        else
            say "the init '$who' runs no program: it is not in the rows with a child"
        fi
        end_running
    done
}

# start_with_child WHO
start_with_child() {
    local command
    command_of "$1" /child
    launch "${command[@]}"
    hear up
    await_rest "$1"
}

# tell WORD...: sends it to the child. Tests/Support/bench-child.c has the words.
tell() { echo "$*" >&"$told"; }

# hear WORD: waits until the child says it. Sets `answer`, the rest of the child's line.
hear() {
    listen 120 || die "$exit_failed" "a child should have said '$1' by now"
    case $answer in
        "$1"*) answer=${answer#"$1"} ;;
        "failed: fork:"*) die "$exit_missing" "a child's $answer (--orphans takes fewer)" ;;
        *) die "$exit_failed" "a child should have said '$1', and says '$answer'" ;;
    esac
}

# listen SECONDS: sets `answer`, the child's next line; fails if none comes, or none can come any
# more. A trap runs only after `read` has ended, so each `read` is short.
listen() {
    local deadline=$((SECONDS + $1))
    until read -r -t 1 answer <&"$said"; do
        [ $SECONDS -lt $deadline ] || return 1
        kill -0 "$namespace" 2>/dev/null || return 1
    done
}

# measure_memory WHO
measure_memory() {
    sample child-resident "$1" "$(status_of "$pid" VmRSS)"
    sample child-private "$1" "$(status_of "$pid" RssAnon)"
    sample child-share "$1" "$(awk '$1 == "Pss:" { print $2 }' "/proc/$pid/smaps_rollup")"
}

# measure_reaping WHO
measure_reaping() {
    local answer median slowest elapsed
    tell singly "$fewer_orphans"
    hear reaped
    read -r _ median slowest <<<"$answer"
    # With one processor, nothing can watch init while it runs.
    if [ "$(nproc)" -gt 1 ]; then
        sample reap-median "$1" "$((median / 1000))"
        sample reap-slowest "$1" "$((slowest / 1000))"
    fi
    tell crowd "$orphans"
    hear ready
    tell die
    hear reaped
    read -r elapsed _ <<<"$answer"
    sample crowd "$1" "$elapsed"
    reap_the_dead "$orphans"
    sample dead "$1" "$elapsed"
}

# reap_the_dead COUNT: this many orphans die while init is stopped. Sets `elapsed`, the
# microseconds that init takes to reap them once it goes on.
reap_the_dead() {
    local answer begun ended
    tell crowd "$1"
    hear ready
    kill -s STOP "$pid"
    within 10 "does not stop" is_stopped
    tell die
    within 120 "has not $1 dead children" has_dead "$1"
    begun=${EPOCHREALTIME/./}
    kill -s CONT "$pid"
    hear reaped
    read -r _ ended <<<"$answer"
    elapsed=$((ended - begun))
}

is_stopped() { [[ $(status_of "$pid" State) == [Tt] ]]; }

# has_dead COUNT
has_dead() { [ "$(pgrep --count --parent "$pid" --runstates Z)" -eq "$1" ]; }

# within SECONDS COMPLAINT COMMAND...: polls until COMMAND succeeds.
within() {
    local deadline=$((SECONDS + $1)) complaint=$2
    shift 2
    until "$@"; do
        [ $SECONDS -lt $deadline ] || die "$exit_failed" "PID 1 of a namespace $complaint"
        sleep 0.05
    done
}

# find_tracer: sets `tracer`.
find_tracer() {
    tracer=(setpriv --pdeathsig TERM strace -c -qq -o "$work/calls")
    "${tracer[@]}" true 2>/dev/null && return
    tracer=()
    say "strace cannot trace here: no system calls are counted"
}

# measure_calls WHO
measure_calls() {
    local answer count calls elapsed
    trace
    tell singly "$fewer_orphans"
    hear reaped
    end_trace
    read -r count _ <<<"$answer"
    sample calls-singly "$1" $((calls * fewer_orphans / count))
    trace
    reap_the_dead "$fewer_orphans"
    end_trace
    sample calls-dead "$1" "$calls"
}

# trace: sets `strace`, a process that counts what `pid` does.
trace() {
    "${tracer[@]}" -p "$pid" 2>>"$work/complaints" &
    strace=$!
    running[strace]=TERM
    within 10 "cannot be traced" is_traced
}

is_traced() { [ "$(status_of "$pid" TracerPid)" -ne 0 ]; }

# end_trace: sets `calls`, the number of system calls.
end_trace() {
    kill -s TERM "$strace"
    wait "$strace" || true
    unset "running[$strace]"
    calls=$(awk '$NF == "total" { print $4 }' "$work/calls")
} 2>/dev/null

# measure_spawning pid1|ordinary: runs true alone, and under each init that ends with its program.
measure_spawning() {
    local kind=$1 rounds=$((runs * spawns_per_run)) who command number time names=() commands=()
    for who in alone "${supervisors[@]}"; do
        [ "$who" != busybox ] || continue
        command_of "$who" /true
        # Tini writes a warning when it is not PID 1, unless it is told to adopt orphans.
        [ "$kind $who" != "ordinary tini" ] || command=(/tini -s -- /true)
        if spawn 1 "$kind" + "${command[@]}"; then
            names+=("$who")
            commands+=(+ "${command[@]}")
        else
            say "the init '$who' does not end with its program ($kind)"
        fi
    done
    say "true, $rounds times each ($kind): ${names[*]}"
    spawn "$rounds" "$kind" "${commands[@]}" \
        || die "$exit_failed" "true does not succeed each time: $(cat "$work/complaints")"
    while read -r number time; do
        sample "true-$kind" "${names[number]}" "$time"
    done <"$work/spawned"
}

# spawn ROUNDS pid1|ordinary + COMMAND...: runs bench-spawn, and leaves its answer in spawned.
# bench-spawn itself is PID 1, so that what it has started ends with it.
spawn() {
    local status=0
    setpriv --pdeathsig KILL timeout --signal=KILL $((10 + $1)) setpriv --pdeathsig KILL \
        "${in_namespace[@]}" --root="$work/tree" /spawn "$@" \
        >"$work/spawned" 2>"$work/complaints" </dev/null &
    running[$!]=KILL
    wait $! || status=$?
    running=()
    return "$status"
}

# --- the table ------------------------------------------------------------------------------

header_of_peers() {
    local who
    printf '  peers:'
    for who in "${peers[@]}"; do
        printf ' %s %s' "$who" "$(version_of "$(package_of "$who")")"
    done
    printf '\n'
    cat <<END
    libraries: those that ldd names, whoever else maps them; busybox is far more than an init
    with a child: one process that sleeps; the files are in a tree of their own, as in a
      container, so that nobody else maps them and takes part of the Pss
    to run true: from the fork to the reaping of a static program, through the init or alone;
      as PID 1 in a new PID namespace each time; busybox init does not end with its program
    to reap one: from an orphan's death (its pidfd polls readable) until its PID is free, for
      a process on another processor that polls without a pause; of $fewer_orphans, one after
      the other, or as many as 10 s allow
    dying at once: from the word that lets all exit until the last PID is free
    lying dead: they have died while init was stopped; from SIGCONT until the last PID is free
    system calls: all that init makes meanwhile, as strace counts them
END
}

table_of_peers() {
    local kind where who
    rows file "bytes"
    rows loaded "bytes, with its libraries"
    rows child-resident "with a child, kB resident (VmRSS)"
    rows child-private "with a child, kB resident, private (RssAnon)"
    rows child-share "with a child, kB resident, its share (Pss)"
    rows child-wakeups "with a child, wakeups in $idle_seconds s"
    rows child-processor "with a child, CPU us in $idle_seconds s"
    for kind in pid1 ordinary; do
        where=${kind/pid1/PID 1}
        rows "true-$kind" "us to run true ($where)"
        for who in "${supervisors[@]}"; do
            [ "$who" = busybox ] \
                || row "true-$kind" "$who" alone "us to run true ($where), $who: true alone"
        done
    done
    rows reap-median "us to reap one, median"
    rows reap-slowest "us to reap one, slowest"
    rows crowd "us to reap $orphans dying at once"
    rows dead "us to reap $orphans lying dead"
    rows calls-singly "system calls to reap $fewer_orphans, one by one"
    rows calls-dead "system calls to reap $fewer_orphans lying dead"
}

# rows MEASURE WHAT: one for each peer.
rows() {
    local peer
    for peer in "${peers[@]}"; do
        row "$1" ours "$peer" "$2: $peer"
    done
}
