# The hardening of the kernel: whether toolchain/kernel/hardening.tsv agrees with the
# configuration that was built, and what scripts/bench.sh --hardening says of the two.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
}

setup() {
    load ../Support/helpers
    table=$root/toolchain/kernel/hardening.tsv
    config=$BATS_TEST_TMPDIR/config
}

# assess CONFIG WORDS [TABLE]: assesses CONFIG as lib-hardening.sh does.
assess() {
    bash -c '. "$1/scripts/lib.sh" && . "$1/scripts/lib-hardening.sh"
        recommendations=$4
        assess "$2" "$3"' - "$root" "$1" "$2" "${3-$table}"
}

# verdict RECOMMENDATION [WORDS]: assesses `config` by RECOMMENDATION, and sets `output` to what
# the assessment has in front of it.
verdict() {
    printf '# a comment\n\ngroup\tsource\t%s\tours\treason\n' "$1" >"$BATS_TEST_TMPDIR/table"
    output=$(assess "$config" "${2-}" "$BATS_TEST_TMPDIR/table")
    [[ $output == *$'\tgroup\tsource\t'"$1"$'\tours\treason' ]]
    output=$(cut -f 1,2 <<<"$output")
}

# expect_verdict YES|NO VALUE RECOMMENDATION [WORDS]: RECOMMENDATION is met or not, and VALUE is
# what `config` has.
expect_verdict() {
    verdict "${@:3}"
    [ "$output" = "$1"$'\t'"$2" ] || { echo "$3: expected $1 and $2, not $output"; false; }
}

@test "the kernel's configuration has what the table of recommendations says" {
    run -0 assess "$out/kernel/config" ''
    awk -F '\t' '$2 != $6 { print "the table says " $6 ", the configuration " $2 ": " $5; wrong = 1 }
        END { exit wrong || NR < 200 }' <<<"$output"
}

@test "each recommendation that is not met has a reason, and no other has one" {
    run -0 assess "$out/kernel/config" ''
    awk -F '\t' '($1 == "no") != (length($7) > 0) { print "met: " $1 ", reason: " $7 ": " $5; wrong = 1 }
        END { exit wrong || NR < 200 }' <<<"$output"
}

@test "each row of the table of recommendations is complete, and there only once" {
    run bash -c 'grep -v -e "^#" -e "^$" "$1" | cut -f 3 | sort | uniq -d' - "$table"
    [ -z "$output" ] || { echo "twice: $output"; false; }
    run awk -F '\t' '!/^#/ && !/^$/ && (NF < 4 || NF > 5 || !$1 || !$2 || !$4) { print FNR }' "$table"
    [ -z "$output" ] || { echo "lines that are no rows: $output"; false; }
}

@test "the kernel's source knows each option in the table" {
    local source
    source=$(bash -c '. "$1/scripts/lib.sh"; echo "$cache/source/$(pin kernel-tarball-sha256)"' - "$root")
    [ -e "$source/Kconfig" ] || skip "the kernel's source is not unpacked here"
    find "$source/" -name 'Kconfig*' -exec \
        sed -nE 's/^[[:space:]]*(menu)?config ([A-Z0-9_a-z]+).*/\2/p' {} + | sort -u >"$BATS_TEST_TMPDIR/known"
    grep -v '^#' "$table" | cut -f 3 | grep -oE '\b[A-Z][A-Z0-9_]+!?=' | tr -d '=!' | sort -u \
        >"$BATS_TEST_TMPDIR/named"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/named")" -gt 200 ]
    run comm -13 "$BATS_TEST_TMPDIR/known" "$BATS_TEST_TMPDIR/named"
    [ -z "$output" ] || { echo "nobody knows: $output"; false; }
}

@test "no machine's kernel command line undoes what the configuration does" {
    local machine words
    assess "$out/kernel/config" '' >"$BATS_TEST_TMPDIR/without"
    for machine in pc q35 microvm; do
        words=$("$root/scripts/boot.sh" --dry-run --machine "$machine" --accel tcg 2>/dev/null)
        eval "words=($words)"
        while [ "${words[0]}" != -append ]; do words=("${words[@]:1}"); done
        [[ ${words[1]} == *console=* ]]
        assess "$out/kernel/config" "${words[1]}" >"$BATS_TEST_TMPDIR/with"
        diff "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/with"
    done
}

@test "an option has the value that the configuration gives it" {
    printf 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_NUMBER=65536\nCONFIG_MODULE=m\n' >"$config"
    printf 'CONFIG_LIST="one,two"\n#CONFIG_GONE=y\nCONFIG_A_LONGER=x\n' >>"$config"
    expect_verdict yes y A=y
    expect_verdict no y A=n
    expect_verdict yes n B=n
    expect_verdict no n B=y
    expect_verdict yes n GONE=n
    expect_verdict yes 65536 NUMBER=65536
    expect_verdict no 65536 NUMBER=6553
    expect_verdict no m MODULE=y
    expect_verdict no m MODULE=n
    expect_verdict yes one,two 'LIST=*two*'
    expect_verdict no one,two 'LIST=*tw*'
    expect_verdict no n 'NOTHING=*two*'
}

@test "alternatives are met if all parts of one of them are met" {
    printf 'CONFIG_A=y\nCONFIG_B=y\n' >"$config"
    expect_verdict yes n 'C=y or A=y'
    expect_verdict no n 'C=y or A=n'
    expect_verdict yes y 'A=y and B=y'
    expect_verdict no y 'A=y and B=y and C=y'
    expect_verdict yes y 'A=y and C=y or B=y'
    expect_verdict yes n 'C=y or A=y and B=y'
    expect_verdict no n 'C=y or A=y and B=n'
}

@test "a kernel parameter counts whether it is built in or given by the boot" {
    printf 'CONFIG_CMDLINE="one=1 alone  three.four=5"\n' >"$config"
    expect_verdict yes 1 one=1
    expect_verdict yes n two=n
    expect_verdict no '' alone=n
    expect_verdict yes '' 'alone!=off'
    expect_verdict no n 'absent!=off'
    expect_verdict yes 5 three.four=5
    expect_verdict yes 2 one=2 'one=2'
    expect_verdict no off 'given!=off' 'quiet given=off'
    expect_verdict yes on 'given!=off' 'given=on'
    expect_verdict yes a,b given=a,b 'given=a,b'
    expect_verdict yes n given=n '-- given=on'
}

@test "bench.sh --hardening counts for our kernel alone if it cannot get Debian's" {
    run --separate-stderr "$root/scripts/bench.sh" --hardening --no-debian
    expect_status 0
    expect_output "Debian: none"
    local met all
    assess "$out/kernel/config" '' >"$BATS_TEST_TMPDIR/assessment"
    met=$(cut -f 1,5 "$BATS_TEST_TMPDIR/assessment" | grep -c $'^yes\t[A-Z]')
    all=$(cut -f 5 "$BATS_TEST_TMPDIR/assessment" | grep -c '^[A-Z]')
    [[ $output =~ (^|$'\n')\ *$met\ +-\ +$all\ +options\ of ]]
    # apt has no package, and the cache has our kernel but not Debian's configuration.
    mkdir -p "$BATS_TEST_TMPDIR"/{stubs,cache/hammock}
    printf '#!/bin/sh\nexit 100\n' | tee "$BATS_TEST_TMPDIR"/stubs/apt-{get,cache} >/dev/null
    chmod +x "$BATS_TEST_TMPDIR"/stubs/*
    ln -s "${XDG_CACHE_HOME:-$HOME/.cache}/hammock/kernel" "$BATS_TEST_TMPDIR/cache/hammock/kernel"
    local counts=${output#*$'\n'}
    PATH=$BATS_TEST_TMPDIR/stubs:$PATH XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache \
        run --separate-stderr "$root/scripts/bench.sh" --hardening
    expect_status 0
    [ "${output#*$'\n'}" = "$counts" ]
    [[ $stderr == *"leaving out Debian's kernel"* ]]
}

@test "a download that is not a Debian package leaves nothing in the cache" {
    mkdir -p "$BATS_TEST_TMPDIR"/{stubs,cache/hammock}
    printf '#!/bin/sh\necho "no package" >linux-config.deb\n' >"$BATS_TEST_TMPDIR/stubs/apt-get"
    printf '#!/bin/sh\nexit 100\n' >"$BATS_TEST_TMPDIR/stubs/apt-cache"
    chmod +x "$BATS_TEST_TMPDIR"/stubs/*
    ln -s "${XDG_CACHE_HOME:-$HOME/.cache}/hammock/kernel" "$BATS_TEST_TMPDIR/cache/hammock/kernel"
    PATH=$BATS_TEST_TMPDIR/stubs:$PATH XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache \
        run --separate-stderr "$root/scripts/bench.sh" --hardening
    expect_status 0
    [[ $stderr == *"leaving out Debian's kernel"* ]]
    [ -z "$(find "$BATS_TEST_TMPDIR/cache/" -type f)" ]
}

@test "bench.sh --hardening counts Debian's configuration beside ours" {
    local cache=$BATS_TEST_TMPDIR/cache/hammock version
    version=$(awk '$1 == "kernel-version" { print $2 }' "$root/toolchain/inputs.lock")
    mkdir -p "$cache/debian-kernel"
    ln -s "${XDG_CACHE_HOME:-$HOME/.cache}/hammock/kernel" "$cache/kernel"
    # A configuration that was fetched before. It differs from ours in one option.
    sed 's/^CONFIG_SECCOMP=y/# CONFIG_SECCOMP is not set/' "$out/kernel/config" \
        >"$cache/debian-kernel/linux-config-6.12_$version.config"
    XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache \
        run --separate-stderr "$root/scripts/bench.sh" --hardening
    expect_status 0
    expect_output "Debian: linux-config-6.12 $version"
    [[ $output =~ \ *([0-9]+)\ +([0-9]+)\ +[0-9]+\ +options\ of ]]
    [ $((BASH_REMATCH[1] - BASH_REMATCH[2])) -eq 1 ]
}
