# What the child of a service does before execve(2), done by the real kernel.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
    "$root/scripts/build-init.sh" --product recipe-child
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
    shell='/bin/sh|/bin/sh|-c'
}

teardown() { end_namespaces; }

# key NAME: the number of a case of RecipeKey.
key() {
    awk -v name="$1" '/enum CommandFlag/ { exit }
        /^    case / { if ($2 == name) print number + 0; number++ }' \
        "$root/Sources/InitCore/Services/RecipeKey.swift"
}

# recipe COMMAND [KEY TEXT]...: runs the command of a main stage, and captures it. In COMMAND, of
# flags, file and words, a `|` is between any two.
recipe() {
    local arguments=("$(key command)" "1|$1|")
    shift
    while [ $# -gt 0 ]; do
        case $1 in
            cgroup | log) arguments+=("$1" "$2") ;;
            *) arguments+=("$(key "$1")" "$2") ;;
        esac
        shift 2
    done
    code_of "${wrapper[@]}" "$out/recipe-child" 1 "${arguments[@]}"
}

need_root() { [ "$(id -u)" -eq 0 ] || skip "only root can become another user"; }

@test "a service has its user, groups, limits, umask and directory" {
    need_root
    recipe "|$shell|id -u; id -g; id -G; ulimit -Sn; ulimit -Hn; umask; pwd; echo \$\$HOME" \
        user nobody group 12 supplementaryGroup 4321 limit '7 64 128' umask 027 \
        workingDirectory /usr environment HOME=/somewhere
    expect_status 0
    [ "$output" = $'65534\n12\n12 4321\n64\n128\n0027\n/usr\n/somewhere' ]
}

@test "a service begins with no signal blocked, SIGPIPE ignored, and three descriptors" {
    recipe "|$shell|grep -e SigBlk -e SigIgn /proc/self/status; echo /proc/self/fd/*"
    expect_status 0
    # The fourth is the directory that echo reads.
    [ "$output" = $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000001000
/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3' ]
    recipe "|$shell|grep SigIgn /proc/self/status" keepsBrokenPipe ''
    expect_status 0
    [ "$output" = $'SigIgn:\t0000000000000000' ]
}

@test "a service leads a session of its own, at its own priority" {
    recipe "|$shell|ps -o sess=,tty=,ni= -p \$\$\$\$; echo \$\$\$\$" nice 7
    expect_status 0
    [[ $output =~ ^\ *([0-9]+)\ +\?\ +7$'\n'([0-9]+)$ ]]
    [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
}

@test "a step that fails ends the child with systemd's code, and is reported" {
    local reports=(
        '203 2:execution: /nowhere: no such file or directory:|/nowhere|/nowhere'
        "200 2:working directory: /nowhere: no such file or directory:|$shell|true:workingDirectory:/nowhere"
        "217 3:user: no-such: no such user:|$shell|true:user:no-such"
        "216 3:group: no-such: no such group:|$shell|true:group:no-such"
        "209 2:standard output: append:/nowhere/file: no such file or directory:|$shell|true:standardOutput:append:/nowhere/file"
        "205 22:limit: 7 5 4: not valid:|$shell|true:limit:7 5 4"
        "210 2:root directory: /nowhere: no such file or directory:|$shell|true:rootDirectory:/nowhere"
    )
    local each
    for each in "${reports[@]}"; do
        echo "$each"
        local report=${each%%:*} rest=${each#*:}
        local message=${rest%%:|*} command="|${rest#*:|}" setting=()
        if [[ $command == *"|true:"* ]]; then
            local pair=${command#*|true:}
            setting=("${pair%%:*}" "${pair#*:}")
            command=${command%%|true:*}'|true'
        fi
        recipe "$command" "${setting[@]}"
        expect_status "${report% *}"
        [ "$output" = "test.service: $message"$'\n'"report $report" ]
    done
}

@test "a condition that does not hold is reported, and the child ends well" {
    recipe "|$shell|echo runs" condition 'PathIsDirectory||/proc|'
    [ "$output" = runs ]
    recipe "|$shell|echo runs" condition 'PathIsDirectory|!|/proc|'
    expect_status 0
    [ "$output" = $'test.service: condition: /proc: does not hold\nreport 0 0' ]
    recipe "|$shell|echo runs" condition 'PathIsMountPoint||/proc|' condition 'PathIsMountPoint|!|/proc/1|'
    [ "$output" = runs ]
}

# holds KIND ARGUMENT: whether a condition holds, and not the other way round.
holds() {
    recipe "|$shell|echo runs" condition "$1||$2|"
    local first=$output
    recipe "|$shell|echo runs" condition "$1|!|$2|"
    [ "$first $output" = "runs test.service: condition: $2: does not hold"$'\n'"report 0 0" ] \
        || { echo "$1=$2: $first, $output" >&2; return 1; }
}

@test "conditions ask the kernel" {
    local word
    holds PathExists "$tree"
    holds PathIsDirectory "$tree"
    holds PathIsMountPoint /proc
    holds PathIsReadWrite "$tree"
    holds FileNotEmpty "$out/recipe-child"
    holds FileIsExecutable "$out/recipe-child"
    holds DirectoryNotEmpty "$tree"
    holds Capability CAP_CHOWN
    read -r word _ </proc/cmdline
    holds KernelCommandLine "$word"
    ln -s nowhere "$tree/link"
    holds PathIsSymbolicLink "$tree/link"
    mkdir "$tree/empty"
    recipe "|$shell|echo runs" condition "DirectoryNotEmpty||$tree/empty|"
    expect_output 'does not hold'
    recipe "|$shell|echo runs" condition "PathExists||$tree/link|"
    expect_output 'does not hold'
}

@test "variables come from files, and words are expanded" {
    printf 'A="one two"\nB=\\\nthree\n# C=4\n' >"$tree/variables"
    recipe "|/bin/echo|/bin/echo|\$A|\${A}|\${B}|\$\$C|\$C|end" environmentFile "$tree/variables"
    expect_status 0
    [ "$output" = 'one two one two three $C end' ]
}

@test "outputs go to files, and to the log" {
    recipe "|$shell|echo out; echo err >&2" \
        standardOutput "append:$tree/file" standardError "append:$tree/file"
    expect_status 0
    [ "$(cat "$tree/file")" = $'out\nerr' ]
    recipe "|$shell|echo log; echo err >&2" standardOutput journal log "$tree/log"
    [ "$(cat "$tree/log")" = $'log\nerr' ]
    [ -z "$output" ]
}

@test "directories are made, and are the user's" {
    need_root
    wrapper=(sh -c 'mount -t tmpfs none /run && exec "$@"' sh)
    recipe "|$shell|stat -c '%a %u:%g' \${RUNTIME_DIRECTORY} /run/a; touch \$RUNTIME_DIRECTORY/x" \
        user nobody runtimeDirectory a/b runtimeDirectoryMode 700
    expect_status 0
    [ "$output" = $'700 65534:65534\n755 0:0' ]
}

@test "a root directory is the service's /" {
    mkdir -p "$tree/bin"
    cp "$out/recipe-child" "$tree/bin/program"
    need_root
    # It ends with 2, as it gets no argument.
    recipe "|/bin/program|/bin/program" rootDirectory "$tree"
    expect_status 2
}

@test "a service begins in its cgroup" {
    need_root
    local mounts=$BATS_TEST_TMPDIR/cgroup
    mkdir "$mounts"
    wrapper=(sh -c 'mount -t cgroup2 none "$0" && mkdir "$0/hammock-test-$$" || exit 77
        "$@" cgroup "$0/hammock-test-$$"; code=$?; rmdir "$0/hammock-test-$$"; exit $code' "$mounts")
    recipe "|$shell|grep ^0: /proc/self/cgroup; cat $mounts/hammock-test-*/cgroup.max.descendants" \
        cgroupFile 'cgroup.max.descendants 5' cgroupFile 'no.such.file 1'
    [ "$status" -ne 77 ] || skip "this machine lets root mount no cgroup2"
    expect_status 0
    [[ $output == *'cgroup: no.such.file: no such file or directory'*/hammock-test-*$'\n'5 ]]
}

@test "a terminal becomes the session's own" {
    need_root
    local command
    command="$out/recipe-child 1 $(key command) '1||/bin/sh|/bin/sh|-c|ps -o tty= -p \$\$\$\$; \
echo \$\$TERM >/dev/tty|' $(key standardInput) tty-force $(key terminalPath) \$(tty) \
$(key terminalReset) ''"
    capture timeout --signal=KILL 60 "${in_namespace[@]}" --mount-proc \
        script -qec "$command" /dev/null </dev/null
    [[ $output =~ pts/[0-9]+.*linux ]]
}
