# The command line.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
}

teardown() { end_namespaces; }

@test "wrong use is told, with code 2, and nothing is run" {
    local wrong
    for wrong in --nonsense -x '-r USR1' '-e 256' '-p NONE' '--grace x' --subreaper=1; do
        # shellcheck disable=SC2086 # an option and a value
        code_of "$out/init" $wrong -- sh -c 'echo run'
        expect_status 2
        [[ $output == "init: "*" (see --help)" ]]
    done
}

@test "a wrong HAMMOCK_GRACE is wrong use, and is named" {
    HAMMOCK_GRACE=soon code_of "$out/init" -- sh -c 'echo run'
    expect_status 2
    [[ $output == "init: HAMMOCK_GRACE: "*" (see --help)" ]]
    HAMMOCK_GRACE=5 code_of "$out/init" -- sh -c 'exit 3'
    expect_status 3
    [ -z "$output" ]
}

@test "each -e makes a code 0, and no other" {
    local code
    for code in 0 3 7 9 255; do
        code_of "$out/init" -e 7 --remap=255 -e 0 -- sh -c "exit $code"
        case $code in
            3 | 9) expect_status "$code" ;;
            *) expect_status 0 ;;
        esac
    done
    code_of "$out/init" -e 143 -- sh -c 'kill -TERM $$'
    expect_status 0
}

@test "-w tells of each orphan and how it ended, and without it nobody does" {
    local leave='(sh -c "exit 3" &); (sh -c "kill -9 \$\$" &); until [ -z "$(pgrep -P 1 -x sh | grep -vx $$)" ]; do sleep 0.02; done; exit 7'
    code_of "$out/init" -w -- sh -c "$leave"
    expect_status 7
    [ "$(grep -cE '^init: reaped orphan [0-9]+, (code 3|signal 9)$' <<<"$output")" -eq 2 ]
    code_of "$out/init" -- sh -c "$leave"
    expect_status 7
    [ -z "$output" ]
}

@test "each -v says more" {
    code_of "$out/init" -- sh -c 'exit 5'
    [ -z "$output" ]
    code_of "$out/init" -v -- sh -c 'exit 5'
    [ "$output" = "init: program ended with code 5" ]
    code_of "$out/init" -v --verbose -- sh -c 'exit 5'
    [ "$output" = $'init: program started, pid 2\ninit: program ended with code 5' ]
}

@test "--help, --version and --license are answered, with code 0, and nothing is run" {
    local option
    for option in -h --help --version -l --license; do
        code_of "$out/init" "$option" -- sh -c 'echo run'
        expect_status 0
        case $option in
            -h | --help) [[ $output == "Usage: init "* ]] ;;
            --version) [[ $output =~ ^Hammock\ init\ [0-9.]+$ ]] ;;
            *) [[ $output == *"MIT License"* ]] ;;
        esac
        [[ $output != *$'\nrun' ]]
    done
}

@test "what stands behind the program's name is the program's" {
    code_of "$out/init" echo -v --help -- --version
    expect_status 0
    [ "$output" = "-v --help -- --version" ]
}
