#!/bin/sh
# Packages' scripts start and stop services by invoke-rc.d, which asks this script first. Hammock's
# init does what they want, if it runs here and the service has a unit file; init.d's script must
# not start a second one beside it. README.policy-rc.d of init-system-helpers has the interface.
#
#   policy-rc.d [--quiet] NAME ACTIONS [RUNLEVEL]
#   policy-rc.d [--quiet] --list NAME [RUNLEVEL...]
#
# Without such an init all is as if this file were not there.

allowed=0 forbidden=101 wrong_use=103
# As long as init itself waits for services at a boot.
patience=90

list=''
while :; do
    case ${1-} in
        --quiet) exec 2>/dev/null ;;
        --list) list=yes ;;
        -*) echo "policy-rc.d: unknown option '$1'" >&2; exit $wrong_use ;;
        *) break ;;
    esac
    shift
done
[ -n "${1-}" ] || { echo "policy-rc.d: the name of a service is missing" >&2; exit $wrong_use; }
unit=${1%.sh}.service

if [ -n "$list" ]; then
    echo "$unit: Hammock starts, stops, restarts and reloads it, if it runs and knows it"
    exit $allowed
fi
[ -n "${2-}" ] || { echo "policy-rc.d: the action is missing" >&2; exit $wrong_use; }

# ask VERB: has init do it. That a service does not come up is no reason to break its package, and
# the answer would be the same.
ask() { /sbin/hammock "$1" "$unit" --timeout $patience >&2; }
is_known() { /sbin/hammock status "$unit" >/dev/null 2>&1; }
is_up() { /sbin/hammock status "$unit" --json 2>/dev/null | grep -qE '"phase":"(up|busy)"'; }

# has_file: init gets to know a unit with a file when something wants it, such as a link that the
# package's script makes later.
has_file() {
    for directory in /etc/hammock /run/hammock/units /etc/systemd/system \
        /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
        [ ! -e "$directory/$unit" ] || return 0
    done
    return 1
}

# In another root (dpkg --root) nothing is started. The init that runs here is not that root's.
[ -z "${DPKG_ROOT-}" ] || exit $forbidden
if [ ! -S /run/hammock/control ]; then
    # These are invoke-rc.d's own answers: to what is not due in this runlevel, and where no init
    # is installed, as in a root of which an image is made.
    case $2 in '('*) exit $forbidden ;; esac
    [ -e /sbin/init ] || exit $forbidden
    exit $allowed
fi

# The package may have brought another file than init has read.
case $2 in
    start | '(start)' | restart | '(restart)' | try-restart | '(try-restart)' | *reload)
        /sbin/hammock update >&2
        ;;
esac
is_known || has_file || exit $allowed
# There is no runlevel here, so invoke-rc.d takes each start for one that is not due.
case $2 in
    start | '(start)') ! is_known || ask start ;;
    stop | force-stop) ! is_known || ask stop ;;
    restart | '(restart)') ! is_known || ask restart ;;
    try-restart | '(try-restart)') ! is_up || ask restart ;;
    reload) ! is_up || ask reload ;;
    force-reload) ! is_up || ask reload || ask restart ;;
    # Such as status, and a server's own: rotate. They change nothing that init does not see.
    *) exit $allowed ;;
esac
exit $forbidden
