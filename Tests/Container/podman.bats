# init as podman's --init, and as the pause process of its pods.

setup_file() {
    load ../Support/engine
    start_engine podman runc || return 0
    configure_podman 1024
}

teardown_file() {
    load ../Support/engine
    end_engine
}

setup() {
    load ../Support/engine
    need_podman
}

teardown() { podman rm --all --force --time 0 >/dev/null 2>&1 || true; }

podman() { inside timeout --signal=KILL 60 "${podman[@]}" "$@"; }

# run_init COMMAND...: in a container of `$place/tree`, with podman's `options`.
run_init() { podman run --init --name box --cgroup-parent "/$cgroup" "${options[@]}" --rootfs "$place/tree" "$@"; }

# start_box COMMAND...: in the background, until it says "ready".
start_box() {
    options=(--detach)
    run_init "$@" >/dev/null
    eventually says_ready
}

@test "podman run --init ends with the program's code, or with 127 if the program is missing" {
    options=(--rm)
    expect_codes run_init
}

@test "under podman run --init, init reaps orphans" {
    options=(--rm)
    expect_reaping run_init
}

# A child that ignores TERM gets two seconds from init, and not the ten that podman would wait.
@test "after podman stop the code is the program's, although its child ignores TERM" {
    start_box sh -c "$stubborn"
    within 8 podman stop --time 30 box
    [ "$(code_of_box)" = 5 ]
}

@test "the program gets the signal that podman kill sends" {
    start_box sh -c 'trap "exit 33" USR1; echo ready; while :; do sleep 0.05; done'
    podman kill --signal USR1 box
    eventually has_state exited
    [ "$(code_of_box)" = 33 ]
}

@test "podman restart ends a program in time, and starts it again" {
    start_box sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'
    within 8 podman restart --time 30 box
    has_state running
    within 8 podman stop --time 30 box
    [ "$(code_of_box)" = 3 ]
}

@test "podman's healthcheck runs beside the program, and init reaps podman exec's orphans" {
    options=(--detach --health-cmd 'test -e /proc/1' --health-interval disable)
    run_init sh -c 'echo ready; exec sleep 1000' >/dev/null
    eventually says_ready
    podman healthcheck run box
    podman exec box sh -c '(sleep 0.1 &); exit 6' || [ $? -eq 6 ]
    podman exec box sh -c "$orphans" || [ $? -eq 5 ]
}

@test "on podman's terminal the program gets Ctrl-C, and a shell has job control" {
    local call=("${podman[@]}" run --init --rm -it --cgroup-parent "/$cgroup"
        --rootfs "$place/tree")
    expect_interrupt "${call[@]}"
    on_terminal 'await "# "; send "sh -c \"echo rea\"\"dy; exec sleep 1000\"\r"; await ready
        send "\x1a"; await Stopped; send "exit 4\r"
        await "stopped jobs"; send "exit 4\r"' "${call[@]}" sh
    expect_status 4
}

# expect_pod: the processes of a pod share one PID 1, which is the pause process.
expect_pod() {
    tar -C "$place/tree" -c bin proc dev | podman import - localhost/box >/dev/null
    podman pod start pod >/dev/null
    capture podman run --rm --pod pod localhost/box /bin/sh -c "$orphans"
    expect_status 5
    within 8 podman pod stop --time 30 pod
    [ "$(podman inspect --format '{{.State.ExitCode}}' pause)" = 0 ]
    podman pod rm --force pod >/dev/null
}

@test "init is the pause process of a pod, by the name and option that podman gives it" {
    podman pod create --cgroup-parent "/$cgroup" --name pod --infra-name pause --share pid,ipc >/dev/null
    expect_pod
}

@test "init is the pause process of a pod whose infra image has init" {
    tar -C "$place/tree" -c init | podman import - localhost/hammock >/dev/null
    podman pod create --cgroup-parent "/$cgroup" --name pod --infra-name pause --share pid,ipc \
        --infra-image localhost/hammock --infra-command /init >/dev/null
    expect_pod
}
