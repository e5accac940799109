# docker's containers, each in a machine of its own.

setup_file() {
    load ../Support/engines
    start_machines dockerd docker runc curl expect skopeo || return 0
    start_docker docker
    load_into_docker docker box nginx
}

teardown_file() {
    load ../Support/engines
    end_engine
}

setup() {
    load ../Support/engines
    need_engine
    export client=docker engine_log=$place/docker.log
    need_container docker docker run --rm --runtime runc box true
}

teardown() {
    # shellcheck disable=SC2046 # a name each
    docker rm --force $(docker ps --all --quiet) >/dev/null 2>&1 || true
}

docker() { docker_of docker "$@"; }

start_box() {
    docker run --detach --name box "$@" >/dev/null
    eventually says_ready
}

is_healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' box)" = healthy ]; }

@test "the program's code is docker run's, and docker run has a machine by default" {
    for code in 0 1 42 255; do
        capture docker run --rm box sh -c "exit $code"
        expect_status "$code"
    done
    capture docker run --rm box cat /proc/1/comm
    [ "$output" = init ]
    capture docker run --rm box nothing
    expect_status 127
    eventually nothing_left
}

@test "a program has docker's terminal, and docker exec has one, too" {
    on_terminal 'await "# "; send "stty size\r"; await "24 80"; send "exit 6\r"' \
        docker --host unix:///run/docker.sock run --rm -it box sh
    expect_status 6
    start_box box sh -c 'echo ready; exec sleep 1000'
    on_terminal 'await "# "; send "exit 7\r"' \
        docker --host unix:///run/docker.sock exec -it box sh
    expect_status 7
}

@test "docker exec sees what the program sees, as whom it is asked to" {
    start_box -e SIZE=3 box sh -c 'echo there >/tmp/file; echo ready; exec sleep 1000'
    capture docker exec --user web --workdir /www box sh -c 'cat /tmp/file; id -un; pwd; echo $SIZE'
    expect_status 0
    [ "$output" = "$(printf '%s\n' there web /www 3)" ]
    capture docker exec box sh -c 'exit 9'
    expect_status 9
}

@test "nginx answers on a published port, and docker stop sends its signal" {
    docker run --detach --name box --publish 127.0.0.1:8080:80 nginx >/dev/null
    eventually answers http://127.0.0.1:8080/ "nginx in a machine"
    within 8 docker stop --time 30 box
    [ "$(code_of_box)" = 0 ]
    eventually nothing_left
}

@test "a volume of docker's is kept, and docker logs has both streams" {
    docker run --rm --volume kept:/kept box sh -c 'echo first >>/kept/file'
    docker run --name box --volume kept:/kept box sh -c 'cat /kept/file; echo err >&2' >/dev/null 2>&1
    [ "$(docker logs box 2>/dev/null)" = first ]
    [ "$(docker logs box 2>&1 >/dev/null)" = err ]
    docker rm box >/dev/null
    docker volume rm kept >/dev/null
}

@test "docker's health check runs in the machine" {
    start_box --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 1000 box \
        sh -c 'echo ready; exec sleep 1000'
    docker exec box touch /tmp/well
    eventually is_healthy
}

@test "docker kill and docker restart end the machine and start another" {
    start_box box sh -c 'echo ready; exec sleep 1000'
    docker kill box >/dev/null
    eventually has_state exited
    [ "$(code_of_box)" = 137 ]
    docker restart --time 1 box >/dev/null
    capture docker exec box cat /proc/1/comm
    [ "$output" = init ]
    docker rm --force box >/dev/null
    eventually nothing_left
}

@test "a machine on a network of the user's reaches the outside, and finds its neighbours by name" {
    docker network create other >/dev/null
    docker run --detach --name box --network other --network-alias site nginx >/dev/null
    capture docker run --rm --network other box sh -c 'for i in $(seq 100); do
        wget -q -O - http://site/ && exit; usleep 100000; done'
    docker rm --force box >/dev/null
    docker network rm other >/dev/null
    [ "$output" = "nginx in a machine" ]
}

@test "docker refuses what a machine cannot have, with the reason" {
    for option in --network=host --pid=host --privileged; do
        capture docker run --rm "$option" box true
        expect_status 125
        expect_output "a machine of its own cannot have "
    done
    eventually nothing_left
}
