# The containers of an ordinary user's podman, each in a machine of its own.

setup_file() {
    load ../Support/engines
    start_machines podman runc conmon curl slirp4netns newuidmap || return 0
    chmod 755 "$place"
    # A user for these tests only, and a tap that users may open, as most distributions have it.
    inside sh -ec '
        cd "$1"
        mkdir -m 700 home runtime
        for file in passwd group subuid subgid; do cp "/etc/$file" "$file" || : >"$file"; done
        echo "tester:x:4242:4242::$1/home:/bin/sh" >>passwd
        echo "tester:x:4242:" >>group
        echo "tester:200000:65536" | tee -a subuid >>subgid
        for file in passwd group subuid subgid; do
            touch "/etc/$file"
            mount --bind "$file" "/etc/$file"
        done
        chown 4242:4242 home runtime
        mknod tun c 10 200
        chmod 666 tun
        mount --bind tun /dev/net/tun' sh "$place"
    podman_settings 'network_cmd_options = ["port_handler=slirp4netns"]'
    podman load --quiet --input "$place/box.tar" >/dev/null 2>&1 || true
}

teardown_file() {
    load ../Support/engines
    end_engine
}

setup() {
    load ../Support/engines
    need_engine
    export client=podman
    need_container podman podman run --rm --runtime runc localhost/box true
}

teardown() { podman rm --all --force --time 0 >/dev/null 2>&1 || true; }

podman() {
    inside setpriv --reuid 4242 --regid 4242 --clear-groups env --chdir "$place/home" \
        HOME="$place/home" USER=tester XDG_RUNTIME_DIR="$place/runtime" \
        CONTAINERS_CONF="$place/containers.conf" \
        timeout --signal=KILL 120 podman --storage-driver vfs "$@"
}

@test "a user's container has a machine, whose files have the owners that the container's have" {
    capture podman run --rm localhost/box sh -c '
        cat /proc/1/comm; id -u; touch /data/mine; chown 33:44 /data/mine; stat -c %u:%g /data/mine
        exit 9'
    expect_status 9
    [[ $output == *"$(printf '%s\n' init 0 33:44)" ]]
}

@test "a user's published port leads to the machine, exec runs in it, and stop ends it" {
    podman run --detach --name box --publish 127.0.0.1:8080:80 localhost/box httpd -f -h /www \
        >/dev/null
    eventually answers http://127.0.0.1:8080/ "from the machine"
    capture podman exec box sh -c 'exit 5'
    expect_status 5
    within 8 podman stop --time 1 box >/dev/null
    eventually nothing_left
}
