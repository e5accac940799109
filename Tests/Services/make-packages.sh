#!/usr/bin/env bash
# Makes two small packages with services for Tests/Services/install.sh: ticker.deb has a unit file
# only, and bell.deb has a script for init.d beside it. Their scripts do what those of Debian's
# packages do, which debhelper writes.
#
#   Tests/Services/make-packages.sh DIRECTORY

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/../../scripts/lib.sh" || exit 1

main() {
    [ -d "${1-}" ] || usage_error "it takes a directory"
    local name
    for name in ticker bell; do
        rm -rf "${1:?}/$name"
        mkdir -p "$1/$name/DEBIAN" "$1/$name/usr/lib/systemd/system"
        control "$name" >"$1/$name/DEBIAN/control"
        unit "$name" >"$1/$name/usr/lib/systemd/system/$name.service"
        script "$name" enable_unit start_script start_unit >"$1/$name/DEBIAN/postinst"
        script "$name" stop_unit stop_script >"$1/$name/DEBIAN/prerm"
        script "$name" forget_unit >"$1/$name/DEBIAN/postrm"
        if [ "$name" = bell ]; then
            mkdir -p "$1/$name/etc/init.d"
            init_script "$name" >"$1/$name/etc/init.d/$name"
            chmod 755 "$1/$name/etc/init.d/$name"
        fi
        chmod 755 "$1/$name/DEBIAN"/p*
        dpkg-deb --root-owner-group --build "$1/$name" "$1/$name.deb" >&2
    done
}

control() {
    printf '%s\n' "Package: $1" "Version: 1" "Architecture: all" \
        "Maintainer: Hammock <hammock@localhost>" "Description: a service to test with"
}

unit() {
    printf '%s\n' '[Unit]' "Description=$1" '[Service]' 'ExecStart=/bin/sleep infinity' \
        '[Install]' 'WantedBy=multi-user.target'
}

# init_script NAME: leaves a trace wherever it runs.
init_script() {
    printf '%s\n' '#!/bin/sh' '### BEGIN INIT INFO' "# Provides: $1" '# Required-Start:' \
        '# Required-Stop:' '# Default-Start: 2 3 4 5' '# Default-Stop: 0 1 6' '### END INIT INFO' \
        "echo \"\$1\" >>/run/$1-by-script"
}

# script NAME PART...: a maintainer's script of these parts.
script() {
    local name=$1
    shift
    printf '#!/bin/sh\nset -e\nname=%s\n' "$name"
    cat <<'END_OF_PARTS'
enable_unit() {
    [ "$1" = configure ] || return 0
    deb-systemd-helper --quiet was-enabled "$name.service" || return 0
    deb-systemd-helper enable "$name.service"
}
start_script() {
    if [ "$1" = configure ] && [ -x "/etc/init.d/$name" ]; then
        update-rc.d "$name" defaults
        invoke-rc.d --skip-systemd-native "$name" start
    fi
}
start_unit() {
    [ -d /run/systemd/system ] || return 0
    systemctl daemon-reload
    deb-systemd-invoke start "$name.service"
}
stop_unit() {
    if [ -d /run/systemd/system ] && [ "$1" = remove ]; then
        deb-systemd-invoke stop "$name.service"
    fi
}
stop_script() {
    if [ "$1" = remove ] && [ -x "/etc/init.d/$name" ]; then
        invoke-rc.d --skip-systemd-native "$name" stop
    fi
}
forget_unit() {
    [ "$1" != purge ] || deb-systemd-helper purge "$name.service"
}
END_OF_PARTS
    printf '%s "$@"\n' "$@"
}

main "$@"
