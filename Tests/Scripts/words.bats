# The host's hammock has the words of the guest's.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh" --product hammock
    # It builds the tool.
    "$root/scripts/hammock" --help >/dev/null
}

setup() {
    load ../Support/helpers
    units=$BATS_TEST_TMPDIR/units
    mkdir -p "$units/etc/hammock"
    printf '[Service]\nExecStart=/bin/true\nTimeoutStopSec=900\n' >"$units/etc/hammock/a.service"
}

# same WORDS...: both programs print the same on both streams, and end with the same code. Sets
# `status` and `output`.
same() {
    local code=0
    "$out/hammock" "$@" >"$BATS_TEST_TMPDIR/guest" 2>&1 || code=$?
    run "$out/hammock-host" "$@"
    expect_status "$code"
    diff "$BATS_TEST_TMPDIR/guest" <(printf '%s\n' "$output")
}

@test "check and plan say of unit files what the guest's hammock says, and end with its code" {
    same check --root "$units"
    expect_status 0
    same check --root "$units" --json
    same check --help
    printf '[Service]\nType=nothing\nExecStart=/bin/true\n' >"$units/etc/hammock/b.service"
    same check --root "$units" --strict
    expect_status 1
    expect_output "Type= cannot be 'nothing'"
    same check --nothing
    expect_status 2
    same plan
    expect_status 2
}

@test "a plan that the host's hammock writes has the guest's bytes" {
    "$out/hammock" plan --root "$units" -o "$BATS_TEST_TMPDIR/guest"
    "$out/hammock-host" plan --root "$units" -o "$BATS_TEST_TMPDIR/host"
    [ -s "$BATS_TEST_TMPDIR/guest" ]
    cmp "$BATS_TEST_TMPDIR/guest" "$BATS_TEST_TMPDIR/host"
}

@test "the host's --help has each verb that the guest's --help has" {
    local verb number=0
    run -0 "$out/hammock-host" --help
    for verb in $("$out/hammock" --help | sed -nE 's/^  ([a-z]+)  .*/\1/p'); do
        grep -qE "^  $verb  " <<<"$output" || { echo "not in --help: $verb" >&2; return 1; }
        number=$((number + 1))
    done
    [ "$number" -ge 14 ]
}

@test "a word for services asks this system's init, and the complaint names the way to a machine" {
    run "$out/hammock-host" status --socket "$BATS_TEST_TMPDIR/none"
    expect_status 3
    expect_output "no init answers at $BATS_TEST_TMPDIR/none"
    expect_output "hammock --machine NAME status"
    run "$out/hammock-host" wait settled --timeout
    expect_status 2
    expect_output "hammock: --timeout: value missing"
}

@test "--machine needs a machine that runs, and a word" {
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR
    run "$out/hammock-host" --machine none status
    expect_status 125
    expect_output "no machine with the name none runs (hammock ps lists them)"
    run "$out/hammock-host" --machine=none
    expect_status 2
    run "$out/hammock-host" --machine
    expect_status 2
}

@test "the host's hammock says its version" {
    run -0 "$out/hammock-host" --version
    [ "$output" = "$("$out/hammock" --version)" ]
}
