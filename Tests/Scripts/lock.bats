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

# debian_has VERSION [SHA256]: makes apt offer this version of each source, with a changelog. The
# lists say that the tarball of busybox has this hash. Version 1.38.0 of busybox is pinned.
debian_has() {
    archive=$BATS_TEST_TMPDIR/archive
    tarball=$archive/busybox_$1.orig.tar.bz2
    busybox=$copy/toolchain/packages/busybox
    mkdir -p "$archive" "$BATS_TEST_TMPDIR/debian"
    sed -i 's/_[^_]*\.orig/_1.38.0.orig/' "$busybox/source"
    cp -R "$copy/toolchain" "$BATS_TEST_TMPDIR/before"
    echo "the source of $1" >"$tarball"
    printf '%s\n' "busybox (1:$1-2) unstable; urgency=high" "" "  * Mend CVE-2099-0001, CVE-2099-0002." \
        "  * And CVE-2099-0001 again." "" " -- A Test <test@example.org>  $(date -R)" "" \
        "busybox (1:1.38.0-1) unstable; urgency=medium" "" "  * Mend CVE-2099-0003." "" \
        " -- A Test <test@example.org>  $(date -R)" "" "busybox (1:1.37.0-9) unstable; urgency=low" \
        "" "  * Mend CVE-2099-0004." >"$BATS_TEST_TMPDIR/debian/changelog"
    tar -C "$BATS_TEST_TMPDIR" -cJf "$archive/busybox_$1-2.debian.tar.xz" debian
    cat >"$BATS_TEST_TMPDIR/stubs/apt-get" <<END
#!/bin/bash
case "\$*" in
    indextargets*)
        printf '%s\n' "Debian Debian-Security http://security/" "Debian Debian http://mirror/" ;;
    *' update') cat "\$3" "\$(dirname "\$3")/sources.list" >'$BATS_TEST_TMPDIR/asked' ;;
    *--print-uris*)
        name=\${!#}
        echo "NOTICE: it is packaged with git"
        echo "'http://mirror/pool/main/x/\$name/\${name}_$1-2.dsc' \${name}_$1-2.dsc 9 SHA256:99"
        echo "'http://mirror/pool/main/x/\$name/\${name}%5f$1.orig.tar.bz2' \${name}_$1.orig.tar.bz2 9" \
            "SHA256:${2:-$(sha256sum <"$tarball" | cut -c1-64)}"
        echo "'http://mirror/pool/main/x/\$name/\${name}_$1.orig.tar.bz2.asc'" \
            "\${name}_$1.orig.tar.bz2.asc 9 SHA256:98" ;;
    *--download-only*) cp '$archive'/* . ;;
    *) exit 100 ;;
esac
END
    chmod +x "$BATS_TEST_TMPDIR/stubs/apt-get"
}

# unmoved: no source has moved, and nothing is left.
unmoved() {
    diff -r "$copy/toolchain" "$BATS_TEST_TMPDIR/before"
    [ -z "$(find "$XDG_CACHE_HOME" -type f ! -name '.*.lock')" ]
}

@test "packages shows each package beside Debian's newest version, and moves none" {
    debian_has 1.39.0
    update packages
    expect_status 0
    grep -qxE 'packages/busybox +1\.38\.0 +1\.39\.0' <<<"$output"
    grep -qxE 'packages/openssh-sftp +[0-9p.]+ +1\.39\.0' <<<"$output"
    # This one comes from the kernel's source.
    run ! grep linux-headers <<<"$output"
    unmoved
    # apt was asked for unstable's sources, and nothing of this machine's apt changes.
    grep -qE '^deb-src \[signed-by=[^ ]+\] http://mirror/ unstable main$' "$BATS_TEST_TMPDIR/asked"
    grep -q "^Dir::State::lists \"$XDG_CACHE_HOME/" "$BATS_TEST_TMPDIR/asked"
}

@test "update-lock.sh moves a package to Debian's newest source, and names the holes" {
    debian_has 1.39.0
    update busybox
    expect_status 0
    expect_output "busybox: 1.38.0 -> 1.39.0"
    # Since the pinned version, each once.
    expect_output "CVE-2099-0001 CVE-2099-0002 CVE-2099-0003"$'\n'
    expect_output "toolchain/packages/busybox/source: written"
    expect_output "scripts/reproduce.sh --record"
    [ "$(cat "$busybox/source")" = "$(sha256sum <"$tarball" | cut -c1-64) $(sha1sum <"$tarball" \
        | cut -c1-40) pool/main/x/busybox/busybox_1.39.0.orig.tar.bz2" ]
    cmp "$XDG_CACHE_HOME/hammock/source/$(cut -d' ' -f1 "$busybox/source").tar.bz2" "$tarball"
    cmp "$lock" "$root/toolchain/inputs.lock"
    # Nothing else is new.
    [ "$(find "$copy" "$XDG_CACHE_HOME" -type f ! -name '.*.lock' -newer "$archive" | wc -l)" -eq 2 ]
}

@test "of a package that is the newest already update-lock.sh names the holes that no patch mends" {
    debian_has 1.38.0
    touch "$busybox/patches/0009-CVE-2099-0002-by-its-name.patch"
    echo "Mends CVE-2099-0003." >"$busybox/patches/0010-by-its-text.patch"
    update busybox
    expect_status 0
    expect_output "busybox stays at 1.38.0, the newest that Debian has"
    expect_output "these since 1.38.0, and no patch of ours does: CVE-2099-0001"$'\n'
    expect_output "every pin stays where it is"
}

@test "--dry-run shows where a package would move to, and moves nothing" {
    debian_has 1.39.0
    update --dry-run busybox
    expect_status 0
    expect_output "busybox: 1.38.0 -> 1.39.0"
    expect_output "nothing was changed"
    unmoved
}

@test "if a package's source is not the one in the signed lists, update-lock.sh moves nothing" {
    debian_has 1.39.0 "$(printf '%064d' 0)"
    update busybox
    expect_status 3
    expect_output "the source of busybox is not the one that apt's lists name"
    unmoved
}

@test "if Debian's lists or sources cannot be fetched, update-lock.sh says so and moves nothing" {
    debian_has 1.39.0
    sed -i 's/^    \*--download-only\*.*/    *--download-only*) echo "E: 404"; exit 100 ;;/' \
        "$BATS_TEST_TMPDIR/stubs/apt-get"
    update busybox
    expect_status 3
    expect_output "E: 404"
    expect_output "the source of busybox 1.39.0 could not be fetched"
    sed -i 's/^    \*--print-uris\*)/    *--print-uris*) exit 0/' "$BATS_TEST_TMPDIR/stubs/apt-get"
    update busybox
    expect_status 3
    expect_output "Debian has no source of busybox any more"
    sed -i "s/^    \*' update').*/    *' update') echo 'E: no network'; exit 100 ;;/" \
        "$BATS_TEST_TMPDIR/stubs/apt-get"
    update packages
    expect_status 3
    expect_output "E: no network"
    expect_output "the list of Debian's sources could not be fetched"
    printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/stubs/apt-get"
    update packages
    expect_status 3
    expect_output "apt knows no mirror of Debian"
    unmoved
}

@test "a package that a pin is called like has a longer name, and packages moves none by itself" {
    debian_has 1.39.0
    update --dry-run e2fsprogs
    expect_status 0
    [[ $output != *asking* ]]
    update --dry-run packages/e2fsprogs
    expect_status 0
    expect_output "asking http://mirror/"
    expect_output "e2fsprogs stays at 1."
    update packages busybox
    expect_status 2
    expect_output "packages shows all packages; to move some, name them"
    update linux-headers
    expect_status 2
    expect_output "and no such package: busybox dropbear"
}
