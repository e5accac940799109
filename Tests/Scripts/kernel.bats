# The kernel's build. No test here compiles a whole kernel.

setup_file() {
    load ../Support/helpers
    # Afterwards the source is in the cache.
    "$root/scripts/build-kernel.sh"
}

setup() {
    load ../Support/helpers
    fragment=$BATS_TEST_TMPDIR/fragment
}

teardown() {
    # End the build that a test has started and not ended.
    [ -z "${script-}" ] || kill -TERM "$script" 2>/dev/null || true
}

build() { run "$root/scripts/build-kernel.sh" --output "$BATS_TEST_TMPDIR/kernel" "$@"; }

# empty_cache: gives the test an empty cache of its own, and an apt-get that fails.
empty_cache() {
    export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
    mkdir -p "$BATS_TEST_TMPDIR/stubs"
    printf '#!/bin/sh\nexit 100\n' >"$BATS_TEST_TMPDIR/stubs/apt-get"
    chmod +x "$BATS_TEST_TMPDIR/stubs/apt-get"
    PATH=$BATS_TEST_TMPDIR/stubs:$PATH
}

@test "a second build takes the kernel that is already built, and needs no network" {
    export http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9
    build
    expect_status 0
    cmp "$BATS_TEST_TMPDIR/kernel/bzImage" "$out/kernel/bzImage"
}

@test "the kernel has the bytes that the table of hashes names" {
    as_in_the_table
}

@test "the kernel names no machine and no directory, and has the pinned date" {
    local date version
    date=$(date -u -d "@$(awk '/^source-date-epoch/ { print $2 }' "$root/toolchain/inputs.lock")")
    version=$(grep -aoE 'Linux version [ -~]+' "$out/kernel/vmlinux" | head -n 1)
    [[ $version == "Linux version "*" (hammock@hammock) "*" #1 SMP $date" ]]
    run ! grep -aF -e "$root" -e "${XDG_CACHE_HOME:-$HOME/.cache}/" "$out/kernel/vmlinux"
}

@test "the configuration beside the kernel has every option that the fragment asks for" {
    local line
    while IFS= read -r line; do
        case $line in
            CONFIG_*) grep -qxF -- "$line" "$out/kernel/config" || { echo "lost: $line"; false; } ;;
        esac
    done <"$root/toolchain/kernel/hammock.config"
}

@test "the fragment asks for each option only once" {
    run bash -c "grep -ohE '^(# )?CONFIG_[A-Z0-9_]+' '$root/toolchain/kernel/hammock.config' \
        | sed 's/^# //' | sort | uniq -d"
    [ -z "$output" ]
}

@test "build-kernel.sh names an option that Kconfig drops" {
    printf 'CONFIG_MISSPELT=y\nCONFIG_EXT4_FS=y\n' >"$fragment"
    build --fragment "$fragment"
    expect_status 1
    expect_output "CONFIG_MISSPELT=y"
    [[ $output != *CONFIG_EXT4_FS* ]]
    [ ! -e "$BATS_TEST_TMPDIR/kernel" ]
}

@test "a configuration that is refused leaves nothing in the cache" {
    fake_source
    printf 'CONFIG_EXT4_FS=y\n' >"$fragment"
    # A Kconfig that forgets every option.
    printf '\nolddefconfig:\n\t@: >$(O)/.config\n' >>"$tree/Makefile"
    build --source "$tree" --fragment "$fragment"
    expect_status 1
    expect_output "CONFIG_EXT4_FS=y"
    [ -z "$(ls "$XDG_CACHE_HOME/hammock/kernel")" ]
}

@test "build-kernel.sh names an option that the processor needs and that is switched off" {
    printf '# CONFIG_64BIT is not set\n' >"$fragment"
    build --fragment "$fragment"
    expect_status 1
    expect_output "# CONFIG_64BIT is not set"
}

@test "build-kernel.sh refuses a source that is not a kernel's" {
    build --source "$BATS_TEST_TMPDIR/nowhere"
    expect_status 2
    expect_output "there is no"
    mkdir "$BATS_TEST_TMPDIR/empty"
    build --source "$BATS_TEST_TMPDIR/empty"
    expect_status 2
    expect_output "is not a kernel's source tree"
    echo text >"$BATS_TEST_TMPDIR/text.tar.xz"
    build --source "$BATS_TEST_TMPDIR/text.tar.xz"
    expect_status 1
    expect_output "could not be unpacked"
    mkdir "$BATS_TEST_TMPDIR/other"
    tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/other.tar" other
    build --source "$BATS_TEST_TMPDIR/other.tar"
    expect_status 2
    expect_output "holds no kernel source"
    build --config "$BATS_TEST_TMPDIR/nowhere"
    expect_status 2
    build --fragment "$BATS_TEST_TMPDIR/nowhere"
    expect_status 2
}

@test "if no archive has the pinned source, build-kernel.sh says what to do instead" {
    empty_cache
    HAMMOCK_SNAPSHOT_ARCHIVE=file:///nowhere build
    expect_status 3
    expect_output "--unpinned"
    expect_output "--source TARBALL"
    expect_output "scripts/update-lock.sh kernel"
    [ -z "$(find "$XDG_CACHE_HOME" -type f ! -name '.*.lock')" ]
}

@test "build-kernel.sh does not take a package with other bytes than the pinned one" {
    empty_cache
    mkdir -p "$BATS_TEST_TMPDIR/snapshot/file"
    echo "not the package" >"$BATS_TEST_TMPDIR/snapshot/file/$(awk '/^kernel-deb-sha1/ { print $2 }' \
        "$root/toolchain/inputs.lock")"
    HAMMOCK_SNAPSHOT_ARCHIVE=file://$BATS_TEST_TMPDIR/snapshot build
    expect_status 3
    expect_output "could not be fetched"
    [ -z "$(find "$XDG_CACHE_HOME" -type f ! -name '.*.lock')" ]
}

@test "build-kernel.sh does not unpack a tarball that was damaged in the cache" {
    empty_cache
    local tarball
    tarball=$XDG_CACHE_HOME/hammock/source/$(awk '/^kernel-tarball-sha256/ { print $2 }' \
        "$root/toolchain/inputs.lock").tar.xz
    mkdir -p "$(dirname "$tarball")"
    echo "not the tarball" >"$tarball"
    HAMMOCK_SNAPSHOT_ARCHIVE=file:///nowhere build
    expect_status 3
    expect_output "is not what it was; fetching it again"
    expect_output "could not be fetched"
}

@test "build-kernel.sh refuses a cache in a path that make cannot take" {
    XDG_CACHE_HOME="$BATS_TEST_TMPDIR/a cache" build
    expect_status 2
    expect_output "set XDG_CACHE_HOME to another"
}

# fake_source: makes a source tree, `$tree`, that compiles in no time.
fake_source() {
    export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
    tree=$BATS_TEST_TMPDIR/tree
    cp -R "$root/Tests/Support/fake-kernel" "$tree"
    echo 1 >"$tree/version"
}

@test "the kernel's date is SOURCE_DATE_EPOCH, and its user and host are both hammock" {
    fake_source
    SOURCE_DATE_EPOCH=86400 USER=kilroy HOSTNAME=kilroys-machine XZ_OPT=-9 build --source "$tree"
    expect_status 0
    grep -qx 'KBUILD_BUILD_TIMESTAMP=Fri Jan  2 00:00:00 UTC 1970' "$tree/environment"
    grep -qx 'KBUILD_BUILD_USER=hammock' "$tree/environment"
    grep -qx 'KBUILD_BUILD_HOST=hammock' "$tree/environment"
    run ! grep -e kilroy -e XZ_OPT "$tree/environment"
    # If the machine has Rust or pahole, make would leave their versions in the configuration.
    grep -q '^MAKEFLAGS=.*RUSTC=false' "$tree/environment"
    grep -q '^MAKEFLAGS=.*PAHOLE=false' "$tree/environment"
    SOURCE_DATE_EPOCH=yesterday build --source "$tree"
    expect_status 2
    expect_output "SOURCE_DATE_EPOCH is a whole number from 1 to 2147483647, not 'yesterday'"
}

@test "build-kernel.sh builds a source directory again when it has changed" {
    fake_source
    build --source "$tree"
    expect_status 0
    [ "$(cat "$BATS_TEST_TMPDIR/kernel/bzImage")" = 1 ]
    echo 2 >"$tree/version"
    build --source "$tree"
    expect_status 0
    [ "$(cat "$BATS_TEST_TMPDIR/kernel/bzImage")" = 2 ]
}

@test "build-kernel.sh unpacks and builds a source tarball" {
    fake_source
    touch "$tree/Kconfig"
    tar -C "$BATS_TEST_TMPDIR" -cJf "$BATS_TEST_TMPDIR/linux-1.tar.xz" tree
    build --source "$BATS_TEST_TMPDIR/linux-1.tar.xz"
    expect_status 0
    expect_output "Linux 1"
}

@test "--config replaces our configuration, and fragments override --config" {
    fake_source
    printf 'CONFIG_A=y\nCONFIG_B=y\nCONFIG_C="text"\n' >"$BATS_TEST_TMPDIR/whole"
    printf '# CONFIG_B is not set\n' >"$fragment"
    printf 'CONFIG_A=m\n' >"$fragment.2"
    build --source "$tree" --config "$BATS_TEST_TMPDIR/whole" --fragment "$fragment" \
        --fragment "$fragment.2"
    expect_status 0
    [ "$(sort "$BATS_TEST_TMPDIR/kernel/config")" = '# CONFIG_B is not set
CONFIG_A=m
CONFIG_C="text"' ]
}

@test "--config without a fragment keeps the configuration as it is" {
    fake_source
    printf 'CONFIG_A=y\n# CONFIG_B is not set\n' >"$BATS_TEST_TMPDIR/whole"
    build --source "$tree" --config "$BATS_TEST_TMPDIR/whole"
    expect_status 0
    cmp "$BATS_TEST_TMPDIR/kernel/config" "$BATS_TEST_TMPDIR/whole"
}

@test "a build that fails shows its last lines and its command, and keeps the old kernel" {
    fake_source
    build --source "$tree"
    touch "$tree/spoilt"
    echo 2 >"$tree/version"
    build --source "$tree"
    expect_status 1
    expect_output "init/main.c:1: error: spoilt by the test"
    expect_output "make -C $tree O="
    expect_output "vmlinux bzImage"
    [ "$(cat "$BATS_TEST_TMPDIR/kernel/bzImage")" = 1 ]
}

# build_in_background: starts a build and sets `script`. Its output is in `$BATS_TEST_TMPDIR/log`.
build_in_background() {
    "$root/scripts/build-kernel.sh" --output "$BATS_TEST_TMPDIR/kernel" "$@" \
        >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
    script=$!
}

# says TEXT: whether the build in the background has said TEXT.
says() { grep -qE "$1" "$BATS_TEST_TMPDIR/log"; }

@test "build-kernel.sh shows its progress while it builds" {
    fake_source
    touch "$tree/slow"
    build_in_background --source "$tree"
    eventually says '[0-9]+ of about [0-9]+ objects, [0-9]+:[0-9]+ elapsed'
    rm "$tree/slow"
    wait "$script"
    script=''
}

@test "an interrupted build leaves nothing that passes for a kernel, and the next one goes on" {
    fake_source
    touch "$tree/slow"
    build_in_background --source "$tree"
    compiling() { [ -e "$tree/compiling" ]; }
    eventually compiling
    kill -TERM "$script"
    local status=0
    wait "$script" || status=$?
    script=''
    [ "$status" -eq 130 ]
    says 'the next run goes on from here'
    [ ! -e "$BATS_TEST_TMPDIR/kernel" ]
    [ -z "$(find "$XDG_CACHE_HOME" -name bzImage)" ]
    no_make() { ! pgrep -f "make -C $tree" >/dev/null; }
    eventually no_make

    rm "$tree/slow"
    build --source "$tree"
    expect_status 0
    [[ $output != *"waiting for it"* ]]
    [ "$(cat "$BATS_TEST_TMPDIR/kernel/bzImage")" = 1 ]
}

@test "two checkouts that need the same source do not disturb each other" {
    fake_source
    touch "$tree/Kconfig"
    tar -C "$BATS_TEST_TMPDIR" -cJf "$BATS_TEST_TMPDIR/linux-1.tar.xz" tree
    local checkout
    for checkout in one two; do
        mkdir "$BATS_TEST_TMPDIR/$checkout"
        cp -R "$root/scripts" "$root/toolchain" "$BATS_TEST_TMPDIR/$checkout/"
    done
    "$BATS_TEST_TMPDIR/one/scripts/build-kernel.sh" --source "$BATS_TEST_TMPDIR/linux-1.tar.xz" \
        >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
    script=$!
    eventually says unpacking
    run "$BATS_TEST_TMPDIR/two/scripts/build-kernel.sh" --source "$BATS_TEST_TMPDIR/linux-1.tar.xz"
    expect_status 0
    wait "$script"
    script=''
    cmp "$BATS_TEST_TMPDIR/one/out/kernel-custom/bzImage" \
        "$BATS_TEST_TMPDIR/two/out/kernel-custom/bzImage"
}

# patched_checkout [VERSION]: makes `$checkout`, whose pinned source is the fake one. It has one
# patch, which fits if the source has this version (1).
patched_checkout() {
    fake_source
    touch "$tree/Kconfig"
    checkout=$BATS_TEST_TMPDIR/checkout
    mkdir -p "$checkout" "$XDG_CACHE_HOME/hammock/source"
    cp -R "$root/scripts" "$root/toolchain" "$checkout/"
    tar -C "$BATS_TEST_TMPDIR" -cJf "$BATS_TEST_TMPDIR/linux-1.tar.xz" tree
    local hash
    hash=$(sha256sum <"$BATS_TEST_TMPDIR/linux-1.tar.xz" | cut -c1-64)
    mv "$BATS_TEST_TMPDIR/linux-1.tar.xz" "$XDG_CACHE_HOME/hammock/source/$hash.tar.xz"
    sed -i "s/^\\(kernel-tarball-sha256 *\\).*/\\1$hash/" "$checkout/toolchain/inputs.lock"
    rm "$checkout"/toolchain/kernel/patches/*
    printf '%s\n' "A fake of another version" "" "--- a/version" "+++ b/version" \
        "@@ -1 +1 @@" "-${1:-1}" "+2" >"$checkout/toolchain/kernel/patches/0001-version.patch"
}

@test "build-kernel.sh patches the pinned source, but not with another configuration" {
    patched_checkout
    "$checkout/scripts/build-kernel.sh"
    [ "$(cat "$checkout/out/kernel/bzImage")" = 2 ]
    "$checkout/scripts/build-kernel.sh" --config "$checkout/out/kernel/config"
    [ "$(cat "$checkout/out/kernel-custom/bzImage")" = 1 ]
}

@test "a patch's description changes nothing, and the cache keeps one patched source" {
    patched_checkout
    local patch=$checkout/toolchain/kernel/patches/0001-version.patch
    "$checkout/scripts/build-kernel.sh"
    sed -i '1s/$/, said otherwise/' "$patch"
    run "$checkout/scripts/build-kernel.sh"
    expect_status 0
    run ! grep unpacking <<<"$output"
    sed -i 's/^+2$/+3/' "$patch"
    "$checkout/scripts/build-kernel.sh"
    [ "$(cat "$checkout/out/kernel/bzImage")" = 3 ]
    [ "$(find "$XDG_CACHE_HOME/hammock/source" -mindepth 1 -maxdepth 1 -name '*-patched-*' | wc -l)" -eq 1 ]
}

@test "build-kernel.sh names a patch that does not fit the source, and keeps no half of it" {
    patched_checkout 3
    run "$checkout/scripts/build-kernel.sh"
    expect_status 1
    expect_output "toolchain/kernel/patches/0001-version.patch does not fit this source"
    [ ! -e "$checkout/out/kernel" ]
    [ -z "$(find "$XDG_CACHE_HOME/hammock/source" -mindepth 1 -type d)" ]
}
