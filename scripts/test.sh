#!/usr/bin/env bash
# Tests Hammock, cheapest ring first, and ends with "N passed, N failed, N skipped".
#
#   scripts/test.sh                 every ring but docs, ssh, engines, services and fresh
#   scripts/test.sh --only RING     one ring; may be repeated
#   scripts/test.sh --help
#
# Rings:
#   lint       shellcheck, swift format and the repository's own rules
#   unit       the decisions of PID 1, on this machine, against a simulated kernel, with a
#              million events made from seeds, or HAMMOCK_SIMULATION_EVENTS of them
#   fuzz       its parsers, with input from a fuzzer: a minute in all, or as many
#              seconds as HAMMOCK_FUZZ_SECONDS says
#   build      what the cross-compiler makes: static, no heap, small, the same bytes
#   namespace  the real init as PID 1 of a namespace, and as an ordinary process
#   container  the real init in containers: runc, crun, podman, docker, LXC, nspawn, bubblewrap
#   scripts    the scripts' answers to bad input, the image, the kernel's build
#   boot       the real kernel in qemu
#   docs       what the chapters in docs/ tell their reader to do, and what they show: takes
#              some minutes
#   ssh        the machine to log in to, under stress: half an hour
#   engines    container engines that run their containers in machines: podman, docker, a swarm,
#              containerd as Kubernetes calls it; and what starts hammock build's disks and
#              containers: libvirt, OVMF, LXD. Needs root, takes long
#   services   Debian's own services, in a machine and in containers: needs root, takes long
#   fresh      all of it on a new Debian made by debootstrap: needs root, takes long

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1

rings=()
passed=0
failed=0
skipped=0

main() {
    while [ $# -gt 0 ]; do
        case $1 in
            --only) rings+=("$(value_of "$@")"); shift 2 ;;
            -h | --help) help; exit ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    [ ${#rings[@]} -gt 0 ] || rings=(lint unit fuzz build namespace container scripts boot)
    local ring
    for ring in "${rings[@]}"; do
        case $ring in
            lint | unit | fuzz | build | namespace | container | scripts | boot | docs | ssh \
                | engines | services | fresh) ;;
            *) usage_error "--only takes a ring, and '$ring' is none" ;;
        esac
    done

    [[ ${HAMMOCK_FUZZ_SECONDS-60} =~ ^[1-9][0-9]{0,5}$ ]] \
        || usage_error "HAMMOCK_FUZZ_SECONDS is a whole number above 0, not '$HAMMOCK_FUZZ_SECONDS'"

    writable_directory "$out"
    need_packages test userspace kernel image boot run package
    need_swift
    export HAMMOCK_NESTED=yes
    for ring in "${rings[@]}"; do
        printf '\n== %s\n' "$ring"
        "ring_$ring"
    done
    printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ]
}

# expect NAME COMMAND...: one test that is one command.
expect() {
    local name=$1
    shift
    if "$@" >"$out/test.log" 2>&1; then
        passed=$((passed + 1))
        printf 'ok %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'not ok %s\n' "$name"
        sed 's/^/    /' "$out/test.log"
    fi
}

# run_bats DIRECTORY: counts what bats reports as it comes, one line for each test.
run_bats() {
    local line status=0 failed_before=$failed
    while IFS= read -r line; do
        printf '%s\n' "$line"
        case $line in
            'ok '*'# skip'*) skipped=$((skipped + 1)) ;;
            'ok '*) passed=$((passed + 1)) ;;
            'not ok '*) failed=$((failed + 1)) ;;
            'bats status '*) status=${line##* } ;;
        esac
    done < <(bats --formatter tap "$root/Tests/$1" 2>&1 || echo "bats status $?")
    # bats also fails when it could not begin or not go on, and then no test has failed.
    [ "$status" -eq 0 ] || [ "$failed" -gt "$failed_before" ] || failed=$((failed + 1))
}

ring_lint() {
    cd "$root"
    local bash_files
    mapfile -t bash_files < <(find scripts Tests .ci toolchain -name '*.sh' \
        -o -name '*.bash' -o -name policy-rc.d -o -path .ci/run -o -path scripts/hammock)
    expect "shellcheck has nothing to say" shellcheck "${bash_files[@]}"
    # bats runs each test in a subshell, and gives it variables; single quotes hold scripts.
    expect "shellcheck has nothing to say of the tests" \
        find Tests -name '*.bats' -exec \
        shellcheck --shell=bats --exclude=SC2016,SC2030,SC2031,SC2154 {} +
    expect "swift format has nothing to say" \
        swift format lint --strict --recursive Package.swift Sources Tests
    expect "no function is longer than 70 lines" no_long_function
    expect "each test that ARCHITECTURE.md names is there" named_tests_exist
    expect "each pin of the lock file is used, and each use is a pin" pins_are_used
}

no_long_function() {
    local long
    long=$(find Sources Tests -name '*.swift' -exec awk '
        FNR == 1 { start = 0 }
        /^ *(@[a-z(_)]+ )*(public |private |static |mutating )*func / { start = FNR }
        start && /^(    )?}$/ { if (FNR - start > 70) print FILENAME ":" start; start = 0 }' {} +)
    printf '%s' "$long"
    [ -z "$long" ]
}

# ARCHITECTURE.md has names of tests in italics, and three dots for what it leaves out.
named_tests_exist() {
    local names name
    names=$(find Tests \( -name '*.bats' -o -name '*.swift' \) -exec \
        perl -ne 'print "$1\n" if /^\@test "(.*)" \{/ or /func `(.*)`/' {} +)
    perl -0777 -ne 'while (/(?<!\*)\*([^*]+)\*(?!\*)/g) { print $1 =~ s/\s+/ /gr, "\n" }' \
        ARCHITECTURE.md | while read -r name; do
        name=${name// .../...}
        grep -q -- "${name//.../.*}" <<<"$names" || { echo "no test is named: $name"; return 1; }
    done
}

pins_are_used() {
    local name
    awk '/^[a-z]/ { print $1 }' toolchain/inputs.lock | while read -r name; do
        case $name in
            package-*) grep -rqE "warn_of_versions .*\b${name#package-}\b" scripts ;;
            *) grep -rq "pin $name\b" scripts ;;
        esac || { echo "nothing reads the pin $name"; return 1; }
    done || return
    grep -rhoE '\(pin [a-z0-9-]+\)' scripts | tr -d '()' | cut -d' ' -f2 | while read -r name; do
        pin "$name" >/dev/null
    done
}

# unit_failures LOG: prints what went wrong, with all that the tests say about it.
unit_failures() {
    awk '/^(✘|✔|◇|lane )/ { issue = /recorded an issue/ }
        issue || /error:/' "$1"
}

ring_unit() {
    local log=$out/unit.log status=0 cases
    mkdir -p "$out"
    swift test --package-path "$root" >"$log" 2>&1 || status=$?
    cases=$(grep -cE 'Test ".*" .*passed after' "$log" || true)
    grep -E 'Test ".*" .*(passed|failed) after' "$log" || true
    if [ "$status" -ne 0 ]; then
        unit_failures "$log" | grep . || tail -n 30 "$log"
        local broken
        broken=$(grep -cE 'Test ".*" .*failed after' "$log" || true)
        # A build that fails runs no test, but counts as one failure.
        failed=$((failed + (broken > 0 ? broken : 1)))
    fi
    passed=$((passed + cases))
    [ "$cases" -gt 0 ] || failed=$((failed + 1))
}

# Each directory of seeds is a target. Interesting input stays in out/fuzz/corpus, and the next
# run goes on from there.
ring_fuzz() {
    local targets target seconds
    targets=("$root"/Tests/Fuzz/seeds/*)
    seconds=$((${HAMMOCK_FUZZ_SECONDS-60} / ${#targets[@]}))
    expect "the fuzzer can be built" build_fuzzer
    [ -e "$out/fuzz/all" ] || return 0
    for target in "${targets[@]##*/}"; do
        # 0 seconds would mean for ever.
        expect "the fuzzer finds nothing wrong: $target" \
            fuzz "$target" "$((seconds > 0 ? seconds : 1))"
    done
}

# One module, without imports of its parts, so that the parsers are instrumented like the targets.
# Unoptimised, so that every check of Swift's is there. lld, because gold prints hundreds of
# warnings.
build_fuzzer() {
    rm -f "$out"/fuzz/all
    rm -rf "$out/fuzz"/{UnitFiles,AgentProtocol}
    mkdir -p "$out/fuzz"
    cp -R "$root"/Sources/{UnitFiles,AgentProtocol} "$out/fuzz/"
    find "$out/fuzz"/{UnitFiles,AgentProtocol} -name '*.swift' -exec \
        sed -i -E 's/^(public )?import InitCore$//' {} +
    swiftc -swift-version 6 -Onone -use-ld=lld -sanitize=fuzzer,address -parse-as-library \
        -o "$out/fuzz/all" "$root"/Sources/InitCore/*/*.swift "$out"/fuzz/UnitFiles/*.swift \
        "$out"/fuzz/UnitFiles/*/*.swift "$out"/fuzz/AgentProtocol/*.swift \
        "$root"/Tests/Fuzz/*.swift
}

# fuzz TARGET SECONDS: on failure prints the bad input, and how to try it again.
fuzz() {
    local target=$1 program=$out/fuzz/$1 findings=$out/fuzz/findings log=$out/fuzz/$1.log found
    mkdir -p "$findings" "$out/fuzz/corpus/$target"
    ln -f "$out/fuzz/all" "$program"
    # Swift's own crash reporter would replace the fuzzer's, and take minutes. The search for
    # leaks is off: it needs ptrace(2), which containers forbid.
    if SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16 \
        "$program" -max_total_time="$2" -timeout=10 -dict="$root/Tests/Fuzz/dictionary" \
        -artifact_prefix="$findings/$target-" \
        "$out/fuzz/corpus/$target" "$root/Tests/Fuzz/seeds/$target" >"$log" 2>&1; then
        return 0
    fi
    grep -E 'Fatal error|ERROR:|SUMMARY:' "$log" || tail -n 15 "$log"
    found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    printf 'all of it: %s\n' "$log"
    [ -z "$found" ] || printf 'try it again: SWIFT_BACKTRACE=enable=no %q %q\n' "$program" "$found"
    return 1
}

ring_build() { run_bats Build; }
ring_namespace() { run_bats Namespace; }
ring_container() {
    need_packages clients
    run_bats Container
}
ring_scripts() { run_bats Scripts; }
ring_boot() {
    need_packages artefacts
    run_bats Boot
}
ring_docs() {
    need_packages ssh
    run_bats Docs
}
ring_ssh() { run_bats Ssh; }

ring_engines() {
    need_packages artefacts clients engines
    run_bats Engines
}

ring_services() { run_bats Services; }

# Not through `expect`: it takes half an hour, and shows its progress.
ring_fresh() {
    local name="a new Debian passes README's two commands"
    if [ "$(id -u)" -ne 0 ]; then
        skipped=$((skipped + 1))
        printf 'ok %s # skip only root can make another Debian\n' "$name"
    elif "$root/Tests/Fresh/fresh.sh"; then
        passed=$((passed + 1))
        printf 'ok %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'not ok %s\n' "$name"
    fi
}

main "$@"
