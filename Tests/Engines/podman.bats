# podman's containers, each in a machine of its own.

setup_file() {
    load ../Support/engines
    start_machines podman runc conmon curl expect || return 0
    mkdir "$place/helpers"
    # What the first container of a pod is made of.
    cp "$out/init" "$place/helpers/catatonit"
    podman_settings 'helper_binaries_dir = ["'"$place"'/helpers", "/usr/lib/podman", "/usr/libexec/podman"]'
    export CONTAINERS_CONF=$place/containers.conf
    # shellcheck source=Tests/Support/engines.bash
    podman_words
    for archive in box nginx; do
        podman load --quiet --input "$place/$archive.tar" >/dev/null
    done
}

teardown_file() {
    load ../Support/engines
    end_engine
}

setup() {
    load ../Support/engines
    need_engine
    export client=podman
    podman_words
    box=localhost/box
    nginx=localhost/nginx
    need_container podman podman run --rm --runtime runc "$box" true
}

teardown() { podman rm --all --force --time 0 >/dev/null 2>&1 || true; }

podman_words() {
    podman=(podman --root "$place/storage" --runroot /run/podman --tmpdir /run/podman-tmp
        --storage-driver vfs --cgroup-manager cgroupfs)
}

podman() { inside timeout --signal=KILL 120 "${podman[@]}" "$@"; }

# start_box OPTIONS... : a machine in the background, once its program has said "ready".
start_box() {
    podman run --detach --name box "$@" >/dev/null
    eventually says_ready
}

@test "the program's code is podman run's, and 127 if there is no such program" {
    for code in 0 1 42 125 126 255; do
        capture podman run --rm "$box" sh -c "exit $code"
        expect_status "$code"
    done
    capture podman run --rm "$box" nothing
    expect_status 127
    expect_output "nothing: there is no such program in the image"
    eventually nothing_left
}

@test "podman exec ends with each code from 0 to 255" {
    start_box "$box" sh -c 'echo ready; exec sleep 1000'
    for code in $(seq 0 255); do
        capture podman exec box sh -c "exit $code"
        [ "$status" -eq "$code" ] || { echo "$status, not $code: $output"; return 1; }
    done
}

@test "the machine has its own kernel, and the container's name, user, groups, variables and directory" {
    capture podman run --rm --hostname here --user web -e SIZE=2 --workdir /www "$box" \
        sh -c 'cat /proc/1/comm; hostname; id -u; id -g; id -G; pwd; echo $COLOUR $SIZE'
    expect_status 0
    [ "$output" = "$(printf '%s\n' init here 33 44 '44 50' /www 'red 2')" ]
}

@test "the machine has the container's name also if it is none for hostname(7)" {
    capture podman run --rm --hostname my_host- "$box" hostname
    expect_status 0
    [ "$output" = my_host- ]
}

@test "what goes through a program comes out byte for byte" {
    head -c 3000000 /dev/urandom >"$place/noise"
    podman run --rm --interactive "$box" cat <"$place/noise" >"$place/back"
    cmp "$place/noise" "$place/back"
}

@test "a program has podman's terminal, with its size, and Ctrl-C" {
    on_terminal 'await "# "; send "tty; stty size\r"; await "/dev/pts/0"; await "24 80"
        send "exit 6\r"' "${podman[@]}" run --rm -it "$box" sh
    expect_status 6
    on_terminal 'await ready; send "\x03"' "${podman[@]}" run --rm -it "$box" \
        sh -c 'echo ready; exec sleep 1000'
    expect_status 130
}

@test "a terminal has the size that it was given while the machine began" {
    on_terminal 'await "# "; send "stty size\r"; await "33 101"; send "exit 6\r"' \
        sh -c 'stty rows 33 cols 101; exec "$@"' sh "${podman[@]}" run --rm -it "$box" sh
    expect_status 6
}

@test "podman exec has a terminal, too" {
    start_box "$box" sh -c 'echo ready; exec sleep 1000'
    on_terminal 'await "# "; send "stty size\r"; await "24 80"; send "exit 7\r"' \
        "${podman[@]}" exec -it box sh
    expect_status 7
}

@test "podman exec with a directory that is no absolute path is refused, and the machine stays" {
    start_box "$box" sh -c 'echo ready; exec sleep 1000'
    capture podman exec --workdir data box true
    [ "$status" -ne 0 ]
    expect_output "the working directory 'data' does not begin with a slash"
    podman exec box true
}

@test "podman exec waits for a machine that has just been started" {
    podman run --detach --name box "$box" sleep 1000 >/dev/null
    capture podman exec box cat /proc/1/comm
    expect_status 0
    [ "$output" = init ]
}

@test "nginx answers on a published port, and its logs and its stop are podman's" {
    podman run --detach --name box --publish 127.0.0.1:8080:80 "$nginx" >/dev/null
    eventually answers http://127.0.0.1:8080/ "nginx in a machine"
    within 8 podman stop --time 30 box
    [ "$(code_of_box)" = 0 ]
    eventually nothing_left
}

@test "the machine has the container's address, and reaches its neighbours" {
    podman run --detach --name box --publish 80 "$nginx" >/dev/null
    address=$(podman inspect --format '{{.NetworkSettings.IPAddress}}' box)
    eventually answers "http://$address/" "nginx in a machine"
    capture podman run --rm "$box" wget -q -O - "http://$address/"
    [ "$output" = "nginx in a machine" ]
}

@test "a volume is the host's, both ways, and one that can only be read is not written" {
    mkdir "$place/volume"
    echo "from the host" >"$place/volume/in"
    podman run --rm -v "$place/volume:/vol" -v "$place/volume/in:/one/file:ro" "$box" sh -ec '
        cat /vol/in /one/file; echo "from the machine" >/vol/out; chown 33:44 /vol/out
        ! echo x 2>/dev/null >/one/file' >"$place/said"
    [ "$(cat "$place/said")" = "$(printf '%s\n' 'from the host' 'from the host')" ]
    [ "$(cat "$place/volume/out")" = "from the machine" ]
    [ "$(stat -c %u:%g "$place/volume/out")" = 33:44 ]
    start_box -v "$place/volume:/vol" "$box" sh -c 'echo ready; exec sleep 1000'
    echo "later" >"$place/volume/late"
    [ "$(podman exec box cat /vol/late)" = later ]
}

@test "podman logs has what the program wrote, and podman cp what it left" {
    podman run --name box "$box" sh -c 'echo out; echo err >&2; echo kept >/data/file' >/dev/null 2>&1
    [ "$(podman logs box 2>&1 | sort)" = "$(printf '%s\n' err out)" ]
    podman cp box:/data/file "$place/copied"
    [ "$(cat "$place/copied")" = kept ]
}

@test "podman stop sends the image's signal" {
    start_box "$box" sh -c 'trap "exit 5" USR1; echo ready; while :; do sleep 0.05; done'
    within 8 podman stop --time 30 box
    [ "$(code_of_box)" = 5 ]
}

@test "the program gets each signal that podman kill sends" {
    for signal in HUP INT CONT ALRM RTMIN+3 WINCH; do
        number=$(kill -l "$signal")
        start_box "$box" sh -c 'trap "exit 33" "$0"; echo ready; while :; do sleep 0.05; done' "$number"
        podman kill --signal "$signal" box >/dev/null
        eventually has_state exited || { echo "$signal does not come"; return 1; }
        [ "$(code_of_box)" = 33 ] || { echo "$signal: $(code_of_box)"; return 1; }
        podman rm box >/dev/null
    done
}

@test "podman kill ends the machine" {
    start_box "$box" sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
    podman kill box >/dev/null
    eventually has_state exited
    [ "$(code_of_box)" = 137 ]
    eventually nothing_left
}

@test "a container that is started again has what it wrote, and its address" {
    podman run --detach --name box --publish 127.0.0.1:8080:80 "$box" sh -c '
        echo again >>/www/times; exec httpd -f -h /www' >/dev/null
    eventually answers http://127.0.0.1:8080/times again
    podman stop --time 1 box >/dev/null
    podman start box >/dev/null
    eventually answers http://127.0.0.1:8080/times "$(printf 'again\nagain')"
}

@test "a machine that is killed leaves nothing, and its container can be started again" {
    start_box --publish 127.0.0.1:8080:80 "$box" sh -c 'echo ready; exec httpd -f -h /www'
    eventually answers http://127.0.0.1:8080/ "from the machine"
    inside pkill -KILL --full '^qemu-system-x86_64 '
    eventually has_state exited
    [ "$(code_of_box)" = 125 ]
    capture podman logs box
    expect_output "the machine ended before the program did"
    podman start box >/dev/null
    eventually answers http://127.0.0.1:8080/ "from the machine"
    podman rm --force --time 0 box >/dev/null
    eventually nothing_left
}

@test "a health check runs in the machine" {
    start_box --health-cmd 'test -e /tmp/well' --health-interval disable "$box" \
        sh -c 'echo ready; exec sleep 1000'
    capture podman healthcheck run box
    expect_status 1
    podman exec box touch /tmp/well
    capture podman healthcheck run box
    expect_status 0
}

@test "a root directory that can only be read has memory where tmpfs is asked for" {
    capture podman run --rm --read-only --tmpfs /data:size=1m,mode=700 "$box" sh -c '
        ! echo x 2>/dev/null >/www/x || echo written; stat -c %a /data
        df -k /data | tail -n 1 | tr -s " " | cut -d " " -f 2; echo y >/data/y && cat /data/y'
    expect_status 0
    [ "$output" = "$(printf '%s\n' 700 1024 y)" ]
    capture podman run --rm --tmpfs /www "$box" stat -c %a /www
    [ "$output" = 755 ]
}

@test "a limit of memory is the machine's and qemu's together" {
    capture podman run --rm --memory 200m "$box" sh -c \
        'sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo'
    expect_status 0
    [ "$output" -gt 60000 ] && [ "$output" -lt 106496 ]
    capture podman run --rm --memory 100m "$box" true
    expect_status 126
    expect_output "too low for a machine: qemu takes 96 MiB, and the machine at least 40; give it 136m"
}

@test "annotations and limits say how many processors there are, and settings reach the kernel" {
    capture podman run --rm --annotation io.hammock.cpus=2 --sysctl net.ipv4.ip_forward=1 "$box" \
        sh -c 'nproc; cat /proc/sys/net/ipv4/ip_forward'
    expect_status 0
    [ "$output" = "$(printf '%s\n' 2 1)" ]
}

@test "what a machine cannot have is refused with the reason, and nothing is left" {
    for option in --network=host --pid=host --privileged --device=/dev/kmsg; do
        capture podman run --rm "$option" "$box" true
        expect_status 126
        expect_output "a machine of its own cannot have "
    done
    capture podman run --rm -v /dev/log:/dev/log:ro "$box" true
    [ "$status" -ne 0 ]
    eventually nothing_left
}

@test "a pod's container has a machine, and a second one is refused with the reason" {
    cat >"$place/pod.yaml" <<END_OF_POD
apiVersion: v1
kind: Pod
metadata: {name: site}
spec:
  containers:
  - name: web
    image: $nginx
    ports: [{containerPort: 80, hostPort: 8081}]
END_OF_POD
    podman kube play "$place/pod.yaml" >/dev/null
    eventually answers http://127.0.0.1:8081/ "nginx in a machine"
    [ "$(machines)" -eq 1 ]
    capture podman run --rm --pod site "$box" true
    expect_status 125
    expect_output "the network of this pod belongs to the machine of another container"
    answers http://127.0.0.1:8081/ "nginx in a machine"
    within 30 podman kube down "$place/pod.yaml" >/dev/null
    eventually nothing_left
}
