# scripts/boot.sh --list: a machine whose image somebody's own list describes.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-kernel.sh"
    "$root/scripts/build-image.sh"
    "$root/scripts/build-init.sh" --product hammock
}

setup() {
    load ../Support/helpers
    # Its images are named after the list, and belong to this test.
    mine=list-$BATS_SUITE_TEST_NUMBER-$$
    lists=$BATS_TEST_TMPDIR/lists
    mkdir "$lists"
    printf '[Service]\nExecStart=/bin/busybox sleep 1000\nUser=1234\n' >"$lists/rests.service"
    echo secret >"$lists/shadow"
    cat >"$lists/script" <<'END'
stat -c 'of %n: %a %u %g' /etc/shadow /bin/setuid /home/user /tmp
su -s /bin/sh user -c 'cat /etc/shadow; ls -d /home/user/own; id'
hammock wait rests up && hammock status rests
cat /added
exit 7
END
    printf 'user:x:1234:5678::/home/user:/bin/sh\n' >"$lists/passwd"
    printf 'user:x:5678:\n' >"$lists/group"
    cat >"$lists/$mine.list" <<END
init
dir /dev 755 0 0
dir /proc 755 0 0
dir /run 755 0 0
dir /sys 755 0 0
dir /tmp 1777 0 0
file /bin/busybox $(command -v busybox) 755 0 0
file /bin/setuid passwd 4755 0 0
slink /bin/sh busybox
slink /sbin bin
file /etc/passwd passwd 644 0 0
file /etc/group group 644 0 0
file /etc/shadow shadow 600 0 42
dir /home/user 700 1234 5678
file /home/user/own shadow 400 1234 5678
file /script script 644 0 0
unit rests.service
END
}

teardown() { rm -f "$out/$mine".*; }

# boot OPTIONS...: boots from the list, and runs its script.
boot() {
    run timeout -s KILL 300 "$root/scripts/boot.sh" --list "$lists/$mine.list" --quiet "$@" \
        --append hammock.services --timeout 240 -- /bin/sh -c \
        'busybox --install -s /run; PATH=$PATH:/run; . /script' </dev/null 3>&-
}

# expect_guest: the guest has what the list says.
expect_guest() {
    expect_status 7
    expect_output "of /etc/shadow: 600 0 42"
    expect_output "of /bin/setuid: 4755 0 0"
    expect_output "of /home/user: 700 1234 5678"
    expect_output "of /tmp: 1777 0 0"
    expect_output "'/etc/shadow': Permission denied"
    expect_output "/home/user/own"
    [[ $output != *secret* ]]
    expect_output "uid=1234(user) gid=5678(user)"
    [[ $output =~ rests\.service.*phase\ +up\  ]]
}

@test "a list boots from a disk and from an initramfs, with its owners, modes and units" {
    boot
    expect_guest
    [ -e "$out/$mine.img" ]
    boot --initramfs
    expect_guest
    # The next boot is from the same image.
    local before
    before=$(stat -c %Y.%i "$out/$mine.img" "$out/$mine.cpio")
    boot
    expect_guest
    [ "$(stat -c %Y.%i "$out/$mine.img" "$out/$mine.cpio")" = "$before" ]
}

@test "with --add a list boots from an image of this boot's own" {
    echo "added to the list" >"$BATS_TEST_TMPDIR/file"
    boot --add "$BATS_TEST_TMPDIR/file:/added"
    expect_guest
    expect_output "added to the list"
    [ ! -e "$out/$mine.img" ]
}
