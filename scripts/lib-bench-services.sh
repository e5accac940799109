# scripts/bench.sh, the part `services`: init with services beside runit, s6 and finit, all with the
# same hundred services. Sourced by scripts/bench.sh.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what scripts/lib.sh and scripts/bench.sh set and read

keepers=()       # those that have been seen to run the services, ours among them
service_peers=() # the peers that this machine has

# How many services each has to run.
readonly service_count=100
# Longer than the slowest takes on a busy machine, in seconds.
readonly services_deadline=60
readonly all_service_peers=(runit s6 finit)

# How often PID 1 is asked for the status of its units, while one of them misbehaves.
readonly status_requests=200

# What a service does while PID 1 is asked. `calm`, where none does, is to compare with.
readonly -A misbehaviour=(
    [forks]='forks without end'
    [writes]='writes without end'
    [chats]='sends notices without end'
    [ignores]='ignores every signal'
    [closes]='has closed all, and another does not read'
    [hangs]='is in state D'
    [floods]='floods the control socket'
)

# What a machine, or a container's runtime, mounts before init. The services are
# copied, because runit and s6 write beside them.
# shellcheck disable=SC2016 # the shell in the namespace expands it
readonly before_services='b=/bin/busybox
$b mount -t proc proc /proc && $b mount -t tmpfs none /run && $b mount -t tmpfs none /dev &&
$b mount -t tmpfs -o ro none /sys || exit
$b mknod /dev/null c 1 3; $b mknod /dev/zero c 1 5
[ ! -d "/services/$1" ] || $b cp -a "/services/$1" /run/services || exit
shift
exec /bin/start "$@"'

measure_services() {
    local who run
    [ "$(id -u)" -eq 0 ] || { say "services: only root can mount what they need"; return 0; }
    [ ${#in_namespace[@]} -gt 0 ] || return 0
    # finit sets the host name, makes cgroups where it can, and brings networks up: none of the
    # machine's. A tmpfs on /sys hides its cgroups, so that nobody has any.
    local outer=("${in_namespace[@]}")
    local in_namespace=("${outer[@]}" --uts --ipc --net --cgroup)
    "${in_namespace[@]}" true 2>/dev/null \
        || { say "services: this machine makes no namespaces of all kinds"; return 0; }
    (need_packages bench) || say "going on without those"
    build_services
    gather_keepers
    find_keepers
    for run in $(seq "$runs"); do
        for who in "${keepers[@]}"; do
            say "run $run of $runs: $who with $service_count services"
            start_services "$who" || die "$exit_failed" \
                "'$who' does not start all services: $(tail -n 3 "$work/complaints")"
            sample services-started "$who" "$elapsed"
            await_quiet
            measure_keepers "$who"
            end_running
        done
    done
    measure_quiet
    measure_answers
}

# build_services: builds what runs as a service, and opens the pipe that it tells its time by.
build_services() {
    local tree=$work/tree
    # With --init too: what plans the units is this checkout's.
    HAMMOCK_NESTED=yes "$root/scripts/build-init.sh" --product hammock
    mkdir -p "$tree"/{bin,sbin,etc,run,proc,sys,dev,tmp,services}
    install -m 755 "$out/hammock" "$tree/sbin/hammock"
    install -m 755 "$(command -v busybox)" "$tree/bin/busybox"
    ln -s busybox "$tree/bin/sh"
    # finit wants to mount what is in there.
    touch "$tree/etc/fstab" && ln -s busybox "$tree/bin/mount"
    # Debian's s6-svscan looks for s6-supervise there.
    mkdir -p "$tree/usr" && ln -s ../bin "$tree/usr/bin"
    musl-gcc -Os -static -s -o "$tree/bin/sleep" "$root/Tests/Support/bench-sleep.c"
    ln "$tree/bin/sleep" "$tree/bin/start"
    mkfifo "$tree/stamps"
    exec {stamps}<>"$tree/stamps"
}

# gather_keepers: puts ours and the peers into the root directory of the namespaces, with their
# libraries and their services. Sets `service_peers`.
gather_keepers() {
    local who program programs libraries
    for who in "${all_service_peers[@]}"; do
        programs_of "$who"
        if ! { command -v "${programs[@]}" && version_of "$who"; } >/dev/null 2>&1; then
            say "this machine has no $who (Debian package $who)"
            continue
        fi
        service_peers+=("$who")
        for program in "${programs[@]}"; do
            program=$(command -v "$program")
            install -m 755 "$program" "$work/tree/bin/"
            mapfile -t libraries < <(libraries_of "$program")
            [ ${#libraries[@]} -eq 0 ] || cp -L --parents --update "${libraries[@]}" "$work/tree"
        done
    done
    write_services
}

# write_services: for ours and finit each after the one before. The trees of runit and s6 know no
# order.
write_services() {
    local who number name before='' plugin=/lib/x86_64-linux-gnu/finit/plugins/pidfile.so
    mkdir -p "$work/tree"/{services/{ours,unordered,runit,s6},var,etc/finit.d}
    # Ours reads its copy too, one of two: `unordered` has the same units, started all at once.
    ln -s /run/services "$work/tree/etc/hammock"
    # The plugin watches for pidfiles there.
    ln -s ../run "$work/tree/var/run"
    [ ! -e "$plugin" ] || cp -L --parents "$plugin" "$work/tree"
    echo 'runlevel 2' >"$work/tree/etc/finit.conf"
    for number in $(seq -w "$service_count"); do
        name=s$number
        { printf '[Unit]\n%s' "${before:+Requires=${before%:*}.service
After=${before%:*}.service
}"; printf '[Service]\nExecStart=/bin/sleep\n'; } >"$work/tree/services/ours/$name.service"
        printf '[Service]\nExecStart=/bin/sleep\n' >"$work/tree/services/unordered/$name.service"
        for who in runit s6; do
            mkdir "$work/tree/services/$who/$name"
            install -m 755 /dev/stdin "$work/tree/services/$who/$name/run" <<<'#!/bin/sleep'
        done
        # Without a number of its own each would take the place of the one before, whose program
        # is the same. finit writes the pidfile, and its plugin makes a condition of it.
        echo "service [2] ${before:+<pid/$before> }:$((10#$number)) name:$name" \
            "pid:/run/$name.pid /bin/sleep -- $name" >>"$work/tree/etc/finit.conf"
        before=$name:$((10#$number))
    done
    # runsvdir waits for a second if somebody has just written into it.
    touch -d @0 "$work/tree/services"/*
}

# programs_of PEER: sets `programs`.
programs_of() {
    case $1 in
        runit) programs=(runsvdir runsv) ;;
        s6) programs=(s6-svscan s6-supervise) ;;
        finit) programs=(finit) ;;
    esac
}

# find_keepers: sets `keepers`.
find_keepers() {
    local who
    for who in ours unordered "${service_peers[@]}"; do
        if start_services "$who"; then
            keepers+=("$who")
        else
            say "'$who' does not start the services in a namespace: $(tail -n 1 "$work/complaints" \
                | tr -dc '[:print:]')"
        fi
        end_running
    done
}

# start_services WHO: as PID 1 of a namespace. Sets `pid`, and `elapsed`, the microseconds from its
# execve(2) until the last service runs; fails if not all do in time.
start_services() {
    local command first last stamp number
    case $1 in
        ours | unordered) command=(/ours --services) ;;
        runit) command=(/bin/runsvdir -P /run/services) ;;
        s6) command=(/bin/s6-svscan /run/services) ;;
        finit) command=(/bin/finit) ;;
    esac
    while read -r -t 0 stamp <&"$stamps"; do read -r stamp <&"$stamps"; done
    launch /bin/busybox sh -c "$before_services" sh "$1" "${command[@]}"
    hear_stamp || return 1
    first=$stamp last=$stamp
    for number in $(seq "$service_count"); do
        hear_stamp || return 1
        # Two processors: the last to write need not be the last to read the clock.
        [ "$stamp" -le "$last" ] || last=$stamp
    done
    elapsed=$((last - first))
    pid=$(pgrep -P "$namespace")
    number=$(pgrep -c --ns "$pid" --nslist pid -x sleep) || true
    [ "$number" -eq "$service_count" ] || {
        echo "$number processes 'sleep' in place of $service_count" >>"$work/complaints"
        return 1
    }
}

# hear_stamp: sets `stamp`; fails if none comes in time, or none can come any more.
hear_stamp() {
    local deadline=$((SECONDS + services_deadline))
    until read -r -t 1 stamp <&"$stamps"; do
        [ $SECONDS -lt $deadline ] || return 1
        kill -0 "$namespace" 2>/dev/null || return 1
    done
}

# keepers_below: sets `processes`, all of the namespace of `pid` but the services.
keepers_below() {
    local process
    processes=()
    for process in $(pgrep --ns "$pid" --nslist pid .); do
        [ "/proc/$process/exe" -ef "$work/tree/bin/sleep" ] || processes+=("$process")
    done
}

# measure_keepers WHO
measure_keepers() {
    local processes
    keepers_below
    sample services-processes "$1" "${#processes[@]}"
    sample services-share "$1" "$(printf '/proc/%s/smaps_rollup\n' "${processes[@]}" \
        | xargs cat | awk '$1 == "Pss:" { sum += $2 } END { print sum }')"
}

# await_quiet: waits until two counts of all switches in a row are the same. A supervisor that
# polls may never be quiet.
await_quiet() {
    local deadline=$((SECONDS + 10)) processes before='' now=''
    until keepers_below && now=$(switches_of_all) && [ "$now" = "$before" ]; do
        [ $SECONDS -lt $deadline ] || return 0
        before=$now
        sleep 0.05
    done
}

# switches_of_all: prints the number of the context switches of `processes`.
switches_of_all() {
    printf '/proc/%s/status\n' "${processes[@]}" \
        | xargs cat | awk '/ctxt_switches/ { sum += $2 } END { print sum }'
}

# measure_quiet: all of them, with all services, during the same seconds.
measure_quiet() {
    local who processes
    local -A pids switches
    say "$idle_seconds s with $service_count services: ${keepers[*]}"
    for who in "${keepers[@]}"; do
        start_services "$who" || die "$exit_failed" "'$who' does not start all services"
        await_quiet
        pids[$who]=$pid
    done
    for who in "${keepers[@]}"; do
        pid=${pids[$who]}
        keepers_below
        switches[$who]=$(switches_of_all)
    done
    # In the background, because a trapped signal ends `wait` at once, but not a foreground command.
    sleep "$idle_seconds" &
    running[$!]=KILL
    wait $!
    for who in "${keepers[@]}"; do
        pid=${pids[$who]}
        keepers_below
        sample services-wakeups "$who" $(($(switches_of_all) - switches[$who]))
    done
    end_running
}

# write_misbehaviour: a directory of units for each way to misbehave, with another service beside.
write_misbehaviour() {
    local kind place=$work/tree/services
    local loop='while :; do (/bin/busybox sleep 0 &); done'
    musl-gcc -Os -static -s -o "$work/tree/bin/prober" "$root/Tests/Support/prober.c"
    for kind in calm "${!misbehaviour[@]}"; do
        mkdir "$place/$kind"
        write_unit "$kind" good '/bin/busybox sleep 1000'
    done
    write_unit forks bad "/bin/sh -c '$loop'"
    write_unit writes bad '/bin/busybox yes a line of many'
    write_unit chats bad '/bin/prober notices' NotifyAccess=all
    write_unit ignores bad '/bin/prober signals'
    write_unit closes bad \
        "/bin/sh -c 'exec 0<&- 1>&- 2>&-; while :; do /bin/busybox usleep 100000; done'"
    # shellcheck disable=SC2016 # the service's shell expands it
    write_unit closes deaf \
        '/bin/sh -c '\''/sbin/hammock watch & kill -STOP $!; exec /bin/busybox sleep 1000'\'
    write_unit hangs bad '/bin/prober hang'
    write_unit floods bad '/bin/prober flood /run/hammock/control'
}

# write_unit KIND NAME COMMAND [LINE...]
write_unit() {
    local file=$work/tree/services/$1/$2.service
    printf '[Service]\nExecStart=%s\n' "$3" >"$file"
    [ $# -le 3 ] || printf '%s\n' "${@:4}" >>"$file"
}

# measure_answers: how long PID 1 takes to answer, from connect(2) to the end of the answer.
measure_answers() {
    local run kind took
    write_misbehaviour
    for run in $(seq "$runs"); do
        for kind in calm "${!misbehaviour[@]}"; do
            say "run $run of $runs: $status_requests requests, a service is '$kind'"
            launch /bin/busybox sh -c "$before_services" sh "$kind" /ours --services --logs memory
            await_bad "$kind" || die "$exit_failed" \
                "'$kind' does not start: $(tail -n 3 "$work/complaints")"
            "$work/tree/bin/prober" ask "$control" "$status_requests" >"$work/answers" \
                || failed "$kind" "a request while a service is '$kind'"
            while read -r took; do sample answer "$kind" "$took"; done <"$work/answers"
            end_running
        done
    done
}

# await_bad KIND: waits until all services are up. Sets `pid` and `control`, PID 1's socket as seen
# from here.
await_bad() {
    local deadline=$((SECONDS + services_deadline))
    until pid=$(pgrep -P "$namespace" -x ours) && control=/proc/$pid/root/run/hammock/control \
        && all_up 2>/dev/null; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.05
    done
}

all_up() {
    local phases
    phases=$("$out/hammock" status --json --socket "$control") \
        && [ "$(grep -c '"phase":"up"' <<<"$phases")" -eq "$(wc -l <<<"$phases")" ]
}

# --- the table ------------------------------------------------------------------------------

header_of_services() {
    local who
    [ ${#keepers[@]} -gt 0 ] || return 0
    printf '  supervisors:'
    for who in "${service_peers[@]}"; do printf ' %s %s' "$who" "$(version_of "$who")"; done
    printf '\n'
    cat <<END_OF_TEXT
    services: $service_count static programs that sleep, without a shell
    order: ours starts each after the one before (Requires=, After=, Type=simple), and so does
      finit (conditions on pidfiles); the trees of runit and s6 know no order, and start all at
      once, as ours does where the row says so
    to start: from PID 1's execve until the last service has read the clock; ours plans the units
      first
    supervisor's processes: all of the PID namespace but the services: ours and finit are PID 1
      alone, runit is runsvdir and a runsv for each service, s6 is s6-svscan and an s6-supervise
      for each
    share: the sum of their Pss; wakeups: the sum of their context switches
    to answer: $status_requests requests for the status of two or three units a run, one after
      another, each from connect(2) to the end of the answer; beside a service that only sleeps
END_OF_TEXT
}

table_of_services() {
    service_rows services-started "us to start $service_count services"
    local peer
    for peer in runit s6; do
        row services-started unordered "$peer" \
            "us to start $service_count services, ours at once too: $peer"
    done
    service_rows services-processes "supervisor's processes"
    service_rows services-share "kB resident, their share (Pss)"
    service_rows services-wakeups "their wakeups in $idle_seconds s"
    local kind
    for kind in "${!misbehaviour[@]}"; do
        row answer "$kind" calm "us to answer 'status' while a service ${misbehaviour[$kind]}: calm"
    done
}

# service_rows MEASURE WHAT: one for each peer.
service_rows() {
    local peer
    for peer in "${service_peers[@]}"; do
        row "$1" ours "$peer" "$2: $peer"
    done
}
