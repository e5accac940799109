# The image and the initramfs, examined with the tools of their formats.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-image.sh"
}

setup() {
    load ../Support/helpers
    name=$BATS_TEST_TMPDIR/disk
}

build() { run "$root/scripts/build-image.sh" --output "$name" "$@"; }

# in_image COMMAND: prints what debugfs answers to COMMAND about the image.
in_image() { debugfs -R "$1" "$name.img" 2>/dev/null; }

@test "the image is 2 GiB and sparse, and e2fsck finds no error" {
    [ "$(stat -c %s "$out/image.img")" -eq $((2 * 1024 * 1024 * 1024)) ]
    [ "$(du -k "$out/image.img" | cut -f1)" -lt 20000 ]
    e2fsck -fn "$out/image.img"
}

@test "the image has init and the empty directories, and root owns all of it" {
    build --size 64M
    expect_status 0
    run in_image 'ls -l /'
    [ "$(awk 'NF { print $2, $4, $5, $NF }' <<<"$output" | sort)" = "$(sort <<'EOF'
40755 0 0 .
40755 0 0 ..
40700 0 0 lost+found
40755 0 0 dev
100755 0 0 init
40755 0 0 proc
40755 0 0 run
40755 0 0 sys
41777 0 0 tmp
EOF
)" ]
}

@test "the initramfs has the same files as the image" {
    build --size 64M
    local in_initramfs in_disk
    in_initramfs=$(cpio -it --quiet <"$name.cpio" | grep -v '^\.$' | sort)
    in_disk=$(in_image 'ls -p /' | cut -d/ -f6 | grep -vE '^(\.|\.\.|lost\+found|)$' | sort)
    [ "$in_initramfs" = "$in_disk" ]
    [ "$(cpio -itv --quiet <"$name.cpio" | awk '{ print $3, $4 }' | sort -u)" = "root root" ]
    in_image "dump /init $BATS_TEST_TMPDIR/init"
    cmp "$BATS_TEST_TMPDIR/init" "$out/init"
    (cd "$BATS_TEST_TMPDIR" && cpio -i --quiet --to-stdout init <"$name.cpio") | cmp - "$out/init"
}

@test "a second build from files with other dates and owners makes the same bytes" {
    cp "$out/init" "$BATS_TEST_TMPDIR/init"
    build --size 64M --init "$BATS_TEST_TMPDIR/init"
    local first
    first=$(cat "$name.img" "$name.cpio" | sha256sum)
    rm "$name".*
    touch -d '2001-02-03' "$BATS_TEST_TMPDIR/init"
    [ "$(id -u)" -ne 0 ] || chown 1234:5678 "$BATS_TEST_TMPDIR/init"
    umask 077
    TZ=Asia/Tokyo LC_ALL=C.UTF-8 build --size 64M --init "$BATS_TEST_TMPDIR/init"
    expect_status 0
    [ "$(cat "$name.img" "$name.cpio" | sha256sum)" = "$first" ]
}

@test "every date in the image and the initramfs is SOURCE_DATE_EPOCH" {
    SOURCE_DATE_EPOCH=86400 build --size 64M
    expect_status 0
    local path
    for path in / /dev /init /tmp; do
        run in_image "stat $path"
        [ "$(grep -cE '^ *(c|a|m|cr)time: 0x00015180:00000000 ' <<<"$output")" -eq 4 ]
    done
    [ "$(grep -cE '^(Filesystem created|Last write time|Last checked): +Fri Jan  2 00:00:00 1970$' \
        <<<"$(TZ=UTC dumpe2fs -h "$name.img" 2>/dev/null)")" -eq 3 ]
    [ "$(TZ=UTC cpio -itv --quiet <"$name.cpio" | awk '{ print $6, $7, $8 }' | sort -u)" \
        = "Jan 2 1970" ]
}

@test "build-image.sh refuses a SOURCE_DATE_EPOCH that is no date or too large for the formats" {
    local epoch
    for epoch in 0 -1 1.5 2026-11-22 2147483648 99999999999; do
        SOURCE_DATE_EPOCH=$epoch build --size 64M
        expect_status 2
        expect_output "SOURCE_DATE_EPOCH is a whole number from 1 to 2147483647, not '$epoch'"
    done
    [ ! -e "$name.img" ]
}

@test "the image's identity does not depend on the machine or the moment" {
    build --size 64M
    run dumpe2fs -h "$name.img"
    expect_output "Filesystem UUID:          68616d6d-6f63-4b00-8000-000000000001"
    expect_output "Directory Hash Seed:      68616d6d-6f63-4b00-8000-000000000001"
    expect_output "Filesystem volume name:   <none>"
    expect_output "Last mounted on:          <not available>"
    expect_output "Last mount time:          n/a"
}

@test "--add puts each file at its path, with its content, for root" {
    printf 'one\n' >"$BATS_TEST_TMPDIR/a file"
    printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/tool"
    chmod 700 "$BATS_TEST_TMPDIR/tool"
    build --size 64M --add "$BATS_TEST_TMPDIR/a file:/etc/deep/a file" \
        --add "$BATS_TEST_TMPDIR/tool:/bin/tool"
    expect_status 0
    [ "$(in_image 'cat "/etc/deep/a file"')" = one ]
    in_image 'stat /bin/tool' | grep -q 'Mode:  0755'
    in_image 'stat "/etc/deep/a file"' | grep -q 'Mode:  0644'
    in_image 'stat /etc/deep' | grep -q 'User:     0   Group:     0'
    e2fsck -fn "$name.img"
    cpio -it --quiet <"$name.cpio" | grep -qx 'etc/deep/a file'
}

@test "build-image.sh refuses files that do not fit, and keeps the old image" {
    build --size 64M
    local before
    before=$(sha256sum <"$name.img")
    truncate -s 100M "$BATS_TEST_TMPDIR/large"
    dd if=/dev/urandom of="$BATS_TEST_TMPDIR/large" bs=1M count=80 conv=notrunc status=none
    build --size 64M --add "$BATS_TEST_TMPDIR/large:/large"
    expect_status 1
    expect_output "does not fit into 64M"
    [ "$(sha256sum <"$name.img")" = "$before" ]
    [ -z "$(find "$BATS_TEST_TMPDIR" -name '.image.*')" ]
}

@test "build-image.sh refuses sizes and additions that make no sense" {
    local size
    for size in 0 5 5M 2T -2G 1.5G ten; do
        build --size "$size"
        expect_status 2
        expect_output "--size"
    done
    local addition
    for addition in nothing /etc/passwd:relative /no/such/file:/x /etc/passwd:/a/../b \
        /etc/passwd:/init /etc/passwd:/lost+found /etc/passwd:/dir/ '/etc/passwd:/quo"te'; do
        build --add "$addition"
        expect_status 2
    done
}

@test "build-image.sh refuses two files in one place" {
    build --size 64M --add /etc/passwd:/a --add /etc/passwd:/a/b
    expect_status 2
    expect_output "/a/b"
}

@test "build-image.sh leaves an up-to-date image alone" {
    build --size 64M
    local before
    before=$(stat -c %Y.%i "$name.img")
    build --size 64M
    [ "$(stat -c %Y.%i "$name.img")" = "$before" ]
    build --size 32M
    [ "$(stat -c %s "$name.img")" -eq $((32 * 1024 * 1024)) ]
}
