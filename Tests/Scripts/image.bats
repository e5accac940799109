# The image and the initramfs, examined with the tools of their formats.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-image.sh"
}

setup() {
    load ../Support/helpers
    load ../Support/image
    name=$BATS_TEST_TMPDIR/disk
}

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

# make_root DIR: a small root, with links as Debian has them.
make_root() {
    mkdir -p "$1/usr/bin" "$1/usr/sbin" "$1/etc" "$1/var/lib/data"
    ln -s usr/bin "$1/bin"
    ln -s /usr/sbin "$1/sbin"
    printf 'one\n' >"$1/etc/issue"
    ln "$1/etc/issue" "$1/etc/same"
    printf 'secret\n' >"$1/etc/shadow"
    printf 'two\n' >"$1/etc/a \"name\""
    cp /bin/true "$1/usr/bin/su"
    chmod 4755 "$1/usr/bin/su"
    chmod 640 "$1/etc/shadow"
    chmod 700 "$1/var/lib/data" "$1"
    chmod 555 "$1/usr/sbin"
    mkfifo "$1/pipe"
}

# make_tar FILE: of such a root, with owners that this user may not give away.
make_tar() {
    local directory=$BATS_TEST_TMPDIR/for-tar
    make_root "$directory"
    tar -C "$directory" --owner=0 --group=0 --exclude=./etc/shadow --exclude=./var/lib/data -cf "$1" .
    tar -C "$directory" --owner=0 --group=42 --mode=0 -rf "$1" ./etc/shadow
    tar -C "$directory" --owner=1234 --group=5678 --mode=2750 -rf "$1" ./var/lib/data
    chmod -R u+w "$directory"
    rm -r "$directory"
}

# content: what of a directory must not change.
content() { find "$1" -printf '%p %y %m %U %G %n %s %T@ %C@ %l\n' | sort; }

@test "an image of a root has its content, owners, modes and links" {
    make_tar "$BATS_TEST_TMPDIR/root.tar"
    build --root "$BATS_TEST_TMPDIR/root.tar"
    expect_status 0
    [[ $output != *"every file is root's"* ]] || skip "this user can keep no owners"
    [ "$(modes_in_image / /etc/issue /etc/shadow /usr/bin/su /usr/sbin /var/lib/data /init /proc)" = \
"/ 0755 0 0
/etc/issue 0644 0 0
/etc/shadow 0000 0 42
/usr/bin/su 04755 0 0
/usr/sbin 0555 0 0
/var/lib/data 02750 1234 5678
/init 0755 0 0
/proc 0755 0 0" ]
    [ "$(modes_in_image /tmp)" = "/tmp 01777 0 0" ]
    [ "$(in_image 'cat /etc/shadow')" = secret ]
    [ "$(in_image 'cat "/etc/a ""name"""')" = two ]
    [ "$(in_image 'stat /etc/same')" = "$(in_image 'stat /etc/issue')" ]
    in_image 'stat /sbin' | grep -q 'Fast link dest: "/usr/sbin"'
    in_image 'stat /pipe' | grep -q 'Type: FIFO'
    in_image "dump /init $BATS_TEST_TMPDIR/init"
    cmp "$BATS_TEST_TMPDIR/init" "$out/init"
    e2fsck -fn "$name.img"
    # As large as the root, and 1 GiB more.
    [ "$(stat -c %s "$name.img")" -gt $((1024 * 1024 * 1024)) ]
    [ "$(stat -c %s "$name.img")" -lt $((1200 * 1024 * 1024)) ]
    [ ! -e "$name.cpio" ]
    build --root "$BATS_TEST_TMPDIR/root.tar" --size 64M
    [ "$(stat -c %s "$name.img")" -eq $((64 * 1024 * 1024)) ]
}

@test "an image of a root has its device nodes and capabilities" {
    [ "$(id -u)" -eq 0 ] || skip "only root can make them"
    local base=$BATS_TEST_TMPDIR/base
    make_root "$base"
    mknod "$base/null" c 1 3 || skip "this root cannot make them either"
    setcap cap_net_raw+ep "$base/usr/bin/su"
    build --root "$base"
    expect_status 0
    [ -z "$output" ]
    in_image 'stat /null' | grep -q 'Type: character special'
    in_image 'stat /null' | grep -q 'Device major/minor number: 01:03'
    in_image 'ea_list /usr/bin/su' | grep -q '^  security.capability (20) = 01 00 00 02 00 20 00 '
}

@test "the same root makes the same bytes, as a directory and as a tar, however it is packed" {
    local one=$BATS_TEST_TMPDIR/one other=$BATS_TEST_TMPDIR/other first flag
    make_root "$one"
    make_root "$other"
    find "$other" -exec touch -h -d '2001-02-03' {} +
    build --root "$one"
    expect_status 0
    first=$(sha256sum <"$name.img")
    build --root "$one/"
    [ "$(sha256sum <"$name.img")" = "$first" ]
    umask 077
    TZ=Asia/Tokyo LC_ALL=C.UTF-8 build --root "$other"
    expect_status 0
    [ "$(sha256sum <"$name.img")" = "$first" ]
    for flag in --no-auto-compress --gzip --xz --zstd; do
        tar -C "$other" --owner=0 --group=0 --sort=name $flag -cf "$BATS_TEST_TMPDIR/tar" .
        build --root "$BATS_TEST_TMPDIR/tar"
        expect_status 0
        [ "$(sha256sum <"$name.img")" = "$first" ]
    done
    printf 'three\n' >"$other/etc/issue"
    build --root "$other"
    [ "$(sha256sum <"$name.img")" != "$first" ]
}

@test "a root is not changed, and nothing but its image is left" {
    local base=$BATS_TEST_TMPDIR/base before
    make_root "$base"
    mkdir "$BATS_TEST_TMPDIR/tmp"
    before=$(content "$base")
    TMPDIR=$BATS_TEST_TMPDIR/tmp build --root "$base" --add /etc/passwd:/etc/issue
    expect_status 0
    [ "$(content "$base")" = "$before" ]
    [ "$(cd "$BATS_TEST_TMPDIR" && echo *)" = "base disk.img tmp" ]
    # Nor does the image get into itself.
    name=$base/disk
    TMPDIR=$BATS_TEST_TMPDIR/tmp build --root "$base"
    expect_status 0
    rm "$base/disk.img"
    [ "$(content "$base" | sed 1d)" = "$(sed 1d <<<"$before")" ]
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ]
}

@test "a build of a root that is told to end leaves nothing behind" {
    local base=$BATS_TEST_TMPDIR/base code=0
    make_root "$base"
    mkfifo "$BATS_TEST_TMPDIR/held"
    mkdir "$BATS_TEST_TMPDIR/tools" "$BATS_TEST_TMPDIR/tmp"
    # The build waits in its mke2fs until the test lets it go on.
    printf '#!/bin/sh\ntouch "%s/there"\nread -r word <"%s/held"\nexit 1\n' \
        "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/tools/mke2fs"
    chmod +x "$BATS_TEST_TMPDIR/tools/mke2fs"
    TMPDIR=$BATS_TEST_TMPDIR/tmp PATH=$BATS_TEST_TMPDIR/tools:$PATH "$root/scripts/build-image.sh" \
        --root "$base" --output "$name" >/dev/null 2>&1 3>&- &
    eventually test -e "$BATS_TEST_TMPDIR/there"
    [ -n "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name '.image.*')" ]
    kill -TERM $!
    echo go >"$BATS_TEST_TMPDIR/held"
    wait $! || code=$?
    [ "$code" -eq 130 ]
    [ -z "$(find "$BATS_TEST_TMPDIR" -name '.image.*' -o -name 'disk*')" ]
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ]
}

@test "a link in a root leads to no place outside the copy" {
    local base=$BATS_TEST_TMPDIR/base outside=$BATS_TEST_TMPDIR/outside
    make_root "$base"
    mkdir "$outside" "$BATS_TEST_TMPDIR/units"
    touch "$BATS_TEST_TMPDIR/units/a.service"
    mv "$base/etc" "$base/real"
    ln -s "$outside/../../../../..$outside" "$base/etc"
    ln -s ../../../../../../../../../../../.. "$base/up"
    ln -s "$outside/init" "$base/init"
    ln -s /usr/sbin "$base/usr/lib"
    build --root "$base" --units "$BATS_TEST_TMPDIR/units" --add /etc/passwd:/sbin/added \
        --add /etc/passwd:/up/usr/bin/added --add /etc/passwd:/usr/lib/other
    expect_status 0
    [ -z "$(ls -A "$outside")" ]
    in_image "stat $outside/hammock/a.service" | grep -q 'Type: regular'
    in_image 'stat /usr/sbin/added' | grep -q 'Type: regular'
    in_image 'stat /usr/sbin/other' | grep -q 'Type: regular'
    in_image 'stat /usr/bin/added' | grep -q 'Type: regular'
    in_image 'stat /init' | grep -q 'Type: regular'
    rm "$base/etc"
    ln -s etc "$base/etc"
    build --root "$base" --units "$BATS_TEST_TMPDIR/units"
    expect_status 2
    expect_output "--units: '/etc/hammock' in the root is not a directory"
}

# lacks_hooks: whether the image has none of the files by which Debian's packages ask Hammock.
lacks_hooks() {
    [[ $(in_image 'stat /usr/sbin/policy-rc.d') != *Type:* ]] \
        && [[ $(in_image 'stat /etc/apt/apt.conf.d/90hammock') != *Type:* ]]
}

@test "a root of Debian's without a systemctl has its packages ask Hammock, and keeps its own files" {
    local base=$BATS_TEST_TMPDIR/base
    make_root "$base"
    build --root "$base"
    expect_status 0
    # Without dpkg and apt there is nobody to ask.
    lacks_hooks
    touch "$base/usr/bin/dpkg" "$base/usr/bin/apt-get"
    build --root "$base"
    expect_status 0
    in_image 'stat /usr/sbin/policy-rc.d' | grep -q 'Mode:  0755'
    in_image 'cat /usr/sbin/policy-rc.d' | cmp - "$root/toolchain/image/policy-rc.d"
    in_image 'stat /etc/apt/apt.conf.d/90hammock' | grep -q 'Mode:  0644'
    in_image 'cat /etc/apt/apt.conf.d/90hammock' | cmp - "$root/toolchain/image/apt-hammock.conf"
    chmod u+w "$base/usr/sbin"
    echo mine >"$base/usr/sbin/policy-rc.d"
    build --root "$base"
    expect_status 0
    [ "$(in_image 'cat /usr/sbin/policy-rc.d')" = mine ]
    # This one is systemd's, perhaps.
    rm "$base/usr/sbin/policy-rc.d"
    touch "$base/usr/bin/systemctl"
    build --root "$base"
    expect_status 0
    lacks_hooks
}

@test "what is in the way in a root is named" {
    local base=$BATS_TEST_TMPDIR/base
    make_root "$base"
    touch "$base/proc"
    build --root "$base"
    expect_status 2
    expect_output "--root: '/proc' is a file in it, and has to be a directory"
    rm "$base/proc"
    mkdir "$base/init"
    build --root "$base"
    expect_status 2
    expect_output "--root: '/init' in it is a directory"
    [ ! -e "$name.img" ]
    [ -z "$(find "$BATS_TEST_TMPDIR" -name '.image.*')" ]
}

@test "unit files land in /etc/hammock, in the image and in the initramfs" {
    local units=$BATS_TEST_TMPDIR/units file
    mkdir -p "$units/web@.service.d"
    printf 'a\n' >"$units/web@.service"
    printf 'b\n' >"$units/web@.service.d/10-limits.conf"
    touch "$units/all.target" "$units/web.socket" "$units/dev-disk-by\\x2dlabel.service"
    ln -s web@.service "$units/alias.service"
    chmod 700 "$units"/*
    build --size 64M --units "$units" --add /etc/passwd:/etc/hammock/other
    expect_status 0
    [ "$(in_image 'cat /etc/hammock/alias.service')" = a ]
    [ "$(in_image 'cat /etc/hammock/web@.service.d/10-limits.conf')" = b ]
    [ "$(modes_in_image /etc/hammock /etc/hammock/web@.service.d /etc/hammock/web.socket)" = \
"/etc/hammock 0755 0 0
/etc/hammock/web@.service.d 0755 0 0
/etc/hammock/web.socket 0644 0 0" ]
    for file in all.target 'dev-disk-by\x2dlabel.service' other web@.service; do
        cpio -it --quiet <"$name.cpio" | sed 's/\\\\/\\/g' | grep -qxF "etc/hammock/$file"
    done
    # A changed unit makes another image.
    printf 'c\n' >"$units/web@.service"
    build --size 64M --units "$units"
    [ "$(in_image 'cat /etc/hammock/alias.service')" = c ]
}

@test "a user without any means keeps all but the owners, and is told so" {
    make_tar "$BATS_TEST_TMPDIR/root.tar"
    other_checkout
    without fakeroot newuidmap
    build_as_user --root "$BATS_TEST_TMPDIR/root.tar"
    expect_status 0
    expect_output "--root: in the image every file is root's: this machine has neither"
    [ "$(modes_in_image / /etc/shadow /usr/bin/su /usr/sbin /var/lib/data)" = \
"/ 0755 0 0
/etc/shadow 0000 0 0
/usr/bin/su 04755 0 0
/usr/sbin 0555 0 0
/var/lib/data 02750 0 0" ]
    [ "$(in_image 'cat /etc/shadow')" = secret ]
    [ "$(cd "$checkout/out" && ls -A)" = ".image.lock
disk.img" ]
}

@test "with fakeroot a user keeps the owners and the device nodes" {
    command -v fakeroot >/dev/null || skip "this machine has no fakeroot"
    local path
    make_tar "$BATS_TEST_TMPDIR/root.tar"
    other_checkout
    without newuidmap
    build_as_user --root "$BATS_TEST_TMPDIR/root.tar"
    expect_status 0
    expect_output "fakeroot keeps no extended attributes"
    [ "$(modes_in_image /etc/shadow /usr/bin/su /var/lib/data /usr/sbin/hammock)" = \
"/etc/shadow 0000 0 42
/usr/bin/su 04755 0 0
/var/lib/data 02750 1234 5678
/usr/sbin/hammock 0755 0 0" ]
    [ "$(in_image 'cat /etc/shadow')" = secret ]
    # What is the user's own is root's in the copy.
    path=$checkout/base
    make_root "$path"
    [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$path"
    build_as_user --root "$path"
    expect_status 0
    [ "$(modes_in_image /etc/shadow)" = "/etc/shadow 0640 0 0" ]
    chmod 000 "$path/etc/shadow"
    build_as_user --root "$path"
    expect_status 2
    expect_output "'$path/etc/shadow' cannot be read by this user"
    chmod 000 "$path"
    build_as_user --root "$path"
    expect_status 2
    expect_output "'$path' is not a directory that can be read"
    chmod -R 755 "$path"
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
