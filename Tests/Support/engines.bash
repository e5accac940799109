# For the tests that have a container engine run its containers by hammock-runtime. They live in
# namespaces like those of the tests of init in containers, and in a network of their own.
# shellcheck shell=bash disable=SC2034,SC2154 # the tests read what is set

load ../Support/engine

# start_machines COMMAND...: builds all that a machine is made of, starts a namespace with a network,
# and makes the images localhost/box and localhost/nginx, as `$place/box.tar` and `$place/nginx.tar`.
start_machines() {
    # What is built is built before the first test takes the time.
    "$root/scripts/hammock" --help >/dev/null
    start_engine --network "$@" || return
    export runtime=$out/hammock-runtime
    [ -c /dev/net/tun ] || engine_lacks "there is no /dev/net/tun here" || return
    make_box
    make_nginx
}

# make_box: busybox, with a user, a file, and a signal to stop by.
make_box() {
    local tree=$place/box-tree name
    mkdir -p "$tree"/{bin,data,dev,etc,proc,sys,tmp,www}
    chmod 1777 "$tree/tmp"
    cp /bin/busybox "$tree/bin/"
    for name in $(busybox --list); do
        [ "$name" = busybox ] || ln -s busybox "$tree/bin/$name"
    done
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'web:x:33:44:web:/www:/bin/sh' >"$tree/etc/passwd"
    printf '%s\n' 'root:x:0:' 'web:x:44:' 'staff:x:50:web' >"$tree/etc/group"
    echo "from the machine" >"$tree/www/index.html"
    make_archive box \
        '{"Cmd": ["sh"], "Env": ["PATH=/bin", "COLOUR=red"], "WorkingDir": "/data",
        "StopSignal": "SIGUSR1"}'
}

# make_nginx: Debian's nginx and the libraries that it needs, and no other file of Debian's.
make_nginx() {
    local tree=$place/nginx-tree library
    mkdir -p "$tree"/{dev,etc/nginx,proc,run,sys,tmp,usr/sbin,var/log/nginx,var/lib/nginx,www}
    (cd "$place" && apt-get download nginx >/dev/null 2>&1 && dpkg -x nginx_*.deb deb) \
        || engine_lacks "Debian's nginx cannot be fetched" || return
    cp "$place/deb/usr/sbin/nginx" "$tree/usr/sbin/"
    while read -r library; do
        mkdir -p "$tree${library%/*}"
        cp -L "$library" "$tree$library"
    done < <(ldd "$tree/usr/sbin/nginx" | grep -oE '/[^ ]+')
    printf '%s\n' 'root:x:0:0::/:/bin/sh' 'nobody:x:65534:65534::/:/bin/sh' >"$tree/etc/passwd"
    printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$tree/etc/group"
    printf '%s\n' 'events {}' 'http { server { listen 80; root /www; } }' \
        >"$tree/etc/nginx/nginx.conf"
    echo "nginx in a machine" >"$tree/www/index.html"
    make_archive nginx \
        '{"Entrypoint": ["/usr/sbin/nginx"], "Cmd": ["-g", "daemon off;"],
        "StopSignal": "SIGQUIT"}'
}

# make_archive NAME CONFIG: an OCI archive of `$place/NAME-tree`.
make_archive() {
    python3 "$root/Tests/Support/oci.py" "$place/$1" "localhost/$1:latest" "$2" "$place/$1-tree"
    tar -C "$place/$1" -cf "$place/$1.tar" .
}

# deployed FILE: what we ship for an engine, with the runtime of this checkout.
deployed() { sed "s|/usr/bin/hammock-runtime|$runtime|" "$root/deploy/$1"; }

# podman_settings LINE: `$place/containers.conf`, with LINE among what is podman's own. podman may not
# raise the limits that it raises by default.
podman_settings() {
    cat >"$place/containers.conf" <<END_OF_CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "hammock"
events_logger = "file"
cgroup_manager = "cgroupfs"
$1
END_OF_CONF
    deployed podman.conf >>"$place/containers.conf"
}

# answers URL TEXT: whether a server answers with TEXT.
answers() { [ "$(inside curl --silent --max-time 2 "$1")" = "$2" ]; }

# machines: how many machines run where the engine lives.
machines() { inside pgrep --count --full '^qemu-system-x86_64 ' || true; }

# nothing_left: no machine, no process of the runtime's, and no bundle of its own.
nothing_left() {
    [ "$(machines)" -eq 0 ] && ! inside pgrep --full '^/hammock/runtime' >/dev/null \
        && [ -z "$(inside find "$place" /run -path '*/hammock/*/machine.json' 2>/dev/null)" ]
}

# start_docker NAME [COMMAND...]: a docker daemon whose containers are machines, maybe behind
# COMMAND. It is asked by `docker_of NAME`.
start_docker() {
    local name=$1
    shift
    deployed docker.json | python3 -c 'if True:
        import json, sys
        settings = json.load(sys.stdin)
        settings["default-runtime"] = "hammock"
        settings["default-ulimits"] = {"nofile": {"Name": "nofile", "Hard": 1024, "Soft": 1024}}
        json.dump(settings, sys.stdout)' >"$place/$name.json"
    inside "$@" dockerd --config-file "$place/$name.json" --data-root "$place/$name" \
        --exec-root "/run/$name" --pidfile "/run/$name.pid" --host "unix:///run/$name.sock" \
        --storage-driver vfs --cgroup-parent "/$cgroup" --init-path "$place/docker-init" \
        >"$place/$name.log" 2>&1 &
    eventually docker_of "$name" info >/dev/null
}

# docker_of NAME WORDS...
docker_of() { inside timeout --signal=KILL 120 docker --host "unix:///run/$1.sock" "${@:2}"; }

# load_into_docker NAME IMAGE...: docker's archives are not OCI's.
load_into_docker() {
    local image
    for image in "${@:2}"; do
        [ -e "$place/$image-docker.tar" ] || skopeo copy --quiet "oci-archive:$place/$image.tar" \
            "docker-archive:$place/$image-docker.tar:$image:latest"
        docker_of "$1" load --quiet --input "$place/$image-docker.tar" >/dev/null
    done
}
