# Moving pins. A copy of the checkout has its own lock. apt is a stub, and has a small package.

setup() {
    load ../Support/helpers
    copy=$BATS_TEST_TMPDIR/copy
    lock=$copy/toolchain/inputs.lock
    mkdir "$copy" "$BATS_TEST_TMPDIR/stubs"
    cp -R "$root/scripts" "$root/toolchain" "$copy/"
    export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
    PATH=$BATS_TEST_TMPDIR/stubs:$PATH
}

update() { run "$copy/scripts/update-lock.sh" "$@"; }

# pinned NAME [LOCK]: prints the value of a pin.
pinned() { awk -v name="$1" '$1 == name { print $2 }' "${2:-$lock}"; }

# newer_kernel: makes apt offer version 6.12.999-1, `$deb`. Its changelog says that Debian
# released it on 2 January 1970.
newer_kernel() {
    local tree=$BATS_TEST_TMPDIR/tree
    deb=$BATS_TEST_TMPDIR/linux-source-6.12_6.12.999-1_all.deb
    mkdir -p "$tree"/{DEBIAN,usr/src,usr/share/doc/linux-source-6.12}
    printf '%s\n' 'Package: linux-source-6.12' 'Version: 6.12.999-1' 'Architecture: all' \
        'Maintainer: A Test <test@example.org>' 'Description: small' >"$tree/DEBIAN/control"
    echo "a tarball" >"$tree/usr/src/linux-source-6.12.tar.xz"
    printf '%s\n\n' 'linux (6.12.999-1) bookworm; urgency=medium' '  * New.' \
        ' -- A Test <test@example.org>  Fri, 02 Jan 1970 00:00:00 +0000' \
        | gzip >"$tree/usr/share/doc/linux-source-6.12/changelog.Debian.gz"
    dpkg-deb --root-owner-group --build "$tree" "$deb" >/dev/null
    cat >"$BATS_TEST_TMPDIR/stubs/apt-cache" <<'END'
#!/bin/sh
printf 'linux-source-6.12:\n  Installed: (none)\n  Candidate: 6.12.999-1\n'
END
    cat >"$BATS_TEST_TMPDIR/stubs/apt-get" <<END
#!/bin/sh
case "\$*" in
    *--print-uris*) echo "'mirror:/debian/pool/main/l/linux/linux-source-6.12_6.12.999%2d1_all.deb' ${deb##*/} 99 SHA256:${1:-$(sha256sum <"$deb" | cut -c1-64)}" ;;
    *) cp '$deb' . ;;
esac
END
    chmod +x "$BATS_TEST_TMPDIR/stubs/"*
}

@test "without a name update-lock.sh shows the pins beside what there is, and moves none" {
    newer_kernel
    update
    expect_status 0
    grep -qE "^kernel +$(pinned kernel-version) +6.12.999-1$" <<<"$output"
    grep -qE "^cpio +[^ ]+ +$(dpkg-query -W -f '${Version}' cpio | sed 's/+b[0-9]*$//; s/[+.]/\\&/g')$" <<<"$output"
    cmp "$lock" "$root/toolchain/inputs.lock"
}

@test "update-lock.sh moves the kernel's pin, and the pins that depend on it" {
    newer_kernel
    update kernel
    expect_status 0
    expect_output "kernel-version: $(pinned kernel-version "$root/toolchain/inputs.lock") -> 6.12.999-1; with it move bzImage"
    expect_output "scripts/reproduce.sh --record"
    [ "$(pinned kernel-version)" = 6.12.999-1 ]
    [ "$(pinned kernel-deb-path)" = pool/main/l/linux/linux-source-6.12_6.12.999-1_all.deb ]
    [ "$(pinned kernel-deb-sha256)" = "$(sha256sum <"$deb" | cut -c1-64)" ]
    [ "$(pinned kernel-deb-sha1)" = "$(sha1sum <"$deb" | cut -c1-40)" ]
    [ "$(pinned kernel-tarball-sha256)" = "$(echo 'a tarball' | sha256sum | cut -c1-64)" ]
    [ "$(pinned source-date-epoch)" = 86400 ]
    # No other pin moved, and the build will find the source.
    [ "$(diff "$lock" "$root/toolchain/inputs.lock" | grep -c '^<')" -eq 6 ]
    [ "$(cat "$XDG_CACHE_HOME/hammock/source/$(pinned kernel-tarball-sha256).tar.xz")" = "a tarball" ]
    [ "$(stat -c %a "$lock")" = "$(stat -c %a "$root/toolchain/inputs.lock")" ]
}

@test "if a pin has the newest version already, update-lock.sh does not write the lock" {
    newer_kernel
    update kernel
    local before
    before=$(stat -c %i "$lock")
    update kernel
    expect_status 0
    expect_output "kernel stays at 6.12.999-1"
    [ "$(stat -c %i "$lock")" = "$before" ]
}

@test "--dry-run shows what would move, and moves nothing" {
    newer_kernel
    update --dry-run kernel
    expect_status 0
    expect_output "-> 6.12.999-1"
    expect_output "nothing was changed"
    cmp "$lock" "$root/toolchain/inputs.lock"
    [ -z "$(find "$XDG_CACHE_HOME" "$copy" -name '*.tar.xz' -o -name 'inputs.lock.*')" ]
}

@test "if a package is not the one in apt's lists, update-lock.sh moves nothing" {
    newer_kernel "$(printf '%064d' 0)"
    update kernel
    expect_status 3
    expect_output "not the one that apt's lists name"
    cmp "$lock" "$root/toolchain/inputs.lock"
    [ -z "$(find "$XDG_CACHE_HOME" "$copy" -name '*.tar.xz' -o -name 'inputs.lock.*')" ]
}

@test "if apt offers no such source, update-lock.sh says so" {
    printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/stubs/apt-cache"
    chmod +x "$BATS_TEST_TMPDIR/stubs/apt-cache"
    update kernel
    expect_status 3
    expect_output "apt offers no linux-source-6.12"
}

@test "update-lock.sh moves a tool's pin to the version that is installed" {
    sed -i -E 's/^(package-cpio +).*/\10.1/; s/^(swift +).*/\16.2/' "$lock"
    update cpio swift
    expect_status 0
    expect_output "package-cpio: 0.1 -> $(pinned package-cpio)"
    expect_output "swift: 6.2 -> $(pinned swift)"
    expect_output "with it move init, image.img, initramfs.cpio"
    [ "$(pinned package-cpio)" = "$(dpkg-query -W -f '${Version}' cpio | sed 's/+b[0-9]*$//')" ]
    swiftc --version 2>/dev/null | grep -q "Swift version $(pinned swift) "
}

@test "update-lock.sh refuses a pin that does not exist, and names those that do" {
    update toaster
    expect_status 2
    expect_output "there is no pin 'toaster': all kernel swift gcc"
    update --dry-run
    expect_status 2
}
