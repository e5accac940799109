# For the tests that look at a Debian package.
# shellcheck shell=bash disable=SC2154 # helpers.bash sets root and out, a test sets package

# unpack: unpacks the whole package into `$unpacked`.
unpack() {
    unpacked=$BATS_TEST_TMPDIR/unpacked
    dpkg-deb --raw-extract "$package" "$unpacked"
}

# listing PACKAGE: prints the mode, owner and name of each file in the package.
listing() { dpkg-deb --contents "$1" | sed -E 's/^([^ ]+ [^ ]+) +[0-9]+ [^ ]+ [^ ]+ /\1 /'; }

# dates_of PACKAGE: prints the dates of all that is in the package, in seconds since 1970.
dates_of() {
    {
        dpkg-deb --fsys-tarfile "$1" | tar -tv --full-time
        dpkg-deb --ctrl-tarfile "$1" | tar -tv --full-time
    } | awk '{ print $4, $5 }' | sort -u | while read -r date; do date -u -d "$date" +%s; done
    # The archive around it has dates of its own. ar(5)
    perl -0777 -ne 'for (my $at = 8; $at < length; $at += 60 + $size + $size % 2) {
        (my $date, $size) = unpack "x16 A12 x20 A10", substr $_, $at, 60;
        print "$date\n" }' "$1" | sort -u
}

# lintian_is_silent: at every level. It also complains about an override that it does not need.
lintian_is_silent() {
    run lintian --no-cfg --pedantic --display-info --tag-display-limit 0 \
        --fail-on error,warning,info,pedantic "$package"
    expect_status 0
    run ! grep -v '^running with root privileges' <<<"${output:-running with root privileges}"
}

# same_changelog: the package's changelog has the words of the newest part of CHANGELOG.md. The
# lines may be broken in other places.
same_changelog() {
    zcat "$unpacked/usr/share/doc/$(dpkg-deb --field "$package" Package)/changelog.gz" \
        >"$BATS_TEST_TMPDIR/changelog"
    run -0 dpkg-parsechangelog --file "$BATS_TEST_TMPDIR/changelog" --show-field Changes
    diff <(awk '/^## / { part++ } part == 1 && !/^## /' "$root/CHANGELOG.md" \
        | sed 's/^- /* /; /^$/d' | tr -s ' \n' '\n') \
        <(sed -n '/^ *\*/,$p' <<<"$output" | sed 's/^ *//' | tr -s ' \n' '\n')
}
