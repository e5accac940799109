# Images by a list: each word of it, in the image and in the initramfs, and each mistake in it.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-image.sh"
    "$root/scripts/build-init.sh" --product hammock
}

setup() {
    load ../Support/helpers
    load ../Support/image
    name=$BATS_TEST_TMPDIR/disk
    lists=$BATS_TEST_TMPDIR/lists
    mkdir "$lists"
    list=$lists/mine.list
}

# modes_in_initramfs PATH...: of each its mode and its owners, as modes_in_image prints them.
modes_in_initramfs() {
    perl - "$name.cpio" "$@" <<'END'
use strict;
use warnings;
open(my $file, '<:raw', shift) or die;
my $all = do { local $/; <$file> };
my %found;
for (my $at = 0; ; ) {
    my ($size, $length) = map { hex substr $all, $at + $_, 8 } 54, 94;
    my $name = substr $all, $at + 110, $length - 1;
    last if $name eq 'TRAILER!!!';
    $found{"/$name"} = sprintf '0%o %d %d', (07777 & hex substr $all, $at + 14, 8),
        map { hex substr $all, $at + $_, 8 } 22, 30;
    $at += 4 * (int((110 + $length + 3) / 4) + int(($size + 3) / 4));
}
print "$_ $found{$_}\n" for @ARGV;
END
}

# expect_modes LINES: the image and the initramfs have these, each a path, a mode and owners.
expect_modes() {
    local paths
    mapfile -t paths < <(cut -d' ' -f1 <<<"$1")
    diff <(modes_in_image "${paths[@]}") - <<<"$1"
    diff <(modes_in_initramfs "${paths[@]}" | sed 's/ 00 / 0000 /') - <<<"$1"
    e2fsck -fn "$name.img"
}

# in_initramfs PATH: prints this file.
in_initramfs() { cpio -i --quiet --to-stdout "${1#/}" <"$name.cpio"; }

# expect_content PATH CONTENT
expect_content() {
    [ "$(in_image "cat $1")" = "$2" ]
    [ "$(in_initramfs "$1")" = "$2" ]
}

# refused LINES MESSAGE: build-image.sh refuses a list of these lines, and makes nothing.
refused() {
    printf '%s\n' "$1" >"$list"
    build --list "$list"
    expect_status 2
    expect_output "build-image.sh: $2"
    [ ! -e "$name.img" ]
    [ ! -e "$name.cpio" ]
    [ -z "$(find "$BATS_TEST_TMPDIR" -name '.image.*')" ]
}

# large_list: a list in $list, with owners and modes of all kinds.
large_list() {
    mkdir -p "$lists/etc" "$lists/units/web.service.d"
    echo secret >"$lists/etc/shadow"
    echo tool >"$lists/tool"
    echo web >"$lists/units/web.service"
    echo limits >"$lists/units/web.service.d/10-limits.conf"
    cat >"$lists/etc/users.list" <<'END'
file /etc/shadow shadow 0 0 42
END
    cat >"$list" <<END
# A comment, and an empty line.

init
include etc/users.list
	dir   /var/lib/data  2750 1234 5678	# tabs, and a comment at the end
dir /tmp 1777 0 0
dir /tmp 01777 0 0
file /bin/su tool 4755 0 0
file /bin/absolute $lists/tool 0600 70000 2147483647
file /home/a#b tool 644 65535 65536
slink /sbin bin
slink /bin/sh /bin/su 777 7 8
unit units/web.service
unit units/web.service.d/10-limits.conf
END
    sed -i 's/shadow 0 0 42/shadow 000 0 42/' "$lists/etc/users.list"
}

readonly large_modes="/init 0755 0 0
/etc 0755 0 0
/etc/shadow 0000 0 42
/var/lib 0755 0 0
/var/lib/data 02750 1234 5678
/tmp 01777 0 0
/bin 0755 0 0
/bin/su 04755 0 0
/bin/absolute 0600 70000 2147483647
/home/a#b 0644 65535 65536
/sbin 0777 0 0
/bin/sh 0777 7 8
/bin/hammock 0755 0 0
/etc/hammock/web.service 0644 0 0
/etc/hammock/web.service.d 0755 0 0
/etc/hammock/web.service.d/10-limits.conf 0644 0 0"

@test "the list that greets is the default, and makes the same bytes from any place" {
    build --size 64M
    local first
    first=$(cat "$name".img "$name".cpio | sha256sum)
    cp "$root/toolchain/image/greeting.list" "$list"
    name=$BATS_TEST_TMPDIR/copy
    build --size 64M --list "$list"
    expect_status 0
    [ "$(cat "$name".img "$name".cpio | sha256sum)" = "$first" ]
}

@test "each word of a list puts into both images what it says, with its mode and owners" {
    large_list
    build --size 64M --list "$list"
    expect_status 0
    expect_modes "$large_modes"
    expect_content /etc/shadow secret
    expect_content /bin/su tool
    expect_content '/home/a#b' tool
    expect_content /etc/hammock/web.service web
    expect_content /etc/hammock/web.service.d/10-limits.conf limits
    in_initramfs /init | cmp - "$out/init"
    in_initramfs /bin/hammock | cmp - "$out/hammock"
    in_image 'stat /sbin' | grep -q 'Fast link dest: "bin"'
    in_image 'stat /bin/sh' | grep -q 'Fast link dest: "/bin/su"'
    cpio -itv --quiet <"$name.cpio" | grep -q ' sbin -> bin$'
    # Nothing else is in them.
    [ "$(cpio -it --quiet <"$name.cpio" | wc -l)" -eq 20 ]
}

@test "an ordinary user gets the same bytes as root, whatever the umask and the modes are" {
    [ "$(id -u)" -eq 0 ] || skip "only root can be both"
    large_list
    cp "$out/init" "$BATS_TEST_TMPDIR/hammock"
    umask 077
    build --size 64M --list "$list" --hammock "$BATS_TEST_TMPDIR/hammock"
    umask 022
    expect_status 0
    local first
    first=$(cat "$name".img "$name".cpio | sha256sum)
    other_checkout
    without fakeroot newuidmap
    cp -R "$lists" "$checkout/"
    chmod 400 "$checkout/lists/tool"
    chown -R 65534:65534 "$checkout/lists"
    sed -i "s|$lists|$checkout/lists|" "$checkout/lists/mine.list"
    # A directory that hands its group on to what is made in it.
    chmod 2775 "$checkout/out"
    build_as_user --size 64M --list "$checkout/lists/mine.list"
    expect_status 0
    expect_modes "$large_modes"
    [ "$(cat "$name".img "$name".cpio | sha256sum)" = "$first" ]
}

@test "without --output a list gives its images their name" {
    large_list
    other_checkout
    without fakeroot
    cp -R "$lists" "$checkout/"
    mv "$checkout/lists/mine.list" "$checkout/lists/my own.list"
    [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$checkout/lists"
    run "$checkout/scripts/build-image.sh" --size 64M --init "$checkout/init" \
        --hammock "$checkout/init" --list "$checkout/lists/my own.list"
    expect_status 0
    expect_output "out/my own.img: 64M"
    [ "$(cd "$checkout/out" && echo *)" \
        = "my own.cpio my own.cpio.inputs my own.img my own.img.inputs" ]
    local other
    for other in image initramfs; do
        cp "$list" "$lists/$other.list"
        run "$checkout/scripts/build-image.sh" --list "$lists/$other.list"
        expect_status 2
        expect_output "'$other.list' would take the place of the default image"
    done
    run "$checkout/scripts/build-image.sh" --list "$checkout/toolchain/image/greeting.list" \
        --init "$checkout/init" --size 64M
    expect_status 0
    [ -e "$checkout/out/image.img" ]
    [ -e "$checkout/out/initramfs.cpio" ]
    [ ! -e "$checkout/out/greeting.img" ]
}

@test "the images of a list are made anew when something in it has changed, and only then" {
    large_list
    local before
    build --size 64M --list "$list"
    before=$(stat -c %Y.%i "$name.img")
    echo '# one more comment' >>"$list"
    build --size 64M --list "$list"
    [ "$(stat -c %Y.%i "$name.img")" = "$before" ]
    echo other >"$lists/etc/shadow"
    build --size 64M --list "$list"
    expect_content /etc/shadow other
    sed -i 's/000 0 42/600 0 43/' "$lists/etc/users.list"
    build --size 64M --list "$list"
    expect_modes "/etc/shadow 0600 0 43"
    sed -i 's/^slink .sbin bin$/slink \/sbin .\/bin/' "$list"
    build --size 64M --list "$list"
    in_image 'stat /sbin' | grep -q 'Fast link dest: "./bin"'
}

@test "--add, --units, --init and --hammock put their files on top of a list" {
    large_list
    printf 'file /bin/mine tool 4700 1 2\nslink /etc/name shadow\n' >>"$list"
    echo added >"$BATS_TEST_TMPDIR/file"
    mkdir "$BATS_TEST_TMPDIR/units"
    echo unit >"$BATS_TEST_TMPDIR/units/web.service"
    build --size 64M --list "$list" --init "$BATS_TEST_TMPDIR/file" \
        --hammock "$BATS_TEST_TMPDIR/file" --units "$BATS_TEST_TMPDIR/units" \
        --add "$BATS_TEST_TMPDIR/file:/bin/mine" --add "$BATS_TEST_TMPDIR/file:/sbin/more" \
        --add "$BATS_TEST_TMPDIR/file:/etc/name"
    expect_status 0
    expect_modes "/init 0755 0 0
/bin/mine 0644 0 0
/bin/more 0644 0 0
/bin/hammock 0755 0 0
/etc/name 0644 0 0
/etc/shadow 0000 0 42
/etc/hammock/web.service 0644 0 0"
    expect_content /init added
    expect_content /bin/mine added
    expect_content /bin/hammock added
    expect_content /etc/name added
    expect_content /etc/shadow secret
    expect_content /etc/hammock/web.service unit
}

@test "a list without init or hammock has none, and may bring its own" {
    echo own >"$lists/own"
    printf 'dir /dev 755 0 0\nhammock\n' >"$list"
    build --size 64M --list "$list"
    expect_status 0
    [ "$(cpio -it --quiet <"$name.cpio" | sort | paste -sd' ')" = ". dev sbin sbin/hammock" ]
    printf 'file /init own 700 0 0\nfile /sbin/hammock own 700 0 0\nunit a.service\n' >"$list"
    touch "$lists/a.service"
    build --size 64M --list "$list"
    expect_status 0
    expect_content /init own
    expect_content /sbin/hammock own
    expect_modes "/init 0700 0 0
/sbin/hammock 0700 0 0"
    build --size 64M --list "$list" --init "$lists/a.service"
    expect_modes "/init 0755 0 0"
}

@test "the list of a machine that runs what the host says has init and the agent" {
    build --size 64M --list "$root/toolchain/image/run.list"
    expect_status 0
    expect_modes "/init 0755 0 0
/agent 0755 0 0
/dev 0755 0 0
/tmp 01777 0 0"
    in_initramfs /init | cmp - "$out/init"
    in_initramfs /agent | cmp - "$out/hammock-agent"
    [ "$(cpio -it --quiet <"$name.cpio" | sort | paste -sd' ')" = ". agent dev init proc run sys tmp" ]
}

@test "a plan of the units is what hammock plan makes of them" {
    refused $'init\nplan' "$list:2: there is no unit to plan"
    printf '[Service]\nExecStart=/init\n' >"$lists/a.service"
    printf 'init\nplan\nunit a.service\n' >"$list"
    build --list "$list"
    expect_status 0
    mkdir -p "$BATS_TEST_TMPDIR/root/etc/hammock"
    cp "$lists/a.service" "$BATS_TEST_TMPDIR/root/etc/hammock/"
    cp "$out/init" "$BATS_TEST_TMPDIR/root/init"
    "$out/hammock" plan --root "$BATS_TEST_TMPDIR/root" -o "$BATS_TEST_TMPDIR/plan"
    cmp "$BATS_TEST_TMPDIR/plan" <(in_initramfs /etc/hammock/plan)
    printf 'ExecStart=\n' >>"$lists/a.service"
    build --list "$list"
    expect_status 2
    expect_output "mine.list:2: there can be no plan of these units"
}

@test "a list of thousands of files has room for them" {
    seq -f 'dir /d/%g 755 0 0' 5000 >"$list"
    build --size 64M --list "$list"
    expect_status 0
    e2fsck -fn "$name.img"
    expect_modes "/d/5000 0755 0 0"
}

@test "a line that says nothing right is refused, with its file and number" {
    touch "$lists/file"
    local line
    refused $'\n# a comment\nnod /dev/null 666 0 0 c 1 3' "$list:3: unknown word 'nod'"
    refused 'Init' "$list:1: unknown word 'Init'"
    refused 'dir /a 755 0' "$list:1: 'dir' takes PATH MODE UID GID"
    refused 'file /a file 755 0 0 /b' "$list:1: 'file' takes PATH SOURCE MODE UID GID"
    refused 'file /a file # 755 0 0' "$list:1: 'file' takes PATH SOURCE MODE UID GID"
    refused 'slink /a' "$list:1: 'slink' takes PATH TARGET, or PATH TARGET MODE UID GID"
    refused 'slink /a b 777' "$list:1: 'slink' takes PATH TARGET, or PATH TARGET MODE UID GID"
    refused 'slink /a b 755 0 0' "$list:1: the mode of a link is always 777, not '755'"
    refused 'init /sbin/init' "$list:1: 'init' takes no more words"
    refused 'hammock yes' "$list:1: 'hammock' takes no more words"
    refused 'agent yes' "$list:1: 'agent' takes no more words"
    refused unit "$list:1: 'unit' takes FILE"
    refused 'include file file' "$list:1: 'include' takes FILE"
    refused 'package busybox dropbear' "$list:1: 'package' takes NAME"
    refused 'package ../busybox' "$list:1: '../busybox' is no name of a package"
    for line in 8 75 888 77777 000755 -755 0x1ff rwxr-xr-x; do
        refused "dir /a $line 0 0" "$list:1: a mode is octal, such as 644"
    done
    for line in root -1 01 4294967295 99999999999 1.5; do
        refused "dir /a 755 $line 0" "$list:1: users and groups are numbers from 0"
        refused "dir /a 755 0 $line" "$list:1: users and groups are numbers from 0"
    done
    for line in a ./a / /a/ //a /a//b /a/./b /a/../b /.. /a/. '/a"b'; do
        refused "dir $line 755 0 0" "$list:1: '$line' is not a plain absolute path"
    done
    refused 'file /lost+found/a file 644 0 0' "$list:1: /lost+found is the file system's own"
    refused $'init\ninit\r' "$list:2: the line has a control character"
    refused 'unit file' "$list:1: 'file' has no place in /etc/hammock"
    refused 'unit a.target.d/file.conf' "$list:1: 'file.conf' has no place in /etc/hammock"
}

@test "a file that a list names and that is not there is refused" {
    mkdir "$lists/directory"
    refused 'file /a nothing 644 0 0' "$list:1: there is no '$lists/nothing'"
    refused 'file /a /nowhere/nothing 644 0 0' "$list:1: there is no '/nowhere/nothing'"
    refused 'file /a directory 644 0 0' "$list:1: '$lists/directory' is not a file that can be read"
    refused 'unit a.service' "$list:1: there is no '$lists/a.service'"
    refused 'include other.list' "$list:1: there is no '$lists/other.list'"
    printf '\ninclude ../mine.list\n' >"$lists/directory/back.list"
    refused $'init\ninclude directory/back.list' \
        "$lists/directory/back.list:2: '../mine.list' would include itself"
    printf 'dir /a 755 0 root\n' >"$lists/directory/back.list"
    refused $'init\ninclude directory/back.list' \
        "$lists/directory/back.list:1: users and groups are numbers"
}

@test "two entries for one place are refused, and the message names both lines" {
    touch "$lists/one" "$lists/a.service"
    refused $'file /a one 644 0 0\n\nfile /a one 644 0 0' \
        "$list:3: '/a' is there already, by $list:1"
    refused $'dir /a 755 0 0\nfile /a one 644 0 0' "$list:2: '/a' is there already, by $list:1"
    refused $'dir /a 755 0 0\ndir /a 755 0 1' "$list:2: '/a' is there already, by $list:1"
    refused $'dir /a 755 0 0\ndir /a 750 0 0' "$list:2: '/a' is there already, by $list:1"
    refused $'dir /a 755 0 0\nslink /a b' "$list:1: '/a' is there already, by $list:2"
    refused $'init\nfile /init one 755 0 0' "$list:2: '/init' is there already, by $list:1"
    refused $'hammock\nhammock' "$list:2: '/sbin/hammock' is there already, by $list:1"
    refused $'unit a.service\nfile /etc/hammock/a.service one 644 0 0' \
        "$list:2: '/etc/hammock/a.service' is there already, by $list:1"
    # One place by two paths.
    refused $'file /sbin/a one 644 0 0\nfile /bin/a one 644 0 0\nslink /sbin bin' \
        "$list:2: '/bin/a' is there already, by $list:1"
    printf 'file /a one 644 0 0\n' >"$lists/other.list"
    refused $'include other.list\nfile /a one 644 0 0' \
        "$list:2: '/a' is there already, by $lists/other.list:1"
    # A file is no directory, and a directory no file.
    refused $'file /a/b one 644 0 0\nfile /a one 644 0 0' \
        "$list:1: '/a/b' has no place, since '/a' is no directory, by $list:2"
    refused $'file /a one 644 0 0\ndir /a/b/c 755 0 0' \
        "$list:1: '/a' has to be a directory, since the path of another entry leads through it"
    refused $'slink /a b\nslink /b a\nfile /a/c one 644 0 0' "$list:3: '/a/c' has no place"
}

@test "what is no list is refused" {
    local base=$BATS_TEST_TMPDIR/base
    mkdir "$base"
    touch "$lists/other.lst" "$list"
    build --list "$lists/nothing.list"
    expect_status 2
    expect_output "--list: there is no '$lists/nothing.list'"
    build --list "$lists"
    expect_status 2
    expect_output "--list: '$lists' is not a file that can be read"
    build --list "$lists/other.lst"
    expect_status 2
    expect_output "--list takes a file that is called NAME.list, not '$lists/other.lst'"
    build --list "$list" --root "$base"
    expect_status 2
    expect_output "--root brings all that is in the image, and so does --list"
}

# fake_packages: in the other checkout, a build-package.sh that has packages ready.
fake_packages() {
    other_checkout
    without fakeroot
    local packages=$checkout/out/packages
    mkdir -p "$packages"/{box,other}/{bin,etc} "$packages/box/sbin" "$packages/box/root"
    echo box >"$packages/box/bin/box"
    ln "$packages/box/bin/box" "$packages/box/bin/same"
    ln -s box "$packages/box/bin/sh"
    echo sbin >"$packages/box/sbin/a name"
    echo key >"$packages/box/etc/key"
    echo other >"$packages/other/bin/other"
    printf '#!/bin/sh\necho "$HAMMOCK_NESTED $*" >>"%s/calls"\n' "$checkout" \
        >"$checkout/scripts/build-package.sh"
    chmod +x "$checkout/scripts/build-package.sh"
    [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$checkout"
    # chown(1) takes the setuid bit away.
    chmod 4755 "$packages/box/bin/box"
    chmod 755 "$packages/other/bin/other"
    chmod 600 "$packages/box/etc/key"
    chmod 700 "$packages/box/root"
    list=$checkout/mine.list
}

# build_of LINES: builds the list of these lines, in the other checkout.
build_of() {
    printf '%s\n' "$1" >"$list"
    build_as_user --size 64M --list "$list"
}

@test "a package brings its files with their modes and links, as root's" {
    fake_packages
    build_of $'package box\ninit\npackage other\nslink /sbin bin\ndir /root 750 0 5'
    expect_status 0
    [ "$(cat "$checkout/calls")" = "yes box other" ]
    expect_modes "/bin 0755 0 0
/bin/box 04755 0 0
/bin/same 04755 0 0
/bin/sh 0777 0 0
/bin/other 0755 0 0
/etc/key 0600 0 0
/root 0750 0 5"
    in_image 'stat "/bin/a name"' | grep -q 'Type: regular'
    in_image 'stat /bin/same' | grep -q 'Links: 2'
    in_image 'stat /bin/sh' | grep -q 'Fast link dest: "box"'
    in_image 'stat /sbin' | grep -q 'Fast link dest: "bin"'
    # A changed file of a package makes another image.
    echo changed >"$checkout/out/packages/other/bin/other"
    build_of 'package other'
    [ "$(in_image 'cat /bin/other')" = changed ]
}

@test "what two packages bring, or a package and a line, is refused" {
    fake_packages
    touch "$checkout/file"
    build_of $'package box\nfile /bin/box file 644 0 0'
    expect_status 2
    expect_output "$list:1 (package box): '/bin/box' is there already, by $list:2"
    echo other >"$checkout/out/packages/other/bin/box"
    build_of $'package box\npackage other'
    expect_status 2
    expect_output "$list:2 (package other): '/bin/box' is there already, by $list:1 (package box)"
    rm "$checkout/out/packages/other/bin/box"
    chmod 711 "$checkout/out/packages/other/etc"
    build_of $'package box\npackage other'
    expect_status 2
    expect_output "'/etc' has another mode than by $list:1 (package box) (a line with dir would"
    build_of $'package box\npackage other\ndir /etc 755 0 0'
    expect_status 0
    mkfifo "$checkout/out/packages/other/pipe"
    build_of 'package other'
    expect_status 2
    expect_output "$list:1 (package other): '/pipe' is neither a file nor a directory nor a link"
    rm "$checkout/out/packages/other/pipe"
    touch "$checkout/out/packages/other/bin/\"quoted\""
    build_of 'package other'
    expect_status 2
    expect_output "$list:1 (package other): '/bin/\"quoted\"' is not a plain absolute path"
    rm -r "$checkout/out/packages/other"
    build_of 'package other'
    expect_status 2
    expect_output "'$checkout/out/packages/other' is not a directory that can be read"
}
