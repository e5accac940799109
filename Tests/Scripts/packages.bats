# How packages are built from source, by small recipes of the tests' own. Of the real packages only
# musl is there, as it is in the cache. No test fetches anything.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-package.sh" musl
}

setup() {
    load ../Support/helpers
    copy="$BATS_TEST_TMPDIR/it's a copy"
    recipes=$copy/toolchain/packages
    snapshot=$BATS_TEST_TMPDIR/snapshot
    mkdir -p "$copy" "$snapshot/file" "$BATS_TEST_TMPDIR/stubs"
    cp -R "$root/scripts" "$root/toolchain" "$copy/"
    find "$recipes" -mindepth 1 -maxdepth 1 -type d ! -name musl -exec rm -r {} +
    new_cache "$BATS_TEST_TMPDIR/cache"
    # apt knows no mirror, and the snapshot archive is a directory.
    printf '#!/bin/sh\nexit 100\n' >"$BATS_TEST_TMPDIR/stubs/apt-get"
    chmod +x "$BATS_TEST_TMPDIR/stubs/apt-get"
    PATH=$BATS_TEST_TMPDIR/stubs:$PATH
    export HAMMOCK_SNAPSHOT_ARCHIVE=file://$snapshot
}

teardown() {
    # End the build that a test has started and not ended.
    [ -z "${script-}" ] || kill -TERM "$script" 2>/dev/null || true
}

# new_cache DIRECTORY: the cache is there from now on, and has musl.
new_cache() {
    export XDG_CACHE_HOME=$1
    packages=$1/hammock/packages
    source=$1/hammock/source
    mkdir -p "$packages" "$source"
    # The name of its entry is what out/packages/musl was made from.
    cp -R "$out/packages/musl" "$packages/$(cat "$out/packages/musl.inputs")"
}

# recipe NAME [NEEDED...] <BUILD: makes a package whose build.sh is BUILD. Its source has one file,
# main.c, and is in the cache.
recipe() {
    local directory=$recipes/$1 sha256
    mkdir -p "$directory" "$BATS_TEST_TMPDIR/$1-1.0"
    cat >"$directory/build.sh"
    echo MIT >"$directory/license"
    cat >"$BATS_TEST_TMPDIR/$1-1.0/main.c" <<'END'
#include <stdio.h>
#include "config.h"
int main(void) { return puts(__FILE__ ": " WORDS) < 0; }
END
    tarball=$BATS_TEST_TMPDIR/$1_1.0.orig.tar.gz
    tar -C "$BATS_TEST_TMPDIR" -czf "$tarball" "$1-1.0"
    sha256=$(sha256sum <"$tarball" | cut -c1-64)
    cached=$source/$sha256.tar.gz
    cp "$tarball" "$cached"
    printf '%s %s %s\n' "$sha256" "$(sha1sum <"$tarball" | cut -c1-40)" \
        "pool/main/x/$1/${tarball##*/}" >"$directory/source"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" >"$directory/needs"
}

# quick_recipe NAME [NEEDED...]: makes a package that is built in no time, and notes it in `$built`.
quick_recipe() {
    built=$BATS_TEST_TMPDIR/built
    recipe "$@" <<END
echo "$1" >>'$built'
echo "$1" >"\$DEST/$1"
END
}

build() { run "$copy/scripts/build-package.sh" "$@"; }

# build_in_background NAME...: starts a build and sets `script`. Its output is in `$log`.
build_in_background() {
    log=$BATS_TEST_TMPDIR/log
    # A shell without job control has its background jobs ignore SIGINT.
    env --default-signal=INT "$copy/scripts/build-package.sh" "$@" >"$log" 2>&1 3>&- &
    script=$!
}

# nothing_built NAME: there is no entry for it in the cache, and nothing half-made.
nothing_built() {
    [ -z "$(find "$packages" -mindepth 1 -maxdepth 1 -name "$1-*" ! -name '*.log')" ]
    [ ! -e "$copy/out/packages/$1" ]
}

gone() { [ ! -e "/proc/$1" ]; }

@test "a package is built from its patched source, with the headers and libraries that it needs" {
    recipe words musl <<'END'
printf '#define WORDS "these words"\n' >config.h
printf 'int answer(void) { return 42; }\n' >answer.c
cc $CFLAGS -c answer.c
ar rcs libanswer.a answer.o
mkdir -p "$DEST/usr/include" "$DEST/usr/lib"
cp config.h "$DEST/usr/include/"
cp libanswer.a "$DEST/usr/lib/"
END
    recipe hello musl words <<'END'
cp "$RECIPE/config" more.h
cc $CFLAGS -o hello main.c -lanswer
mkdir "$DEST/bin"
cp hello "$DEST/bin/hello"
END
    echo '#define MORE "more of them"' >"$recipes/hello/config"
    mkdir "$recipes/hello/patches"
    cat >"$recipes/hello/patches/0001-first.patch" <<'END'
The first

--- a/main.c
+++ b/main.c
@@ -1,3 +1,4 @@
 #include <stdio.h>
 #include "config.h"
+#include "more.h"
 int main(void) { return puts(__FILE__ ": " WORDS) < 0; }
END
    cat >"$recipes/hello/patches/0002-second.patch" <<'END'
The second, which fits only behind the first

--- a/main.c
+++ b/main.c
@@ -1,4 +1,5 @@
 #include <stdio.h>
 #include "config.h"
 #include "more.h"
-int main(void) { return puts(__FILE__ ": " WORDS) < 0; }
+int answer(void);
+int main(void) { return printf("%s, " MORE ": %d\n", WORDS, answer()) < 0; }
END
    build hello
    expect_status 0
    expect_output "out/packages: musl words hello"
    run "$copy/out/packages/hello/bin/hello"
    [ "$output" = "these words, more of them: 42" ]
    # No symbols, and no name of a compiler.
    run readelf -SW "$copy/out/packages/hello/bin/hello"
    [[ $output != *.symtab* && $output != *.comment* ]]
}

@test "in another checkout, with another cache and umask a package has the same bytes" {
    recipe hello musl <<'END'
printf '#define WORDS "words"\n' >config.h
cc $CFLAGS -g -o hello "$PWD/main.c"
mkdir "$DEST/bin"
cp hello "$DEST/bin/hello"
cp config.h "$DEST/"
END
    build hello
    expect_status 0
    mv "$copy" "$BATS_TEST_TMPDIR/another"
    copy=$BATS_TEST_TMPDIR/another first=$packages
    mv "$copy/out" "$copy/first"
    new_cache "$BATS_TEST_TMPDIR/another-cache"
    cp "$tarball" "$source/${cached##*/}"
    (umask 077 && "$copy/scripts/build-package.sh" hello)
    cmp "$copy/first/packages/hello/bin/hello" "$copy/out/packages/hello/bin/hello"
    [ "$(cd "$copy/first/packages/hello" && find . -printf '%P %M %T@\n' | sort)" \
        = "$(cd "$copy/out/packages/hello" && find . -printf '%P %M %T@\n' | sort)" ]
    [ "$("$copy/out/packages/hello/bin/hello")" = "/hammock/build/main.c: words" ]
    # The builds were two.
    [ "$(ls "$first")" = "$(ls "$packages")" ]
    [ "$first" != "$packages" ]
}

@test "build-package.sh refuses a package that is not there, and what is no package's name" {
    local name
    for name in toaster ../packages/musl musl/ '' cc.cfg; do
        build "$name"
        expect_status 2
        expect_output "there is no package '$name'; --list names them"
    done
    build toaster --all
    expect_status 2
    build
    expect_status 2
    expect_output "which package? --list names them"
    build --every
    expect_status 2
    expect_output "unknown option '--every'"
}

@test "--list names each package with its version" {
    quick_recipe one
    build --list
    expect_status 0
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[0]} =~ ^musl\ +[0-9.]+$ ]]
    [[ ${lines[1]} =~ ^one\ +1\.0$ ]]
}

@test "build-package.sh names packages that need each other" {
    quick_recipe one two
    quick_recipe two three
    quick_recipe three one
    build one
    expect_status 1
    expect_output "toolchain/packages: these need each other: one two three one"
}

@test "build-package.sh names a package that is needed and not there" {
    quick_recipe one toaster
    build one
    expect_status 1
    expect_output "toolchain/packages/one/needs: there is no package 'toaster'"
}

@test "if no archive has a source, build-package.sh says where to put it, and leaves nothing" {
    quick_recipe one
    rm "$cached"
    build one
    expect_status 3
    expect_output "the source of one could not be fetched"
    expect_output "If you have one_1.0.orig.tar.gz, put it there: $cached"
    nothing_built one
    [ -z "$(ls "$source")" ]
    cp "$tarball" "$cached"
    build one
    expect_status 0
    [ "$(cat "$copy/out/packages/one/one")" = one ]
}

@test "a source that was damaged in the cache is fetched again, and no other bytes are taken" {
    quick_recipe one
    echo "other bytes" >"$cached"
    echo "other bytes, too" >"$snapshot/file/$(cut -d' ' -f2 "$recipes/one/source")"
    build one
    expect_status 3
    expect_output "$cached is not what it was; fetching it again"
    expect_output "could not be fetched"
    nothing_built one
    cp "$tarball" "$snapshot/file/$(cut -d' ' -f2 "$recipes/one/source")"
    build one
    expect_status 0
    cmp "$tarball" "$cached"
    [ "$(ls "$source")" = "${cached##*/}" ]
}

@test "build-package.sh names a patch that does not fit the source, and builds nothing" {
    quick_recipe one
    mkdir "$recipes/one/patches"
    printf '%s\n' "For another source" "" "--- a/main.c" "+++ b/main.c" "@@ -1 +1 @@" "-other" \
        "+text" >"$recipes/one/patches/0001-other.patch"
    build one
    expect_status 1
    expect_output "toolchain/packages/one/patches/0001-other.patch does not fit the source of one"
    nothing_built one
    [ ! -e "$built" ]
}

@test "a recipe that fails shows its error and the end of its log, and leaves nothing that counts" {
    recipe one <<'END'
echo "main.c:1: error: spoilt by the test"
seq 100
mkdir "$DEST/bin"
false
echo "and goes on"
END
    build one
    expect_status 1
    expect_output "main.c:1: error: spoilt by the test"
    expect_output $'\n99\n100\n'
    [[ $output != *"and goes on"* ]]
    nothing_built one
    local log
    log=$(sed -n 's/.*one could not be built (all of it: \(.*\))$/\1/p' <<<"$output")
    grep -qx 50 "$log"
}

@test "a recipe that says gcc or clang fails, and is told why" {
    local name
    for name in gcc g++ clang c99; do
        recipe one <<<"seq 100; $name --version || { seq 100; exit 1; }"
        build one
        expect_status 1
        expect_output "error: a recipe says cc, or hostcc, and not $name"
        nothing_built one
    done
}

@test "a recipe sees its own environment, and nothing of the user's" {
    recipe one <<'END'
env >"$DEST/environment"
END
    local names
    KILROY=here MAKEFLAGS=-k CFLAGS=-O0 CC=gcc LANG=tlh PKG_CONFIG_PATH=/kilroy build one
    expect_status 0
    names=$(cut -d= -f1 "$copy/out/packages/one/environment" | LC_ALL=C sort | xargs)
    echo "$names"
    # bash itself adds PWD, SHLVL and _.
    [ "$names" = "AR CC CFLAGS DEST HOME HOSTCC JOBS KCONFIG_NOTIMESTAMP KERNEL_SOURCE LC_ALL NM \
OBJCOPY PATH PKG_CONFIG_LIBDIR PWD RANLIB RECIPE SHLVL SOURCE_DATE_EPOCH STRIP TMPDIR TZ _" ]
    run ! grep -e kilroy -e "$HOME/" -e '^CFLAGS=-O0' -e '^CC=gcc' \
        "$copy/out/packages/one/environment"
    grep -qx "SOURCE_DATE_EPOCH=$(awk '/^source-date-epoch/ { print $2 }' \
        "$root/toolchain/inputs.lock")" "$copy/out/packages/one/environment"
}

@test "a recipe has no network" {
    unshare --user --map-root-user --net true 2>/dev/null \
        || skip "this machine lets user $(id -un) make no network namespace"
    recipe one <<'END'
cat /proc/net/dev >"$DEST/devices"
END
    build one
    expect_status 0
    [ "$(sed -n 's/^ *\([^ ]*\):.*/\1/p' "$copy/out/packages/one/devices")" = lo ]
}

# slow_recipe NAME [TRAP]: makes a package that is never finished. `$BATS_TEST_TMPDIR/NAME.pids` has
# its processes.
slow_recipe() {
    recipe "$1" <<END
${2-}
mkdir "\$DEST/bin"
sleep 600 &
echo \$\$ \$! >'$BATS_TEST_TMPDIR/$1.pids.partial'
mv '$BATS_TEST_TMPDIR/$1.pids.partial' '$BATS_TEST_TMPDIR/$1.pids'
sleep 600
END
}

# is_building NAME: sets `pids`, its processes.
is_building() {
    [ -e "$BATS_TEST_TMPDIR/$1.pids" ] || return
    read -r -a pids <"$BATS_TEST_TMPDIR/$1.pids"
}

# ends_by SIGNAL [TRAP]
ends_by() {
    local status=0 pid pids
    slow_recipe slow "${2-}"
    quick_recipe quick
    build_in_background quick slow
    eventually is_building slow
    is_quick_built() { grep -q 'built quick' "$log"; }
    eventually is_quick_built
    kill "-$1" "$script"
    wait "$script" || status=$?
    script=''
    [ "$status" -eq 130 ]
    for pid in "${pids[@]}"; do eventually gone "$pid"; done
    nothing_built slow
    # What was whole before stays.
    build quick
    expect_status 0
    [ "$(wc -l <"$built")" -eq 1 ]
}

@test "Ctrl-C ends all processes of a build, and leaves nothing that counts as built" {
    ends_by INT
}

@test "SIGTERM ends all processes of a build, and leaves nothing that counts as built" {
    ends_by TERM
}

@test "a build that ignores SIGTERM is killed" { ends_by TERM "trap '' TERM"; }

@test "a package that fails ends the builds of the others" {
    slow_recipe slow
    recipe broken <<END
until [ -e '$BATS_TEST_TMPDIR/slow.pids' ]; do sleep 0.02; done
exit 1
END
    build slow broken
    expect_status 1
    expect_output "broken could not be built"
    local pid pids
    is_building slow
    for pid in "${pids[@]}"; do eventually gone "$pid"; done
    nothing_built slow
    nothing_built broken
}

@test "of two runs at once only one builds, and both have the package" {
    built=$BATS_TEST_TMPDIR/built
    recipe one <<END
echo one >>'$built'
until [ -e '$BATS_TEST_TMPDIR/go' ]; do sleep 0.02; done
echo one >"\$DEST/one"
END
    local first second=$BATS_TEST_TMPDIR/second status=0
    cp -R "$copy" "$second"
    build_in_background one
    first=$script
    has_begun() { [ -e "$built" ]; }
    eventually has_begun
    "$second/scripts/build-package.sh" one >"$BATS_TEST_TMPDIR/second.log" 2>&1 3>&- &
    waits() { grep -q "another run is at work on this (packages); waiting for it" \
        "$BATS_TEST_TMPDIR/second.log"; }
    eventually waits
    touch "$BATS_TEST_TMPDIR/go"
    wait $! || status=$?
    [ "$status" -eq 0 ]
    wait "$first"
    script=''
    [ "$(wc -l <"$built")" -eq 1 ]
    cmp "$copy/out/packages/one/one" "$second/out/packages/one/one"
}

@test "a second run builds nothing, and needs neither network nor source" {
    quick_recipe one
    build one
    expect_status 0
    rm -r "$source" "$copy/out"
    build one
    expect_status 0
    [ "$(wc -l <"$built")" -eq 1 ]
    [ "$(cat "$copy/out/packages/one/one")" = one ]
}

@test "what two packages need is built first, and once" {
    quick_recipe bottom
    quick_recipe left bottom
    quick_recipe right bottom
    quick_recipe top left right
    build top right
    expect_status 0
    [ "$(sort "$built" | xargs)" = "bottom left right top" ]
    [ "$(head -n 1 "$built")" = bottom ]
    [ "$(tail -n 1 "$built")" = top ]
    expect_output "out/packages: bottom left right top"
}

@test "a package sees the files of those that it needs, and of no others" {
    quick_recipe bottom
    recipe middle bottom <<'END'
cp -R "$(dirname "$DEST")/sysroot" "$DEST/middle"
END
    recipe top middle <<'END'
cp -R "$(dirname "$DEST")/sysroot" "$DEST/top"
END
    build top
    expect_status 0
    [ "$(cd "$copy/out/packages/top" && find . -type f)" = ./top/middle/bottom ]
}

@test "a package is built again when a recipe changes, and not when the builder's other parts do" {
    quick_recipe bottom
    quick_recipe top bottom
    build top
    expect_status 0
    sed -i 's/^# --- \(many builds\|what is built\) .*/&\n# More words on the order./' \
        "$copy/scripts/build-package.sh"
    build top
    expect_status 0
    [ "$(xargs <"$built")" = "bottom top" ]
    # Its own recipe; that of a package which it needs; how all are compiled; how all are built.
    echo 'echo more >"$DEST/more"' >>"$recipes/top/build.sh"
    build top
    [ "$(xargs <"$built")" = "bottom top top" ]
    [ "$(cat "$copy/out/packages/top/more")" = more ]
    echo >>"$recipes/bottom/build.sh"
    build top
    [ "$(xargs <"$built")" = "bottom top top bottom top" ]
    echo >>"$recipes/cc.cfg"
    build top
    [ "$(xargs <"$built")" = "bottom top top bottom top bottom top" ]
    sed -i 's/^# --- one build .*/&\n# Another way./' "$copy/scripts/build-package.sh"
    build bottom
    [ "$(xargs <"$built")" = "bottom top top bottom top bottom top bottom" ]
}

@test "a user who is not root can build" {
    [ "$(id -u)" -eq 0 ] || skip "all of these tests are run by user $(id -un)"
    local home swift
    swift=$(command -v swiftc)
    setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$swift" \
        || skip "nobody but root gets at $swift"
    recipe hello musl <<'END'
printf '#define WORDS "words"\n' >config.h
cc $CFLAGS -o hello main.c
mkdir "$DEST/bin"
cp hello "$DEST/bin/hello"
END
    # bats lets nobody else into its own directory.
    home=$(mktemp -d /var/tmp/hammock-test.XXXXXX)
    cp -R "$copy" "$home/copy"
    cp -R "$XDG_CACHE_HOME" "$home/cache"
    chown -R 65534:65534 "$home"
    run setpriv --reuid 65534 --regid 65534 --clear-groups env "HOME=$home" "PATH=${PATH#*:}" \
        "XDG_CACHE_HOME=$home/cache" "$home/copy/scripts/build-package.sh" hello
    local words
    words=$("$home/copy/out/packages/hello/bin/hello") || true
    rm -rf "$home"
    expect_status 0
    [ "$words" = "main.c: words" ]
}

@test "build-package.sh refuses a cache in a path that make cannot take" {
    quick_recipe one
    XDG_CACHE_HOME="$BATS_TEST_TMPDIR/a cache" build one
    expect_status 2
    expect_output "set XDG_CACHE_HOME to another"
    [ ! -e "$BATS_TEST_TMPDIR/a cache" ]
}
