# Nothing kills PID 1, whichever of its system calls fails once, with whichever error.
#
# PID 1 is the real executable in a namespace, and strace makes the call fail. The tests run each
# life below once undisturbed, which shows the calls that PID 1 makes. Then they run it once more
# for each call and each error. PID 1 may never hang. It may end in another way, or say other
# things, than in the undisturbed life only where this table permits it. The first line that fits
# counts.
#
#   lives   idle: has no program, and waits for SIGTERM; program: runs a program, hands a signal
#           on to it, and kills what it leaves behind; machine: boots, and reboots on SIGTERM
#   call    the name; with a number only that call of this name; empty: each call
#   ends    with this code, or as in the undisturbed life (=)
#   says    the same (=); one line less, and a count of dropped lines (drops); this line, too
permitted='
# lives        | call            | error        | ends | says
program        | pipe2           |              | 126  | init: cannot run /program:
program        | clone           | ENOSYS       | =    | =
program        | clone           |              | 126  | init: cannot run /program:
program        | execve          | ENOENT       | 127  | init: cannot run /program: no such file or directory
program        | execve          |              | 126  | init: cannot run /program:
program        | fork            |              | =    | init: killing: no process for it:
               | kill 1          |              | =    | =
               | kill            |              | =    | init: cannot send a signal:
machine        | mount 1         |              | =    | init: cannot mount /dev:
machine        | mount 2         |              | =    | init: cannot mount /proc:
machine        | mount 3         |              | =    | init: cannot mount /sys:
machine        | mount 4         |              | =    | init: cannot mount /dev/pts:
machine        | mount 5         |              | =    | init: cannot mount /dev/shm:
machine        | mount 6         |              | =    | init: cannot mount /run:
machine        | mount 7         |              | =    | init: cannot mount /tmp:
machine        | mount 8         |              | =    | init: cannot mount /sys/fs/cgroup:
machine        | open 3          |              | =    | init: cannot read /proc/cmdline:
machine        | read            |              | =    | init: cannot read /proc/cmdline:
machine        | sethostname     |              | =    | init: cannot set the host name:
machine        | socket ioctl    | ENOSYS       | =    | =
machine        | socket ioctl    |              | =    | init: cannot bring up lo:
machine        | fork 1          |              | =    | init: unmounting: no process for it:
machine        | fork 2          |              | =    | init: sync: no process for it:
machine        | fork 3          |              | =    | init: reboot: no process for it:
               | write poll      |              | =    | drops
               |                 |              | =    | =
'
# The first kill(2) only asks whether there is a PID 2. The ninth handler is for SIGTERM, and the
# eleventh is for SIGCHLD.
#
# Linux has no reason to refuse some calls, and PID 1 cannot do without them:
#   arch_prctl       musl makes it before main
#   clock_gettime    without the time no deadline passes
#   getpid           init has to know that it is PID 1
#   rt_sigaction     for SIGTERM, and for SIGCHLD if there is a child: without a handler PID 1
#                    gets these signals only while it waits for nothing but signals
#   rt_sigprocmask   the first one, with a program: if the program ended while PID 1 is busy,
#                    its SIGCHLD would not stay pending
#   rt_sigreturn     the way out of a handler
never_refused='arch_prctl clock_gettime getpid rt_sigreturn'
no_case=' idle:rt_sigaction:9 machine:rt_sigaction:9 program:rt_sigaction:9 '
no_case+='program:rt_sigaction:11 '
no_case+='machine:rt_sigaction:11 program:rt_sigprocmask:1 '
# By these calls init learns that it is on a machine.
no_case+='machine:kill:1 machine:reboot:1 '

setup_file() {
    load ../Support/helpers
    # PID 1 of a machine makes the kernel's log take every line. If root runs these tests, that
    # changes the setting of this machine too, so teardown_file restores it.
    cat /proc/sys/kernel/printk_devkmsg >"$BATS_FILE_TMPDIR/log-limit"
    "$root/scripts/build-init.sh"
    musl-gcc -Os -static -s -Wall -o "$BATS_FILE_TMPDIR/traced" "$root/Tests/Support/traced.c"
    musl-gcc -Os -static -s -Wall -x c -o "$BATS_FILE_TMPDIR/program" - <<'END'
#include <signal.h>
#include <time.h>
#include <unistd.h>

// Leaves a process behind that only SIGKILL ends, and sends PID 1 a SIGTERM. Ends with 42 if
// PID 1 hands the signal on, and with 43 if it has not come within three seconds.
int main(void) {
    static const struct timespec patience = {.tv_sec = 3};
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    sigprocmask(SIG_BLOCK, &terminate, NULL);
    if (fork() == 0)
        for (;;) pause();
    kill(1, SIGTERM);
    return sigtimedwait(&terminate, NULL, &patience) == SIGTERM ? 42 : 43;
}
END
}

teardown_file() {
    local limit=/proc/sys/kernel/printk_devkmsg
    cmp -s "$BATS_FILE_TMPDIR/log-limit" "$limit" || cat "$BATS_FILE_TMPDIR/log-limit" >"$limit"
}

setup() {
    load ../Support/helpers
    strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
    # An ordinary user gets a user namespace to be root in, where the machine allows one.
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(unshare --user --map-root-user)
    "${as_root[@]}" unshare --pid --mount true 2>/dev/null \
        || skip "this machine lets user $(id -un) make no PID namespace"
    read_permitted
}

# read_permitted: reads the table above, each column into an array.
read_permitted() {
    local in call error ends says
    permitted_in=() permitted_calls=() permitted_errors=() permitted_ends=() permitted_says=()
    while IFS='|' read -r in call error ends says; do
        [[ $in == '#'* || -z $says ]] && continue
        permitted_in+=("${in// /}")
        permitted_calls+=(" $(xargs <<<"$call") ")
        permitted_errors+=("${error// /}")
        permitted_ends+=("${ends// /}")
        permitted_says+=("${says# }")
    done <<<"$permitted"
}

# look_up LIFE CALL NUMBER ERROR: sets `ends` and `says` to what is permitted.
look_up() {
    local row calls
    for row in "${!permitted_in[@]}"; do
        calls=${permitted_calls[row]}
        [[ ${permitted_in[row]:-$1} == "$1" && ${permitted_errors[row]:-$4} == "$4" ]] || continue
        [[ $calls == '  ' || $calls == " $2 $3 " ]] \
            || [[ ! $calls =~ \ [0-9]+\ $ && $calls == *" $2 "* ]] || continue
        ends=${permitted_ends[row]} says=${permitted_says[row]}
        return
    done
}

# make_seat DIRECTORY: prepares DIRECTORY, in which lives are run one after the other.
make_seat() {
    mkdir -p "$1"/root/{dev/pts,dev/shm,proc,sys,run,tmp}
    cp "$out/init" "$BATS_FILE_TMPDIR/program" "$1/root/"
}

# lead LIFE SEAT STRACE-OPTIONS...: runs a life. Sets `end` (how PID 1 ended), `said` (the lines of
# its log), `greeted` (where it has greeted) and `trace`.
lead() {
    local life=$1 seat=$2 options=("${@:3}") words=(/init) in_front=("${as_root[@]}") file line lines
    unset SECOND
    export PENDING=yes
    # In these lives another process asks PID 1 to end.
    if [[ $life == program || ${options[*]} == *:signal=TERM* ]]; then unset PENDING; fi
    case $life in
        program) words+=(-vv -w --grace 0 /program) ;;
        # Here the first reboot(2) succeeds: the kernel lets PID 1 have Ctrl-Alt-Del. All that
        # PID 1 mounts, remounts and names belongs to a user namespace. It can change nothing else.
        machine)
            in_front=("${new_machine[@]}")
            export SECOND=yes
            options=(-e inject=reboot:retval=0:when=1 "${options[@]}") ;;
    esac
    for file in stdout stderr root/dev/console root/dev/kmsg; do : >"$seat/$file"; done
    # If timeout has to kill this process, strace ends with it.
    timeout 60 "${in_front[@]}" "$BATS_FILE_TMPDIR/traced" -o "$seat/trace" "${options[@]}" \
        -- "$seat/root" "${words[@]}" </dev/null >"$seat/stdout" 2>"$seat/stderr" || true
    mapfile -t trace <"$seat/trace"
    # With -f the number of the process comes first.
    [[ ${trace[-1]-} =~ \+\+\+.* ]] && end=${BASH_REMATCH[0]} || end="none: ${trace[-1]-}"
    said=() greeted=''
    for file in stderr root/dev/kmsg; do
        mapfile -t lines <"$seat/$file"
        for line in "${lines[@]#<[0-9]>}"; do
            [[ $line != 'init: '* ]] || said+=("$line")
        done
    done
    for file in stdout root/dev/console; do
        [ "$(<"$seat/$file")" != "$greeting" ] || greeted+=" ${file##*/}"
    done
}

# was_made CALL: whether strace made the call fail.
was_made() {
    local line
    for line in "${trace[@]}"; do
        [[ $line != *"$1"*' (INJECTED)' ]] || return 0
    done
    return 1
}

# drops: whether the log lacks one line of the undisturbed log, and has a count in its place.
drops() {
    local index dropped
    for index in "${!undisturbed_said[@]}"; do
        dropped=("${undisturbed_said[@]}")
        # After the last line no line follows that could have a count in front.
        if ((index + 1 < ${#dropped[@]})); then
            dropped[index]='init: lines dropped: 1'
        else
            unset "dropped[index]"
        fi
        [ "${said[*]}" != "${dropped[*]}" ] || return 0
    done
    return 1
}

# has_said TEXT: whether a line of the log begins with TEXT.
has_said() {
    local line
    for line in "${said[@]}"; do
        [[ $line != "$1"* ]] || return 0
    done
    return 1
}

# is_permitted LIFE CALL NUMBER ERROR: whether the table permits what happened in the last life.
is_permitted() {
    local ends says
    look_up "$@"
    [ "$ends" = = ] && ends=$undisturbed_end || ends="+++ exited with $ends +++"
    [ "$end" = "$ends" ] || return
    case $says in
        =) [ "${said[*]}" = "${undisturbed_said[*]}" ] ;;
        drops) [ "${said[*]}" = "${undisturbed_said[*]}" ] || drops ;;
        *) has_said "$says" ;;
    esac || return
    # If PID 1 does not repeat a write, it goes on to the next sink.
    [ "$greeted" = "$undisturbed_greeted" ] \
        || [[ $2 == write && $4 != EINTR && $4 != EAGAIN && $greeted == ' console' ]]
}

# own_calls: prints the names of PID 1's system calls from the trace, one per line.
own_calls() {
    local line is_own=''
    for line in "${trace[@]}"; do
        [[ $line =~ ^([a-z0-9_]+)\( ]] || continue
        [ -z "$is_own" ] || echo "${BASH_REMATCH[1]}"
        [ "${BASH_REMATCH[1]}" != execveat ] || is_own=yes
    done
}

# list_cases LIFE: prints the cases from the trace of an undisturbed life: a call, its number and
# an error per line.
list_cases() {
    local call number error errors
    declare -A numbers
    while read -r call; do
        # exit_group does not return.
        [[ " $never_refused exit_group " != *" $call "* ]] || continue
        number=$((${numbers[$call]-0} + 1))
        numbers[$call]=$number
        [[ $no_case != *" $1:$call:$number "* ]] || continue
        errors='EPERM EINTR EAGAIN ENOMEM EIO ENOSYS'
        # One for each of the 64 signals.
        [ "$call" != rt_sigaction ] || errors=EPERM
        for error in $errors; do echo "$call $number $error"; done
    done < <(own_calls)
    case $1 in
        idle) printf 'pause 1 %s\n' EPERM EINTR ENOSYS ;;
        # The child makes this call before it becomes the program.
        program) printf 'execve 1 %s\n' EPERM ENOENT EACCES ENOEXEC ENOMEM EAGAIN EIO ELOOP ;;
    esac
}

# try LIFE SEAT CALL NUMBER ERROR: runs a life in which this call fails, and complains if the
# table does not permit what happens.
try() {
    local tampering=error=$5 options=(-e "trace=getppid,reboot,$3")
    case $3 in
        # SIGTERM comes when PID 1 is about to wait for a request.
        pause) tampering+=:signal=TERM ;;
        # Both PID 1 and its child make this call. It is enough if one of the two succeeds.
        execve | setpgid) options+=(-f) ;;
    esac
    lead "$1" "$2" "${options[@]}" -e "inject=$3:$tampering:when=$4"
    # How often PID 1 waits and reaps depends on which process is faster.
    was_made "$3" || [[ $3 == wait4 || $3 == ppoll || $3 == rt_sigtimedwait ]] \
        || { echo "$1, $3 $4, $5: was not made"; return; }
    is_permitted "$1" "${@:3}" || {
        echo "$1, $3 $4, $5: $end; greeted:${greeted:- nowhere}"
        printf '    %s\n' "${said[@]}"
    }
}

# list_faults LIFE: prints a call and its number per line, beginning with the first call after
# PID 1 has begun to catch faults. A line with + means this call and each later one of that name.
list_faults() {
    local call number
    list_cases "$1" | cut -d' ' -f1,2 | uniq | while read -r call number; do
        case $call in
            rt_sigprocmask | kill) [ "$number" -gt 1 ] ;;
            set_tid_address | rt_sigaction | sigaltstack | execve | pause) false ;;
        esac || continue
        echo "$call $number"
        # If PID 1 cannot pause, it sleeps in poll(2). Only an idle PID 1 does not need poll(2) for
        # other things. The handler of a fault itself makes the call that sets the mask.
        [[ $call == rt_sigprocmask || $1 != idle && $call == rt_sig* ]] || echo "$call $number+"
    done
}

# try_fault LIFE SEAT CALL NUMBER: runs a life with a fault at this call, and complains if it does
# not end in a pause. To PID 1 a signal from strace looks like one from the kernel. SIGKILL ends
# the pause.
try_fault() {
    local report faults pause=pause
    [ "$1" != idle ] || pause=pause,poll
    lead "$1" "$2" -e "trace=getppid,reboot,$pause,$3" -e "inject=$pause:signal=KILL" \
        -e "inject=$3:signal=SEGV:when=$4"
    report=$(grep -a '^init: ' "$2/stdout")
    # One fault may come in the life, and one in each part of the last resort. Under strace PID 1
    # would survive even more.
    faults=$(grep -c '^--- SIGSEGV' "$2/trace")
    [[ $end == '+++ killed by SIGKILL +++' && $faults -le 6 ]] && case $4 in
        # Each report may make the same call, and fault there.
        *+) [ "$(wc -l <<<"$report")" -le 2 ] ;;
        *) [[ $report == 'init: fault: SIGSEGV in PID 1'$'\n''init: last events:'* ]] \
            && [ "$(wc -l <<<"$report")" -eq 2 ] ;;
    esac && return
    # How often PID 1 waits and reaps depends on which process is faster. And a helper that is
    # about to reboot the machine does not wait for a report: not even for its second line.
    [[ ($3 == wait4 || $3 == ppoll || $3 == rt_sigtimedwait) && $end == "$undisturbed_end" \
        && ($report != *'last events:'* || $report == *' l:h'*) ]] \
        || printf '%s, a fault at %s %s: %s after %d faults\n%s\n' \
            "$1" "$3" "$4" "$end" "$faults" "$report"
}

# work LIFE WORKER TRY: tries every $workers-th case. Stops at the first complaint, because a life
# that does not end takes a minute.
work() {
    local seat=$BATS_TEST_TMPDIR/seat.$1.$2 index complaint
    # bats has a trap that runs at each command. It would take more time than the lives.
    trap - DEBUG
    make_seat "$seat"
    for ((index = $2; index < ${#cases[@]}; index += workers)); do
        # shellcheck disable=SC2086 # a call, a number, an error
        complaint=$("$3" "$1" "$seat" ${cases[index]})
        echo "$complaint" >>"$seat/complaints"
        [ -z "$complaint" ] || break
    done
}

# survives LIFE END LIST TRY: tries each case that LIST prints, with TRY. The undisturbed life has
# to end with END.
survives() {
    local seat=$BATS_TEST_TMPDIR/seat.$1 worker workers jobs=()
    make_seat "$seat"
    # The workers run without descriptor 3, so this life does too.
    lead "$1" "$seat" 3>&-
    undisturbed_end=$end undisturbed_greeted=$greeted undisturbed_said=("${said[@]}")
    [ "$end" = "$2" ]
    mapfile -t cases < <("$3" "$1")
    workers=$(nproc)
    for ((worker = 0; worker < workers; worker++)); do
        work "$1" "$worker" "$4" 3>&- &
        jobs+=($!)
    done
    wait "${jobs[@]}"
    cat "$seat".*/complaints | grep . && return 1
    # Each case has left a line.
    [ "$(cat "$seat".*/complaints | wc -l)" -eq ${#cases[@]} ]
}

@test "whichever system call of an idle PID 1 fails, PID 1 greets, idles and obeys" {
    survives idle '+++ exited with 0 +++' list_cases try
}

@test "whichever system call fails, a program runs to its end, and PID 1 ends with its code" {
    survives program '+++ exited with 42 +++' list_cases try
}

@test "whichever system call fails, a machine boots, stops and reboots" {
    need_machine
    survives machine '+++ killed by SIGHUP +++' list_cases try
}

@test "if a sandbox fakes reboot(2), PID 1 does not take a container for a machine" {
    make_seat "$BATS_TEST_TMPDIR/seat"
    lead program "$BATS_TEST_TMPDIR/seat" -e inject=reboot:retval=0
    [ "$end" = '+++ exited with 42 +++' ]
    run ! grep -E '^(reboot|sethostname|mount)\(' "$BATS_TEST_TMPDIR/seat/trace"
}

@test "if a sandbox refuses to wait for signals, PID 1 gets them and the program's end anyway" {
    make_seat "$BATS_TEST_TMPDIR/seat"
    lead program "$BATS_TEST_TMPDIR/seat" -e inject=ppoll,rt_sigtimedwait:error=ENOSYS
    [ "$end" = '+++ exited with 42 +++' ]
}

@test "if a sandbox refuses pidfd_send_signal(2), the program still gets its signals" {
    make_seat "$BATS_TEST_TMPDIR/seat"
    lead program "$BATS_TEST_TMPDIR/seat" -e inject=pidfd_send_signal:error=EPERM
    [ "$end" = '+++ exited with 42 +++' ]
}

@test "PID 1 makes these system calls and no others: none for memory, threads or randomness" {
    local life known='arch_prctl chdir clock_gettime clone close close_range exit_group fcntl fork
        getpid ioctl kill mkdir mount open pause pidfd_send_signal pipe2 poll ppoll read reboot
        restart_syscall rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait set_tid_address
        sethostname setitimer setpgid sigaltstack socket statx wait4 write'
    make_seat "$BATS_TEST_TMPDIR/seat"
    for life in idle program machine; do
        [ $life != machine ] || need_machine
        lead $life "$BATS_TEST_TMPDIR/seat"
        [ -n "$(own_calls)" ]
        run comm -13 <(xargs -n 1 <<<"$known" | sort) <(own_calls | sort -u)
        [ -z "$output" ] || { echo "$life: $output"; return 1; }
    done
}

@test "at whichever system call a fault comes, PID 1 reports it and pauses" {
    survives idle '+++ exited with 0 +++' list_faults try_fault
    survives program '+++ exited with 42 +++' list_faults try_fault
    need_machine
    survives machine '+++ killed by SIGHUP +++' list_faults try_fault
}

@test "PID 1 reports a fault in one of its helpers, and goes on without it" {
    need_machine
    make_seat "$BATS_TEST_TMPDIR/seat"
    # With -f strace also fakes the reboot that the other helper makes; then PID 1 pauses.
    lead machine "$BATS_TEST_TMPDIR/seat" -f -e trace=getppid,reboot,pause,sync \
        -e inject=sync:signal=SEGV -e inject=pause:signal=KILL
    [ "$end" = '+++ killed by SIGKILL +++' ]
    [ "$(grep -c '^init: fault: SIGSEGV' "$BATS_TEST_TMPDIR/seat/stdout")" -eq 1 ]
    has_said 'init: sync, code 139'
    has_said 'init: the kernel refuses to reboot; pausing'
}

need_machine() {
    new_machine=(unshare --user --map-root-user --uts --net --ipc)
    "${new_machine[@]}" unshare --pid --mount true 2>/dev/null \
        || skip "this machine lets user $(id -un) make no user namespace"
}
