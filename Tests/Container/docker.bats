# init as the --init of docker run. These tests have a docker daemon of their own.

setup_file() {
    load ../Support/engine
    start_engine dockerd docker runc || return 0
    # Docker asks what it is given for its version, and knows tini's answer only.
    ln -s "$out/init" "$place/docker-init"
    export DOCKER_HOST=unix://$place/socket
    inside dockerd --data-root "$place/data" --exec-root "$place/exec" --pidfile "$place/pid" \
        --cgroup-parent "/$cgroup" --host "$DOCKER_HOST" --storage-driver vfs \
        --bridge none --iptables=false --ip6tables=false --init-path "$place/docker-init" >"$place/log" 2>&1 &
    eventually begun_or_failed
    tar -C "$place/tree" -c . | inside timeout --signal=KILL 60 docker import - box \
        >/dev/null 2>&1 || true
}

begun_or_failed() { [ -S "$place/socket" ] || [ -z "$(jobs -r)" ]; }

teardown_file() {
    load ../Support/engine
    end_engine
}

setup() {
    load ../Support/engine
    need_engine
    run=(run --network none --ulimit nofile=1024:1024)
    export client=docker
    export engine_log=$place/log
    need_container docker docker "${run[@]}" --rm box /bin/true
}

teardown() {
    # shellcheck disable=SC2046 # a name each
    docker rm --force $(docker ps --all --quiet) >/dev/null 2>&1 || true
}

docker() { inside timeout --signal=KILL 60 docker "$@"; }

start_box() {
    docker "${run[@]}" --init --detach --name box "$@" >/dev/null
    eventually says_ready
}

is_healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' box)" = healthy ]; }

@test "docker run --init ends with the program's code, or with 127 if the program is missing" {
    expect_codes docker "${run[@]}" --init --rm box
}

@test "under docker run --init, init reaps orphans" {
    expect_reaping docker "${run[@]}" --init --rm box
}

@test "after docker stop the code is the program's, although its child ignores TERM" {
    start_box box sh -c "$stubborn"
    within 8 docker stop --time 30 box
    [ "$(code_of_box)" = 5 ]
}

@test "the program gets the signal that docker kill sends" {
    start_box box sh -c 'trap "exit 33" USR1; echo ready; while :; do sleep 0.05; done'
    docker kill --signal USR1 box
    eventually has_state exited
    [ "$(code_of_box)" = 33 ]
}

@test "docker's healthcheck runs beside the program" {
    start_box --health-cmd 'grep -q init /proc/1/comm' --health-interval 1s box \
        sh -c 'echo ready; exec sleep 1000'
    eventually is_healthy
}

@test "on docker's terminal the program gets Ctrl-C" {
    expect_interrupt docker "${run[@]}" --init --rm -it box
}

@test "docker info understands the version that init prints" {
    capture docker info
    expect_output "init version:"
    [[ $output != *"init version: N/A"* ]]
}
