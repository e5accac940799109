#!/bin/sh
# Runs in the guest, beside Debian's services: each of them serves a real client, and comes back by
# its own Restart= policy when its main process is killed. Says what fails, and ends with how many
# things did.
#
#   serve.sh CLUSTER    PostgreSQL's, such as 15-main

# shellcheck disable=SC2317 # `try` calls the functions
failures=0
database=postgresql@$1

# try NAME COMMAND...: until COMMAND succeeds, for a minute at most.
try() {
    name=$1 tries=0
    shift
    until "$@" >/tmp/said 2>&1; do
        tries=$((tries + 1))
        if [ $tries -gt 600 ]; then
            echo "FAILED: $name: $(tail -n 3 /tmp/said)"
            failures=$((failures + 1))
            return
        fi
        sleep 0.1
    done
    echo "done: $name"
}

# says TEXT COMMAND...: whether COMMAND's output contains TEXT.
says() {
    wanted=$1
    shift
    "$@" 2>&1 | grep -q -- "$wanted"
}

main_of() { hammock status "$1" --json | grep -o '"main":[0-9]*' | cut -d: -f2; }

is_another() { [ -n "$(main_of "$1")" ] && [ "$(main_of "$1")" -gt 1 ] && [ "$(main_of "$1")" != "$2" ]; }

# survives NAME: the main process is killed, and another takes its place.
survives() {
    before=$(main_of "$1")
    kill -9 "$before"
    try "$1 comes back" is_another "$1" "$before"
    try "$1 is up again" hammock wait "$1" up --timeout 60
}

# stays_down NAME: the main process is killed, and its policy lets it stay so.
stays_down() {
    kill -9 "$(main_of "$1")"
    try "$1 is down" hammock wait "$1" down --timeout 60
    try "$1 has failed" says '"outcome":"signal"' hammock status "$1" --json
    try "$1 starts by hand" hammock start "$1"
}

ask_database() { su postgres -c "psql -Atc 'select 6 * 7'"; }

log_in() {
    ssh -i /root/key -o StrictHostKeyChecking=no -o BatchMode=yes root@127.0.0.1 echo logged in
}

pass_on() {
    mosquitto_sub -t news -C 1 -W 20 >/tmp/news &
    subscriber=$!
    sleep 0.2
    mosquitto_pub -t news -m "to all" && wait "$subscriber" && grep -q "to all" /tmp/news
}

rm -f /root/key /root/key.pub
ssh-keygen -q -t ed25519 -N '' -f /root/key
mkdir -p /root/.ssh
chmod 700 /root/.ssh
cp /root/key.pub /root/.ssh/authorized_keys

hammock status
for unit in nginx redis-server cron mosquitto ssh "$database"; do
    try "$unit is up" hammock wait "$unit" up --timeout 60
done
nginx=$(main_of nginx)
if [ -n "$nginx" ] && grep -q '^0::.*nginx.service$' "/proc/$nginx/cgroup"; then
    echo "a cgroup of its own: nginx.service"
fi
serve() {
    try "nginx serves a page" says 'Welcome to nginx' curl -s http://127.0.0.1/
    try "redis answers" says PONG redis-cli ping
    try "postgresql answers" says 42 ask_database
    try "mosquitto passes on a message" pass_on
    try "ssh lets root in" says 'logged in' log_in
}
serve
for unit in redis-server cron mosquitto ssh; do survives $unit; done
stays_down nginx
stays_down "$database"
serve
try "nginx reads its configuration again" hammock reload nginx
try "systemctl restarts nginx" systemctl restart nginx
try "systemctl says that it is active" systemctl is-active --quiet nginx
try "cron is stopped" hammock stop cron
try "cron is down" says '"phase":"down"' hammock status cron --json
hammock status
exit $failures
