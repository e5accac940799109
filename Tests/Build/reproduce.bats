# Whether the same inputs make the same bytes, and whether scripts/reproduce.sh would notice if
# they did not.

setup() { load ../Support/helpers; }

# small_checkout: makes another checkout, `$copy`, in which no compiler runs and the image is
# small. Its SDK is what `$copy/scripts/sdk.sh` makes, which the test writes.
small_checkout() {
    copy=$BATS_TEST_TMPDIR/copy
    mkdir "$copy"
    cp -R "$root"/{Package.swift,LICENSE,CHANGELOG.md,Sources,Tests,docs,scripts,toolchain} "$copy/"
    sed -i 's/^size=2G$/size=16M/' "$copy/scripts/build-image.sh"
    cat >"$copy/scripts/build-sdk.sh" <<'END'
#!/bin/bash
sdk=$(cd "$(dirname "$0")/.." && pwd)/out/sdks/hammock-musl.artifactbundle
mkdir -p -m 755 "$sdk"
. "$(dirname "$0")/sdk.sh"
END
    : >"$copy/scripts/sdk.sh"
    cat >"$copy/scripts/build-init.sh" <<'END'
#!/bin/bash
product=${2:-init}
cd "$(dirname "$0")/.." && mkdir -p out && cat Sources/init/main.c >"out/$product"
END
}

reproduce() { run "$copy/scripts/reproduce.sh" "$@"; }

# in_table FILE: prints the hash of FILE in the copy's table.
in_table() { awk -v file="$1" '$2 == file { print $1 }' "$copy/toolchain/artefacts.sha256"; }

@test "two builds, as different as this machine allows, make the same bytes" {
    run "$root/scripts/reproduce.sh" --quick
    expect_status 0
    [ "$(grep -cE '^[^ ]+ +[0-9]+  [0-9a-f]{64}  yes$' <<<"$output")" -eq 7 ]
    grep -qE '^image.img +2147483648 ' <<<"$output"
    expect_output "two builds, the same bytes"
}

@test "reproduce.sh finds whatever of the machine gets into a build, or says that it was the same" {
    small_checkout
    cat >"$copy/scripts/sdk.sh" <<'END'
hostname >"$sdk/host name"
id -u >"$sdk/user"
pwd >"$sdk/directory"
date +%Y >"$sdk/date"
date +%Z >"$sdk/time zone"
nproc >"$sdk/processors"
echo "$HOME" >"$sdk/environment"
echo "$LC_ALL" >"$sdk/language"
touch "$sdk/umask"
(cd Sources/InitCore 2>/dev/null || cd "$(dirname "$0")/../Sources/InitCore"; ls -f) >"$sdk/order of files"
END
    reproduce --quick
    expect_status 5
    grep -qE '^sdks/hammock-musl.artifactbundle +[0-9]+  [0-9a-f]{64}  NO$' <<<"$output"
    grep -qE '^init +[0-9]+  [0-9a-f]{64}  yes$' <<<"$output"
    expect_output "the two builds differ in: out/sdks/hammock-musl.artifactbundle (kept: out/reproduce)"
    local kind first=$copy/out/reproduce/first/out/sdks/hammock-musl.artifactbundle
    local second=${first/first/second}
    for kind in "host name" user directory date "time zone" processors environment language umask \
        "order of files"; do
        ! grep -E "^   the SAME .*$kind" <<<"$output" || continue
        echo "as it was in the other build: $kind"
        [ "$(stat -c %a "$first/$kind"; cat "$first/$kind")" \
            != "$(stat -c %a "$second/$kind"; cat "$second/$kind")" ]
    done
}

@test "reproduce.sh explains a difference, and keeps the artefacts" {
    small_checkout
    echo 'cd "$sdk/../../.." && pwd >README' >"$copy/scripts/sdk.sh"
    sed -i 's/cat Sources/cat README Sources/' "$copy/scripts/build-init.sh"
    reproduce --quick
    expect_status 5
    expect_output "--- out/init ---"
    if [ -z "$(type -P diffoscope)" ]; then expect_output "apt-get install diffoscope-minimal"; fi
    expect_output "--- out/image.img ---"
    run ! cmp "$copy/out/reproduce/first/out/init" "$copy/out/reproduce/second/out/init"
}

@test "the second build takes the first real language that locale lists, or else C.UTF-8" {
    small_checkout
    mkdir "$BATS_TEST_TMPDIR/stubs"
    printf '#!/bin/sh\necho C; echo c.utf8; echo POSIX; echo tlh_KX.utf8; seq 100000\n' \
        >"$BATS_TEST_TMPDIR/stubs/locale"
    chmod +x "$BATS_TEST_TMPDIR/stubs/locale"
    PATH=$BATS_TEST_TMPDIR/stubs:$PATH reproduce --quick
    expect_status 0
    expect_output "other   language: tlh_KX.utf8"
    printf '#!/bin/sh\necho C; echo POSIX; exit 1\n' >"$BATS_TEST_TMPDIR/stubs/locale"
    PATH=$BATS_TEST_TMPDIR/stubs:$PATH reproduce --quick
    expect_output "other   language: C.UTF-8"
}

@test "reproduce.sh leaves nothing behind after equal builds, and after a failed one" {
    small_checkout
    mkdir "$BATS_TEST_TMPDIR/temporary"
    TMPDIR=$BATS_TEST_TMPDIR/temporary reproduce --quick
    expect_status 0
    [ ! -e "$copy/out/reproduce" ]
    echo 'exit 1' >"$copy/scripts/sdk.sh"
    TMPDIR=$BATS_TEST_TMPDIR/temporary reproduce --quick
    expect_status 1
    expect_output "scripts/build-sdk.sh failed in this build"
    [ -z "$(ls "$BATS_TEST_TMPDIR/temporary")" ]
}

@test "an interrupted reproduce.sh ends what it started, and leaves nothing behind" {
    small_checkout
    mkdir "$BATS_TEST_TMPDIR/temporary"
    # It starts a group of processes of its own, as a build of packages does.
    cat >"$copy/scripts/sdk.sh" <<END
set -m
sleep 600 &
set +m
trap 'kill -KILL \$!; exit 130' TERM
echo \$\$ \$! >'$BATS_TEST_TMPDIR/pids.partial'
mv '$BATS_TEST_TMPDIR/pids.partial' '$BATS_TEST_TMPDIR/pids'
wait
END
    TMPDIR=$BATS_TEST_TMPDIR/temporary "$copy/scripts/reproduce.sh" --quick >/dev/null 2>&1 3>&- &
    local script=$! status=0 pid
    building() { [ -e "$BATS_TEST_TMPDIR/pids" ]; }
    eventually building
    kill -TERM "$script"
    wait "$script" || status=$?
    [ "$status" -eq 130 ]
    gone() { [ ! -e "/proc/$pid" ]; }
    local pids
    read -r -a pids <"$BATS_TEST_TMPDIR/pids"
    for pid in "${pids[@]}"; do eventually gone; done
    [ -z "$(ls "$BATS_TEST_TMPDIR/temporary")" ]
}

@test "init, image and initramfs have the bytes that the table of hashes names" {
    as_in_the_table --quick
}

# recorded_checkout: makes a small checkout with a table of its own.
recorded_checkout() {
    small_checkout
    reproduce --record --quick
    # reproduce.sh records a table only with the pinned tools.
    [ "$status" -ne 3 ] || skip "$(tail -n 1 <<<"$output")"
    expect_status 0
}

# forget FILE: gives FILE another hash in the table.
forget() { sed -i -E "s|^[0-9a-f]{64}(  $1)$|$(printf '%064d' 0)\1|" "$copy/toolchain/artefacts.sha256"; }

@test "reproduce.sh --check and sha256sum find the recorded hashes again" {
    recorded_checkout
    reproduce --check --quick
    expect_status 0
    cd "$copy"
    grep -E '  out/(init|image|initramfs)' toolchain/artefacts.sha256 | sha256sum -c
    # Those of the kernel and of the packages are as they were.
    [ "$(grep -E 'out/(kernel|packages)/' toolchain/artefacts.sha256)" \
        = "$(grep -E 'out/(kernel|packages)/' "$root/toolchain/artefacts.sha256")" ]
    run ! grep -vE '^(#.*|[0-9a-f]{64}  out/[a-z0-9/.A-Z-]+)$' toolchain/artefacts.sha256
}

@test "the table has each program of a package and the C library, and --quick leaves them alone" {
    small_checkout
    cat >"$copy/scripts/build-package.sh" <<'END'
#!/bin/bash
packages=$(dirname "$0")/../out/packages
mkdir -p "$packages"/{one/bin,two/bin,headers/usr,musl/usr/lib}
for file in one/bin/first one/bin/second two/bin/third headers/usr/header musl/usr/lib/libc.a; do
    echo "$file" >"$packages/$file"
done
ln -sf third "$packages/two/bin/link"
END
    cat >"$copy/scripts/build-kernel.sh" <<'END'
#!/bin/bash
mkdir -p "$(dirname "$0")/../out/kernel"
touch "$(dirname "$0")"/../out/kernel/{config,bzImage,vmlinux}
END
    reproduce --record
    [ "$status" -ne 3 ] || skip "$(tail -n 1 <<<"$output")"
    expect_status 0
    [ "$(sed -n 's,.*  out/packages/,,p' "$copy/toolchain/artefacts.sha256" | xargs)" \
        = "musl/usr/lib/libc.a one/bin/first one/bin/second two/bin/third" ]
    (cd "$copy" && sha256sum -c toolchain/artefacts.sha256)
    reproduce --check
    expect_status 0
    local before
    before=$(sha256sum <"$copy/toolchain/artefacts.sha256")
    reproduce --record --quick
    [ "$(sha256sum <"$copy/toolchain/artefacts.sha256")" = "$before" ]
    echo >>"$copy/toolchain/packages/busybox/config"
    forget out/packages/two/bin/third
    reproduce --check
    expect_status 6
    expect_output "not as in the table: out/packages/two/bin/third"
    expect_output "the table is for other sources"
}

@test "if a hash differs and nothing explains it, reproduce.sh --check ends with 5" {
    recorded_checkout
    forget out/initramfs.cpio
    reproduce --check --quick
    expect_status 5
    expect_output "as in the table: out/init"
    expect_output "not as in the table: out/initramfs.cpio"
    expect_output "neither other tools nor other sources explain it"
}

# mount_writable: changes the copy's image as a guest's kernel does under boot.sh --rw.
mount_writable() { debugfs -w -R 'set_super_value mnt_count 1' "$copy/out/image.img"; }

@test "if a guest has written to the image, reproduce.sh says so and how to make a new one" {
    recorded_checkout
    mount_writable
    reproduce --check --quick
    expect_status 6
    expect_output "as in the table: out/initramfs.cpio"
    expect_output "not as in the table: out/image.img"
    expect_output "a guest has written to it (scripts/boot.sh --rw); to have a new one:"
    expect_output "rm out/image.img && scripts/build-image.sh"
    # A guest's writing does not explain why another file differs. reproduce.sh does not record
    # such an image, since the sources do not make it.
    forget out/initramfs.cpio
    reproduce --check --quick
    expect_status 5
    reproduce --record --quick
    expect_status 2
    expect_output "a guest has written to out/image.img"
    (cd "$copy" && rm out/image.img && scripts/build-image.sh)
    reproduce --record --quick
    reproduce --check --quick
    expect_status 0
}

@test "if a tool has another version than the table's, reproduce.sh names it as the reason" {
    recorded_checkout
    forget out/image.img
    sed -i 's/e2fsprogs [^,]*,/e2fsprogs 0.1,/' "$copy/toolchain/artefacts.sha256"
    reproduce --check --quick
    expect_status 6
    expect_output "built with e2fsprogs $(dpkg-query -W -f '${Version}' e2fsprogs), and the table is for 0.1"
    [[ $output != *--record* ]]
}

@test "if the table is for other sources, reproduce.sh says so and how to renew the table" {
    recorded_checkout
    echo '// more' >>"$copy/Sources/init/main.c"
    reproduce --check --quick
    expect_status 6
    expect_output "not as in the table: out/init"
    expect_output "the table is for other sources; scripts/reproduce.sh --record --quick renews it"
    reproduce --record --quick
    reproduce --check --quick
    expect_status 0
}

@test "reproduce.sh names another SOURCE_DATE_EPOCH as the reason, and does not record it" {
    recorded_checkout
    SOURCE_DATE_EPOCH=86400 reproduce --check --quick
    expect_status 6
    expect_output "SOURCE_DATE_EPOCH is 86400, and the table is for"
    SOURCE_DATE_EPOCH=86400 reproduce --record --quick
    expect_status 2
}

@test "reproduce.sh records no hashes if a tool is not the pinned one" {
    small_checkout
    local before
    before=$(sha256sum <"$copy/toolchain/artefacts.sha256")
    sed -i 's/^package-cpio .*/package-cpio 0.1/' "$copy/toolchain/inputs.lock"
    reproduce --record --quick
    expect_status 3
    expect_output "the table is for the pinned tools"
    [ "$(sha256sum <"$copy/toolchain/artefacts.sha256")" = "$before" ]
}

@test "reproduce.sh refuses a checkout without a table, and jobs that exclude each other" {
    small_checkout
    rm "$copy/toolchain/artefacts.sha256"
    reproduce --check --quick
    expect_status 2
    expect_output "there is no"
    reproduce --check --record
    expect_status 2
    expect_output "--check and --record are two jobs"
    reproduce --check --keep
    expect_status 2
}
