# The same services of Debian in a container, with init as its first process. Here podman mounts
# the cgroups read-only, so process groups have to do.

setup_file() {
    load ../Support/engine
    start_engine podman runc || return 0
    "$root/scripts/build-init.sh" --product hammock
    debian=$("$BATS_TEST_DIRNAME/make-root.sh")
    rm -r "$place/tree"
    mkdir "$place/tree"
    tar -C "$place/tree" --xattrs '--xattrs-include=*' -xf "$debian"
    install -m 755 "$out/init" "$place/tree/init"
    install -m 755 "$out/hammock" "$place/tree/sbin/hammock"
    ln -s /sbin/hammock "$place/tree/usr/bin/systemctl"
    install -m 755 "$BATS_TEST_DIRNAME/serve.sh" "$place/tree/serve.sh"
    configure_podman 4096
}

teardown_file() {
    load ../Support/engine
    end_engine
}

setup() {
    load ../Support/engine
    need_podman
}

podman() { inside timeout --signal=KILL 900 "${podman[@]}" "$@"; }

@test "six services of Debian come up, serve and survive SIGKILL in a container" {
    local cluster
    cluster=$(cd "$place/tree/etc/postgresql" && printf '%s\n' */*)
    capture podman run --rm --init=false --entrypoint /init --name box \
        --cgroup-parent "/$cgroup" --rootfs "$place/tree" \
        --target multi-user.target -- /bin/sh /serve.sh "${cluster/\//-}"
    printf '%s\n' "$output" >&3
    expect_status 0
    [[ $output != *"FAILED:"* ]]
}
