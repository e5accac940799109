#!/bin/sh
# Runs in the guest: installs two packages, as anybody would, and looks whether init runs their
# services. There is no network. Says what fails, and ends with how many things did.
#
#   install.sh          the packages are /ticker.deb, with a unit file only, and /bell.deb, which
#                       has a script in /etc/init.d as well

# shellcheck disable=SC2317 # `check` calls the functions
failures=0

# check NAME COMMAND...
check() {
    name=$1
    shift
    if "$@" >/tmp/said 2>&1; then
        echo "done: $name"
    else
        echo "FAILED: $name: $(tail -n 5 /tmp/said)"
        failures=$((failures + 1))
    fi
}

apt() { apt-get --yes --allow-downgrades "$@" </dev/null; }
main_of() { hammock status "$1" --json | grep -o '"main":[0-9]*' | cut -d: -f2; }
is_up() { [ "$(main_of "$1")" -gt 1 ] && kill -0 "$(main_of "$1")"; }
is_another() { [ "$(main_of "$1")" -gt 1 ] && [ "$(main_of "$1")" != "$2" ]; }
is_unknown() { ! hammock status "$1"; }
is_gone() { ! kill -0 "$1"; }
script_was_quiet() { [ ! -e /run/bell-by-script ]; }

export DEBIAN_FRONTEND=noninteractive
ls -l /usr/sbin/policy-rc.d /etc/apt/apt.conf.d/90hammock

check "ticker is unknown before" is_unknown ticker
check "apt installs ticker" apt install /ticker.deb
cat /tmp/said
check "ticker comes up" hammock wait ticker up --timeout 60
check "ticker runs" is_up ticker
main=$(main_of ticker)
check "systemctl restarts ticker" systemctl restart ticker
check "ticker is another process" is_another ticker "$main"
main=$(main_of ticker)
check "apt removes ticker" apt remove ticker
cat /tmp/said
check "ticker is unknown afterwards" is_unknown ticker
check "ticker is gone" is_gone "$main"

# dpkg alone knows no hook of apt's, but the package's script asks for a start.
check "dpkg installs bell" dpkg -i /bell.deb
cat /tmp/said
check "bell comes up" hammock wait bell up --timeout 60
check "bell runs" is_up bell
check "its script in init.d has not run" script_was_quiet
main=$(main_of bell)
check "apt removes bell" apt remove bell
cat /tmp/said
check "bell is gone" is_gone "$main"
check "bell is unknown afterwards" is_unknown bell
check "its script in init.d has still not run" script_was_quiet
exit $failures
