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
    code_of "$out/init" --nonsense sh -c 'echo run'
    expect_status 2
    expect_output "init: --nonsense: unknown option (see --help)"
    [[ $output != *run* ]]
}

@test "-e makes a code 0, -w tells of orphans" {
    code_of "$out/init" -e 7 -w -- sh -c '(sh -c "exit 3" &); sleep 0.3; exit 7'
    expect_status 0
    expect_output "init: reaped orphan "
    expect_output ", code 3"
}
