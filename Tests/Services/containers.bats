# The same services of Debian in a container, with init as its first process. By itself podman
# mounts the cgroups read-only, and process groups have to do.

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
    load ../Support/cgroup
    need_podman
}

podman() { inside timeout --signal=KILL 900 "${podman[@]}" "$@"; }

teardown() { end_group; }

# serve_in WORDS...: runs the container with these words for podman, to its end.
serve_in() {
    local cluster
    cluster=$(cd "$place/tree/etc/postgresql" && printf '%s\n' */*)
    capture podman run --rm --init=false --name box --cgroup-parent "/$cgroup" "$@" \
        --target multi-user.target -- /bin/sh /serve.sh "${cluster/\//-}"
    printf '%s\n' "$output" >&3
    expect_status 0
    [[ $output != *"FAILED:"* ]]
}

@test "six services of Debian come up, serve and survive SIGKILL in a container" {
    serve_in --entrypoint /init --rootfs "$place/tree"
}

@test "six services of Debian do so in a container whose cgroups are writable, each in its own" {
    make_group
    # podman mounts what this machine's cgroups are, and those may be of version 1. So the container
    # mounts its own tree, with its first process at the root of it, and becomes init.
    { echo '#!/bin/sh -e'; entering_group mount; echo 'exec /init "$@"'; } >"$place/tree/enter"
    chmod +x "$place/tree/enter"
    serve_in --privileged --entrypoint /enter --rootfs "$place/tree"
    [[ $output == *"a cgroup of its own: nginx.service"* ]]
}
