# The Debian package hammock-init.

setup_file() {
    load ../Support/helpers
    "$root/scripts/package.sh"
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    load ../Support/package
    package=$(echo "$out"/hammock-init_*_amd64.deb)
}

teardown() { end_namespaces; }

# copy_checkout: makes another checkout, `$copy`, in which init is built already.
copy_checkout() {
    copy=$BATS_TEST_TMPDIR/another/place
    mkdir -p "$copy/out"
    cp -R "$root"/{Package.swift,CHANGELOG.md,Sources,Tests,docs,scripts,toolchain} "$copy/"
    cp -R "$out"/{init,hammock}{,.debug,.inputs} "$out/sdks" "$copy/out/"
}

@test "lintian does not complain about the package" {
    lintian_is_silent
}

@test "each override of a lintian complaint has a reason" {
    run -0 awk '/^#/ { reason = 1; next } NF { if (!reason) print; reason = 0 }' \
        "$root"/toolchain/package/*.lintian-overrides
    [ -z "$output" ]
}

@test "the package has these files, with these modes, and root owns them all" {
    diff - <(listing "$package") <<'END'
drwxr-xr-x root/root ./
drwxr-xr-x root/root ./usr/
drwxr-xr-x root/root ./usr/bin/
-rwxr-xr-x root/root ./usr/bin/hammock
drwxr-xr-x root/root ./usr/libexec/
drwxr-xr-x root/root ./usr/libexec/hammock/
-rwxr-xr-x root/root ./usr/libexec/hammock/init
drwxr-xr-x root/root ./usr/share/
drwxr-xr-x root/root ./usr/share/doc/
drwxr-xr-x root/root ./usr/share/doc/hammock-init/
-rw-r--r-- root/root ./usr/share/doc/hammock-init/changelog.gz
-rw-r--r-- root/root ./usr/share/doc/hammock-init/copyright
drwxr-xr-x root/root ./usr/share/doc/hammock-init/examples/
-rw-r--r-- root/root ./usr/share/doc/hammock-init/examples/50-hammock-init.conf
-rw-r--r-- root/root ./usr/share/doc/hammock-init/examples/daemon.json
drwxr-xr-x root/root ./usr/share/lintian/
drwxr-xr-x root/root ./usr/share/lintian/overrides/
-rw-r--r-- root/root ./usr/share/lintian/overrides/hammock-init
drwxr-xr-x root/root ./usr/share/man/
drwxr-xr-x root/root ./usr/share/man/man1/
-rw-r--r-- root/root ./usr/share/man/man1/hammock.1.gz
drwxr-xr-x root/root ./usr/share/man/man5/
-rw-r--r-- root/root ./usr/share/man/man5/hammock.service.5.gz
drwxr-xr-x root/root ./usr/share/man/man8/
-rw-r--r-- root/root ./usr/share/man/man8/hammock-init.8.gz
lrwxrwxrwx root/root ./usr/bin/hammock-init -> ../libexec/hammock/init
lrwxrwxrwx root/root ./usr/libexec/hammock/catatonit -> init
lrwxrwxrwx root/root ./usr/libexec/hammock/docker-init -> init
lrwxrwxrwx root/root ./usr/libexec/hammock/dumb-init -> init
lrwxrwxrwx root/root ./usr/libexec/hammock/tini -> init
lrwxrwxrwx root/root ./usr/libexec/hammock/tini-static -> init
END
}

@test "the package has init and hammock as they were built, the version, the pages and the licence" {
    unpack
    cmp "$out/init" "$unpacked/usr/libexec/hammock/init"
    cmp "$out/hammock" "$unpacked/usr/bin/hammock"
    "$out/init" --version | grep -qx "Hammock init $(dpkg-deb --field "$package" Version)"
    zcat "$unpacked/usr/share/man/man8/hammock-init.8.gz" | cmp - "$root/docs/man/init.8"
    zcat "$unpacked/usr/share/man/man1/hammock.1.gz" | cmp - "$root/docs/man/hammock.1"
    zcat "$unpacked/usr/share/man/man5/hammock.service.5.gz" | cmp - "$root/docs/man/hammock.service.5"
    # In the package's file an empty line is a dot, and each other line begins with a space.
    diff <(tail -n +5 "$root/LICENSE") \
        <(sed -n '/^ Permission is/,/^ SOFTWARE\.$/{s/^ \.$//; s/^ //; p}' \
            "$unpacked/usr/share/doc/hammock-init/copyright")
    # The package runs no script when it is installed, and installs no setting.
    [ "$(ls "$unpacked/DEBIAN")" = $'control\nmd5sums' ]
    [ ! -e "$unpacked/etc" ]
}

@test "the package's changelog has each entry of the newest changes" {
    unpack
    same_changelog
}

@test "each path that the package's texts name is in the package" {
    unpack
    local path number=0
    while IFS= read -r path; do
        [ -e "$unpacked$path" ] || { echo "not in the package: $path" >&2; return 1; }
        number=$((number + 1))
    done < <({
        cat "$unpacked"/usr/share/doc/hammock-init/examples/*
        zcat "$unpacked/usr/share/man/man8/hammock-init.8.gz"
    } | grep -oE '/usr/(libexec/hammock|bin/hammock)[a-z/-]*' | sort -u)
    [ "$number" -ge 4 ]
    perl -MJSON::PP -0777 -e 'decode_json(<STDIN>)' \
        <"$unpacked/usr/share/doc/hammock-init/examples/daemon.json"
}

@test "another user in another place makes the same package, and it has the pinned date" {
    local as=() pinned
    umask 077
    copy_checkout
    if [ "$(id -u)" -eq 0 ]; then
        chmod -R a+rX "$root"/out/{init,hammock} "$BATS_TEST_TMPDIR/another"
        as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
        chown -R 65534:65534 "$copy"
        "${as[@]}" test -w "$copy/out" -a -x "$(command -v swiftc)" || as=()
    fi
    touch -d 2001-01-01 "$copy/docs/man/init.8"
    TZ=KIL-14 LC_ALL=C.UTF-8 HOME=$copy "${as[@]}" "$copy/scripts/package.sh"
    cmp "$package" "$copy/out/${package##*/}"
    pinned=$(awk '$1 == "source-date-epoch" { print $2 }' "$root/toolchain/inputs.lock")
    [ "$(dates_of "$package")" = "$pinned"$'\n'"$pinned" ]
    # SOURCE_DATE_EPOCH gives the package another date.
    HOME=$copy SOURCE_DATE_EPOCH=1000000000 "$copy/scripts/package.sh"
    [ "$(dates_of "$copy/out/${package##*/}")" = $'1000000000\n1000000000' ]
}

@test "if packing fails, package.sh leaves no package, and no half of one" {
    copy_checkout
    local stubs=$BATS_TEST_TMPDIR/stubs
    mkdir "$stubs"
    printf '#!/bin/sh\necho "no room, says the stub" >&2\nexit 2\n' >"$stubs/dpkg-deb"
    chmod +x "$stubs/dpkg-deb"
    PATH=$stubs:$PATH run "$copy/scripts/package.sh"
    expect_status 1
    expect_output "no room, says the stub"
    expect_output "package.sh: dpkg-deb failed"
    [ -z "$(find "$copy/out" -name '*.deb' -o -name '*.deb.*' -o -name '.package.??????')" ]
}

# dpkg_there WORD...: runs dpkg on a system that has its files below `$tree`. dpkg writes nothing
# into this machine's log.
dpkg_there() {
    "${as_root[@]}" dpkg --root="$tree" --log=/dev/null --force-not-root "$@" \
        >"$BATS_TEST_TMPDIR/dpkg.log" 2>&1 3>&- || {
        cat "$BATS_TEST_TMPDIR/dpkg.log" >&2
        return 1
    }
}

# files_there: prints all files of that system but dpkg's own.
files_there() { (cd "$tree" && find . -path ./var/lib/dpkg -prune -o -print | sort); }

@test "on an empty system the package runs a program as PID 1, and its removal leaves nothing" {
    prepare_namespaces
    tree=$BATS_TEST_TMPDIR/system
    mkdir -p "$tree"/{bin,dev,var/lib/dpkg/{info,updates}}
    : >"$tree/var/lib/dpkg/status"
    cp "$(command -v busybox)" "$tree/bin/busybox"
    local before name
    before=$(files_there)

    dpkg_there --install "$package"
    for name in bin/hammock-init libexec/hammock/init; do
        capture run_in_tree "/usr/$name" -- /bin/busybox sh -c 'echo "the parent is $PPID"; exit 33'
        expect_status 33
        [ "$output" = "the parent is 1" ]
    done
    capture run_in_tree /usr/bin/hammock-init -- /bin/missing
    expect_status 127
    # Each link leads to a program that can be run.
    for name in tini tini-static docker-init dumb-init catatonit; do
        capture run_in_tree "/usr/libexec/hammock/$name" -- /bin/busybox true
        expect_status 0
        [ -z "$output" ]
    done

    dpkg_there --purge hammock-init
    [ "$(files_there)" = "$before" ]
    run ! grep -r hammock "$tree/var/lib/dpkg/status" "$tree/var/lib/dpkg/info"
}
