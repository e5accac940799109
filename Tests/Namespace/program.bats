# The program: what init gives it, and what follows from its end.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
    build_prober
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
}

teardown() { end_namespaces; }

# expect_code CODE COMMAND...: COMMAND as the namespace's PID 1 ends with CODE, and says nothing.
expect_code() {
    local code=$1
    shift
    code_of "$@"
    expect_status "$code"
    [ -z "$output" ]
}

@test "a container ends with each of a program's 256 codes" {
    local code
    for code in $(seq 0 255); do
        expect_code "$code" "$out/init" -- sh -c "exit $code"
    done
}

@test "if a signal ends the program, the container ends with 128 plus the signal's number" {
    local signal
    for signal in $(seq 1 64); do
        case $signal in
            17 | 18 | 23 | 28) continue ;; # CHLD, CONT, URG and WINCH end no process
            19 | 20 | 21 | 22) continue ;; # STOP, TSTP, TTIN and TTOU only stop it
        esac
        expect_code $((128 + signal)) "$out/init" -- sh -c "ulimit -c 0; kill -$signal \$\$; exit 1"
    done
}

@test "init ends with 127 if the program is missing, and with 126 if it cannot be run" {
    code_of "$out/init" /nowhere
    expect_status 127
    expect_output "init: cannot run /nowhere: no such file or directory"
    code_of "$out/init" /etc/passwd
    expect_status 126
    expect_output "init: cannot run /etc/passwd: permission denied"
}

@test "init does not log a program that cannot be run as an orphan" {
    code_of "$out/init" -w /nowhere
    expect_status 127
    [ "$output" = "init: cannot run /nowhere: no such file or directory" ]
}

@test "if the program ends at once, init still ends with its code" {
    local try
    for try in $(seq 100); do
        code_of "$out/init" "/nowhere/$try"
        expect_status 127
        expect_code 1 "$out/init" false
    done
}

@test "the program starts with no signal blocked, ignored or caught, in a group of its own" {
    in_namespace=(env --block-signal --ignore-signal=HUP --ignore-signal=PIPE "${in_namespace[@]}")
    code_of "$out/init" -- cat /proc/self/status
    expect_status 0
    [ "$(grep -cE '^Sig(Blk|Ign|Cgt):.0000000000000000$' <<<"$output")" -eq 3 ]
    code_of "$out/init" -- sh -c 'cut -d" " -f1,5 /proc/self/stat >/dev/null; cut -d" " -f5 "/proc/$$/stat"; echo $$'
    [ "${lines[0]}" = "${lines[1]}" ]
}

@test "the program gets the descriptors that init was given, and no others" {
    local without
    exec {one_more}</dev/null
    code_of "$prober" descriptors
    without=$output
    [[ $without = "0 1 2 "*"$one_more"* ]]
    code_of "$out/init" -v "$prober" descriptors
    [ "${lines[0]}" = "$without" ]
}

@test "if standard descriptors were closed, the program gets /dev/console in their place" {
    : >"$console"
    cp "$prober" "$tree/"
    run_in_tree /init /prober descriptors <&- >&- 2>&-
    [[ $(cat "$console") = "0 1 2"* ]]
}

@test "the program gets the environment that init was given, unchanged" {
    local given=(LISTEN_FDS=2 'A= b  c ' '=x' 'PATH=/usr/bin:/bin')
    code_of env -i "${given[@]}" "$out/init" env
    [ "$output" = "$(printf '%s\n' "${given[@]}")" ]
}

@test "init sets LISTEN_PID to the program's number if it was init's, and else leaves it" {
    code_of env LISTEN_PID=1 "$out/init" -- sh -c 'test "$LISTEN_PID" = $$'
    expect_status 0
    code_of env LISTEN_PID=77 "$out/init" -- sh -c 'test "$LISTEN_PID" = 77'
    expect_status 0
}

# in_call PROCESS NUMBER: whether the process is in this system call.
in_call() { [[ $(cat "/proc/$1/syscall" 2>/dev/null) == "$2 "* ]]; }

# waits_beside_execve: whether init, which is strace's child, is in ppoll(2), number 271, and
# init's child is in execve(2), number 59.
waits_beside_execve() {
    local init child
    init=$(pgrep -P "$pid") && child=$(pgrep -P "$init") \
        && in_call "$init" 271 && in_call "$child" 59
}

@test "init waits for signals while execve(2) takes a long time" {
    strace -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
    start_here strace -f -o /dev/null -e trace=execve \
        -e inject=execve:delay_enter=90000000:when=1 "$out/init" -- /bin/true
    eventually waits_beside_execve
}
