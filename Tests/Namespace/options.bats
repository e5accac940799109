# The command line of init.

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

@test "on wrong use init says so, ends with 2, and runs nothing" {
    local wrong
    for wrong in --nonsense -x '-r USR1' '-e 256' '-p NONE' '--grace x' --subreaper=1; do
        # shellcheck disable=SC2086 # an option and a value
        code_of "$out/init" $wrong -- sh -c 'echo run'
        expect_status 2
        [[ $output == "init: "*" (see --help)" ]]
    done
}

@test "if HAMMOCK_GRACE is wrong, init names it and ends with 2" {
    HAMMOCK_GRACE=soon code_of "$out/init" -- sh -c 'echo run'
    expect_status 2
    [[ $output == "init: HAMMOCK_GRACE: "*" (see --help)" ]]
    HAMMOCK_GRACE=5 code_of "$out/init" -- sh -c 'exit 3'
    expect_status 3
    [ -z "$output" ]
}

@test "each -e turns one code into 0, and no other code" {
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

@test "with -w init logs each orphan and how it ended, and without -w no orphan" {
    local leave='(sh -c "exit 3" &); (sh -c "kill -9 \$\$" &); until [ -z "$(pgrep -P 1 -x sh | grep -vx $$)" ]; do sleep 0.02; done; exit 7'
    code_of "$out/init" -w -- sh -c "$leave"
    expect_status 7
    [ "$(grep -cE '^init: reaped orphan [0-9]+, (code 3|signal 9)$' <<<"$output")" -eq 2 ]
    code_of "$out/init" -- sh -c "$leave"
    expect_status 7
    [ -z "$output" ]
}

@test "with each -v init logs more" {
    code_of "$out/init" -- sh -c 'exit 5'
    [ -z "$output" ]
    code_of "$out/init" -v -- sh -c 'exit 5'
    [ "$output" = "init: program ended with code 5" ]
    code_of "$out/init" -v --verbose -- sh -c 'exit 5'
    [ "$output" = $'init: program started, pid 2\ninit: program ended with code 5' ]
}

@test "--help, --version and --license make init answer, end with 0, and run nothing" {
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

@test "the words after the program's name go to the program" {
    code_of "$out/init" echo -v --help -- --version
    expect_status 0
    [ "$output" = "-v --help -- --version" ]
}
