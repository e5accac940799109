# A swarm of two docker daemons, each in a network of its own, whose tasks are machines.

setup_file() {
    load ../Support/engines
    start_machines dockerd docker runc curl skopeo || return 0
    inside sh -ec '
        ip netns add two
        ip link add one type veth peer name two netns two
        ip address add 10.250.0.1/24 dev one; ip link set one up
        ip -n two address add 10.250.0.2/24 dev two
        ip -n two link set two up; ip -n two link set lo up'
    start_docker one
    start_docker two nsenter --net=/run/netns/two
    load_into_docker one box nginx
    load_into_docker two box nginx
    one swarm init --advertise-addr 10.250.0.1 >/dev/null || return 0
    two swarm join --token "$(one swarm join-token --quiet worker)" 10.250.0.1:2377 >/dev/null
}

teardown_file() {
    load ../Support/engines
    end_engine
}

setup() {
    load ../Support/engines
    need_engine
    export engine_log=$place/one.log
    need_container docker one run --rm --runtime runc box true
    [ "$(one node ls --quiet | wc -l)" -eq 2 ] || skip "docker makes no swarm here"
}

teardown() {
    # shellcheck disable=SC2046 # a name each
    one service rm $(one service ls --quiet) >/dev/null 2>&1 || true
    eventually nothing_left
}

one() { docker_of one "$@"; }
two() { docker_of two "$@"; }

create() { one service create --detach --quiet --no-resolve-image "$@" >/dev/null; }
has_replicas() { [ "$(one service ls --format '{{.Replicas}}')" = "$1" ]; }

# on_both: whether each of the daemons runs a task.
on_both() { [ "$(one ps --quiet | wc -l)" -gt 0 ] && [ "$(two ps --quiet | wc -l)" -gt 0 ]; }

# running_image: the images of the tasks that run.
running_tasks() { one service ps --filter desired-state=running --format "$1" site | sort -u; }
all_run_with() { [ "$(running_tasks '{{.Image}}')" = "$1" ] && has_replicas 3/3; }

@test "a service of three replicas runs in machines on both, and a machine that is killed is replaced" {
    create --name site --replicas 3 nginx
    eventually has_replicas 3/3
    eventually three_machines
    on_both
    before=$(running_tasks '{{.ID}}')
    inside sh -c 'kill -KILL "$(pgrep --oldest --full "^qemu-system-x86_64 ")"'
    eventually other_task "$before"
    eventually has_replicas 3/3
    eventually three_machines
}

other_task() { [ "$(running_tasks '{{.ID}}')" != "$1" ]; }
three_machines() { [ "$(machines)" -eq 3 ]; }

@test "a rolling update replaces each machine" {
    for docker in one two; do "$docker" tag nginx nginx:2; done
    create --name site --replicas 3 --update-delay 0s --stop-grace-period 2s nginx
    eventually has_replicas 3/3
    one service update --detach --quiet --no-resolve-image --image nginx:2 site >/dev/null
    eventually all_run_with nginx:2
}

@test "a job's tasks end, and the service's logs have what they said" {
    create --name job --mode replicated-job --replicas 3 --restart-condition none box \
        sh -c 'echo "done in $(cat /proc/1/comm)"'
    eventually has_replicas "0/3 (3/3 completed)"
    [ "$(one service logs --raw job 2>/dev/null | grep -c '^done in init$')" -eq 3 ]
}
