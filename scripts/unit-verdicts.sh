#!/usr/bin/env bash
# Renews Tests/Units/verdicts.tsv: what `hammock check` says of each service that 60 packages of
# Debian 12 come with.
#
#   scripts/unit-verdicts.sh            fetches the packages, and writes the table anew
#   scripts/unit-verdicts.sh --check    makes the table anew, and says how the one here differs
#   scripts/unit-verdicts.sh --help
#
# The packages are those that apt offers (`apt-get update` brings it up to date). Of each, only the
# unit files are kept, in the cache; none of them is in the repository. The first run fetches
# 170 MiB, a later one only what has a new version. Needs Debian 12.
#
# All units lie in one root. The programs that they run are empty files there, so the table says
# nothing of programs that are not installed. A template is looked at as its instance `one`.
#
# Exit codes: 0 done, 1 hammock cannot be built or does not answer, 2 wrong use, 3 something is
# missing on this machine or in the archive, 5 the table differs (--check).

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1

readonly suite=bookworm # Debian 12

# Each has a service of its own. They are servers, and what a machine with servers has beside them.
readonly packages=(
    acpid apache2 at avahi-daemon bind9 bird2 bluez caddy chrony containerd cron cups-daemon dbus
    dnsmasq docker.io dovecot-core dropbear etcd-server fail2ban frr haproxy irqbalance iwd
    kea-dhcp4-server keepalived knot lighttpd lldpd logrotate man-db mariadb-server memcached
    mosquitto network-manager nftables nginx-common nsd ntpsec openssh-server openvpn php8.2-fpm
    polkitd postfix postgresql-common prometheus prometheus-node-exporter rabbitmq-server
    redis-server rpcbind rspamd rsyslog samba smartmontools squid tinysshd tor unbound varnish
    wpasupplicant znc
)

# They are there too, since units of the packages above name theirs. They have no rows.
readonly companions=(dbus-system-bus-common erlang-base systemd)

table=$root/Tests/Units/verdicts.tsv
unit_cache=$cache/units
is_check=''

# Removed when the script ends, however it ends.
work=''
trap 'if [ -n "$work" ]; then rm -rf "$work"; fi' EXIT
trap 'exit $exit_interrupted' INT TERM HUP

main() {
    while [ $# -gt 0 ]; do
        case $1 in
            --check) is_check=yes; shift ;;
            -h | --help) help; exit ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    grep -q "^VERSION_CODENAME=$suite\$" /etc/os-release \
        || die "$exit_missing" "this needs Debian 12 ($suite), whose packages the table is of"
    need_packages verdicts
    one_at_a_time unit-verdicts "$unit_cache"
    work=$(mktemp -d "$unit_cache/.work.XXXXXX")
    list_packages
    HAMMOCK_NESTED=yes "$root/scripts/build-init.sh" --product hammock
    fetch_units
    make_root
    check_units
    make_table >"$work/table"
    if [ -z "$is_check" ]; then
        write_table
    else
        compare_tables
    fi
}

# list_packages: writes "PACKAGE VERSION FILE KIBIBYTES" of each package to $work/packages.
list_packages() {
    local all=("${packages[@]}" "${companions[@]}")
    apt-get download --print-uris "${all[@]}" >"$work/uris" 2>"$work/log" || {
        cat "$work/log" >&2
        die "$exit_missing" "apt does not offer all of the packages (apt-get update may help)"
    }
    # 'URI' FILE BYTES HASH. In FILE the colon of a version is escaped.
    awk '{
        split($2, part, "_")
        version = part[2]
        gsub(/%3a/, ":", version)
        print part[1], version, $2, int($3 / 1024) + 1
    }' "$work/uris" | sort >"$work/packages"
    [ "$(wc -l <"$work/packages")" -eq ${#all[@]} ] \
        || die "$exit_missing" "apt names another number of packages than ${#all[@]}"
}

# units_of FILE: the directory in the cache that has the unit files of this package.
units_of() { printf '%s/%s' "$unit_cache" "${1%.deb}"; }

# fetch_units: fills the cache. apt checks signatures and hashes.
fetch_units() {
    local package version file size missing=() total=0 number=0
    while read -r package version file size; do
        [ ! -d "$(units_of "$file")" ] || continue
        missing+=("$package=$version")
        total=$((total + size))
    done <"$work/packages"
    [ ${#missing[@]} -gt 0 ] || return 0
    total=$((total / 1024 + 1))
    need_space "$unit_cache" $((total + 200)) "fetching packages (${#missing[@]})"
    say "fetching packages: ${#missing[@]} ($total MiB)"
    mkdir "$work/debs"
    (cd "$work/debs" && apt-get download -q "${missing[@]}") >"$work/log" 2>&1 || {
        tail -n 5 "$work/log" >&2
        die "$exit_missing" "apt-get download failed: no network, or a version that the archive \
has dropped (apt-get update may help)"
    }
    while read -r package version file size; do
        [ ! -d "$(units_of "$file")" ] || continue
        number=$((number + 1))
        say "unpacking $number of ${#missing[@]}: $package $version"
        unpack_units "$package" "$work/debs/$file"
        mv -T "$work/units" "$(units_of "$file")"
    done <"$work/packages"
    rm -rf "$work/debs"
}

# unpack_units PACKAGE FILE: puts the unit files, and only them, into $work/units.
unpack_units() {
    dpkg-deb --fsys-tarfile "$2" >"$work/files.tar" \
        || die "$exit_missing" "$1: apt has fetched no whole package"
    # Names of units may have backslashes.
    tar --quoting-style=literal -tf "$work/files.tar" \
        | grep -E '^\./((usr/)?lib|etc)/systemd/system/' >"$work/names" \
        || die "$exit_failed" "$1 has no unit file (remove it from the list in this script)"
    mkdir "$work/units"
    # Debian's /lib is a link to /usr/lib. Where a symbolic link leads stays as it is.
    tar -xf "$work/files.tar" -C "$work/units" --no-same-owner --no-recursion \
        --transform 's,^\./lib/,./usr/lib/,S' --verbatim-files-from --no-unquote -T "$work/names" \
        || die "$exit_missing" "$1: its unit files cannot be unpacked"
    rm "$work/files.tar"
}

# make_root: one root with all units, in $work/root; "UNIT PACKAGE VERSION" of each service in
# $work/units.
make_root() {
    local package version file size name directory
    mkdir -p "$work/root"/{etc,usr/{bin,sbin,lib}}
    for name in bin sbin lib; do ln -s "usr/$name" "$work/root/$name"; done
    echo hammock >"$work/root/etc/hostname"
    while read -r package version file size; do
        directory=$(units_of "$file")
        cp -a "$directory/." "$work/root/"
        [[ " ${companions[*]} " != *" $package "* ]] || continue
        # A link is another name for a unit, or masks one.
        find "$directory" -path '*/systemd/system/*' -name '*.service' -type f -printf '%f\n' \
            | while read -r name; do
                printf '%s %s %s\n' "${name/@.service/@one.service}" "$package" "$version"
            done
    done <"$work/packages" >"$work/services"
    make_programs
}

# make_programs: empty files for what the units run.
make_programs() {
    local program
    find "$work/root" -path '*/systemd/system/*' -type f -exec \
        sed -nE 's/^Exec[A-Za-z]+ *= *[-@:+!|]*([A-Za-z0-9/._+-]+).*/\1/p' {} + | sort -u \
        | while read -r program; do
            [[ $program == /* ]] || program=/usr/bin/$program
            [[ $program != *..* ]] || continue
            mkdir -p "$work/root${program%/*}"
            [ -e "$work/root$program" ] || install -m 755 /dev/null "$work/root$program"
        done
}

# check_units: wants one service after the other, each with what it pulls in. What the tool answers
# comes to $work/answers, behind a line with the service.
check_units() {
    local unit package version status wanted=$work/root/etc/hammock
    mkdir "$wanted"
    while read -r unit package version; do
        printf '# %s %s %s\n' "$unit" "$package" "$version"
        ln -s "/usr/lib/systemd/system/${unit/@one.service/@.service}" "$wanted/$unit"
        status=0
        "$out/hammock" check --root "$work/root" --json || status=$?
        [ $status -le 1 ] || die "$exit_failed" "hammock check ended with $status for $unit"
        rm "$wanted/$unit"
    done <"$work/services" >"$work/answers"
}

# make_table: prints it: a row for each service, and how many there are of each kind.
make_table() {
    cat <<'END'
# What `hammock check` says of the services of 60 packages of Debian 12: they run, they run and
# something is warned of, or they are refused. scripts/unit-verdicts.sh writes this table.
#
# The fields, with a tab between them: package, version, unit, verdict, what is warned of
# (directives, and sockets that are not opened), reason of a refusal. - is nothing.
END
    perl -MJSON::PP -e "$(rows_in_perl)" "$work/answers" | sort >"$work/rows"
    [ "$(wc -l <"$work/rows")" -eq "$(wc -l <"$work/services")" ] \
        || die "$exit_failed" "hammock check has not answered for every service"
    cat "$work/rows"
    awk -F '\t' '{
        count[$4]++
        if (!seen[$1]++) packages++
        number = $5 == "-" ? 0 : split($5, name, ",")
        for (i = 1; i <= number; i++) print name[i] | "sort | uniq -c | sort -k 1,1nr -k 2 >&3"
    } END {
        printf "#\n# %d units of %d packages: %d run, %d run with warnings, %d are refused.\n", NR,
            packages, count["runs"], count["warned"], count["refused"]
        print "# In how many units each is warned of:"
    }' "$work/rows" 3>"$work/counts"
    awk '{ printf "# %d %s\n", $1, $2 }' "$work/counts"
}

# rows_in_perl: a program that makes rows of the answers.
rows_in_perl() {
    cat <<'END'
my ($unit, %row);
sub finish {
    return unless defined $unit and defined $row{runs};
    my $warned = join(",", sort keys %{$row{warned}});
    my $reason = join("; ", @{$row{reasons} // []});
    my $verdict = !$row{runs} ? "refused" : $warned ne "" ? "warned" : "runs";
    print join("\t", $row{package}, $row{version}, $unit, $verdict,
        map { $_ eq "" ? "-" : $_ } $warned, $reason), "\n";
}
while (<>) {
    if (/^# (\S+) (\S+) (\S+)$/) {
        finish();
        $unit = $1;
        %row = (package => $2, version => $3);
        next;
    }
    my $answer = decode_json($_);
    next unless defined $answer->{unit};
    # What is wrong with other services has its own rows. A socket has none.
    if ($answer->{unit} ne $unit) {
        $row{warned}{$answer->{unit}} = 1 if $answer->{unit} =~ /\.socket$/;
    } elsif (defined $answer->{runs}) {
        $row{runs} = $answer->{runs};
    } elsif ($answer->{problem} eq "warned") {
        my $name = $answer->{directive};
        $name = "(" . ($answer->{text} =~ tr/\t,/ /r) . ")" if $name eq "";
        $row{warned}{$name} = 1;
    } elsif (defined $answer->{problem}) {
        push @{$row{reasons}}, $answer->{text} =~ tr/\t/ /r;
    }
}
finish();
END
}

write_table() {
    if cmp -s "$work/table" "$table"; then
        say "${table#"$root/"} stays as it is"
        return
    fi
    mkdir -p "${table%/*}"
    cp "$work/table" "$table.partial"
    mv "$table.partial" "$table"
    say "${table#"$root/"}: written ($(counts_of "$table"))"
}

compare_tables() {
    [ -e "$table" ] \
        || die "$exit_usage" "there is no ${table#"$root/"} (without --check it is made)"
    if cmp -s "$table" "$work/table"; then
        say "${table#"$root/"} is as it would be made now"
        return
    fi
    diff -U 0 --label committed --label now "$table" "$work/table" | grep '^[-+]' >&2 || true
    die "$exit_differs" "${table#"$root/"} differs from what would be made now \
(- is the table, + is now); without --check it is made anew"
}

# counts_of FILE: its line with the counts.
counts_of() { sed -nE 's/^# ([0-9]+ units of .*)\.$/\1/p' "$1"; }

main "$@"
