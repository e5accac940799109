# Debian's own services, unchanged, on Hammock's kernel and init.

setup_file() {
    load ../Support/helpers
    [ "$(id -u)" -eq 0 ] || skip "only root can make another Debian"
    "$root/scripts/build-kernel.sh"
    debian=$("$BATS_TEST_DIRNAME/make-root.sh")
    export debian
    cluster=$(tar -tf "$debian" | sed -n 's,^\./etc/postgresql/\([0-9]*\)/\([^/]*\)/$,\1-\2,p')
    export cluster
}

setup() {
    load ../Support/helpers
    load ../Support/machine
}

@test "six services of Debian come up, serve, survive SIGKILL, and leave a clean disk" {
    run timeout -s KILL 900 "$root/scripts/boot.sh" --root "$debian" --target multi-user.target \
        --rw --image "$BATS_TEST_TMPDIR/disk" --memory 768 --append rw --timeout 600 \
        --add "$BATS_TEST_DIRNAME/serve.sh:/serve.sh" -- /bin/sh /serve.sh "$cluster"
    printf '%s\n' "$output" >&3
    expect_status 0
    [[ $output != *"FAILED:"* ]]
    [[ $output != *"the services take too long to stop"* ]]
    run e2fsck -fn "$BATS_TEST_TMPDIR/disk"
    expect_status 0
}

@test "a package that is installed has its service run, and one that is removed has it stopped" {
    "$BATS_TEST_DIRNAME/make-packages.sh" "$BATS_TEST_TMPDIR"
    run timeout -s KILL 900 "$root/scripts/boot.sh" --root "$debian" --target multi-user.target \
        --memory 768 --append rw --timeout 600 --quiet \
        --add "$BATS_TEST_TMPDIR/ticker.deb:/ticker.deb" --add "$BATS_TEST_TMPDIR/bell.deb:/bell.deb" \
        --add "$BATS_TEST_DIRNAME/install.sh:/install.sh" -- /bin/sh /install.sh
    printf '%s\n' "$output" >&3
    expect_status 0
    [[ $output != *"FAILED:"* ]]
}
