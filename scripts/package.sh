#!/usr/bin/env bash
# Makes a Debian package of PID 1 and of the tool that asks it about its services:
# out/hammock-init_VERSION_amd64.deb.
#
#   scripts/package.sh
#   scripts/package.sh --help
#
# First builds both if they are missing. The package contains
#
#   /usr/libexec/hammock/init     PID 1. Beside it are links to it, called tini, tini-static,
#                                 docker-init, dumb-init and catatonit. If you call one of these
#                                 by its path, change the path
#   /usr/bin/hammock-init         a link to it
#   /usr/bin/hammock              the tool. init has it read the unit files, and looks for it here
#   /usr/share/man                hammock-init(8), hammock(1), hammock.service(5)
#   /usr/share/doc/hammock-init   the licence, the changes, and settings for podman and docker
#                                 to copy; none is in force before it is copied
#
# Needs no root and no fakeroot. The same two programs make the same bytes, for any user, at any
# place and time. All dates in it are SOURCE_DATE_EPOCH, or without that variable the date in
# toolchain/inputs.lock.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1

readonly name=hammock-init
# An address that no mail reaches. If you pass the package on, put in your own address.
readonly maintainer="The Hammock authors <hammock@hammock.invalid>"

version=''
work=''
tree=''

main() {
    case ${1-} in
        '') ;;
        -h | --help) help; exit ;;
        *) usage_error "unknown option '$1'" ;;
    esac
    command -v dpkg-deb >/dev/null \
        || die "$exit_missing" "this needs Debian 12 or 13 (there is no dpkg-deb here)"
    HAMMOCK_NESTED=yes "$root/scripts/build-init.sh"
    HAMMOCK_NESTED=yes "$root/scripts/build-init.sh" --product hammock
    one_at_a_time package
    version=$(hammock_version)
    local package=$out/${name}_${version}_amd64.deb inputs built=''
    inputs=$(inputs_hash)
    if ! up_to_date "$package" "$inputs"; then
        say "packing ${package#"$root"/}"
        trap 'if [ -n "$work" ]; then rm -rf "$work"; fi' EXIT
        work=$(mktemp -d "$out/.package.XXXXXX")
        tree=$work/tree
        collect
        describe
        pack "$work/package"
        built=yes
        put_in_place "$work/package" "$package" "$inputs"
    fi
    say_result "$built" "${package#"$root"/}: $(stat -c %s "$package") bytes"
}

inputs_hash() {
    {
        hash_of_files out/{init,hammock}
        source_date_epoch
        dpkg-query -W dpkg gzip
        hash_of_files CHANGELOG.md Sources/InitCore/CommandLine/Version.swift docs/man \
            scripts/{lib,package}.sh toolchain/package
    } | hash_of
}

# collect: lays the files out in $tree, as they will be installed.
collect() {
    local peer page programs=$tree/usr/libexec/hammock docs=$tree/usr/share/doc/$name
    local material=$root/toolchain/package
    install -d -m 755 "$tree"/usr/{bin,libexec/hammock} "$docs/examples" \
        "$tree"/usr/share/{lintian/overrides,man/man{1,5,8}}
    install -m 755 "$out/init" "$programs/init"
    for peer in tini tini-static docker-init dumb-init catatonit; do
        ln -s init "$programs/$peer"
    done
    ln -s ../libexec/hammock/init "$tree/usr/bin/$name"
    install -m 755 "$out/hammock" "$tree/usr/bin/hammock"
    for page in hammock.1 hammock.service.5; do
        compress "$tree/usr/share/man/man${page##*.}/$page.gz" <"$root/docs/man/$page"
    done
    compress "$tree/usr/share/man/man8/$name.8.gz" <"$root/docs/man/init.8"
    changes | compress "$docs/changelog.gz"
    install -m 644 "$material/copyright" "$docs/"
    install -m 644 "$material"/{50-hammock-init.conf,daemon.json} "$docs/examples/"
    install -T -m 644 "$material/$name.lintian-overrides" "$tree/usr/share/lintian/overrides/$name"
}

# compress FILE: compresses standard input, without a name or a date.
compress() {
    gzip -9n >"$1"
    chmod 644 "$1"
}

# changes: the newest part of CHANGELOG.md as a Debian changelog, deb-changelog(5), which has
# lines of 80 columns. The Markdown's own line breaks are undone first.
changes() {
    printf '%s (%s) unstable; urgency=medium\n\n' "$name" "$version"
    awk '
        /^## / { part++ }
        part != 1 { next }
        /^- / { if (entry != "") print entry; entry = $0 }
        /^  / { sub(/^ +/, ""); entry = entry " " $0 }
        END { print entry }' "$root/CHANGELOG.md" \
        | fold -s -w 75 | sed -E 's/ +$//; /^- /!s/^/    /; s/^- /  * /'
    printf '\n -- %s  %s\n' "$maintainer" "$(date -u -R -d "@$(source_date_epoch)")"
}

# describe: the package's own data, deb-control(5).
describe() {
    local kibibytes
    # By bytes, because the number of a file's blocks differs between file systems.
    kibibytes=$(find "$tree" -type f -printf '%s\n' | awk '{ sum += int(($1 + 1023) / 1024) }
        END { print sum + 0 }')
    install -d -m 755 "$tree/DEBIAN"
    (cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
    cat >"$tree/DEBIAN/control" <<END
Package: $name
Version: $version
Architecture: amd64
Maintainer: $maintainer
Installed-Size: $kibibytes
Section: admin
Priority: optional
Multi-Arch: foreign
Description: small init for containers, in place of tini, dumb-init or catatonit
 PID 1 of Hammock, for containers. It runs one program, forwards signals to
 it, reaps what the program leaves behind, and ends with its exit code. It is
 one static executable without a heap, and sleeps while nothing happens.
 .
 Asked to, it runs services from the unit files that packages bring, too. The
 tool hammock checks unit files, and asks PID 1 about its services.
 .
 Called tini, docker-init, dumb-init or catatonit, it takes the options and
 the environment variables of that program, so that a path is all that has to
 change. Nothing on the system uses it before it is told to.
END
}

# pack FILE: with one thread, because several threads cut the data at other places.
pack() {
    local epoch
    epoch=$(source_date_epoch)
    # A new directory's mode comes from the umask, so it is set here.
    find "$tree" -type d -exec chmod 755 {} +
    chmod 644 "$tree"/DEBIAN/*
    find "$tree" -exec touch -h -d "@$epoch" {} +
    SOURCE_DATE_EPOCH=$epoch dpkg-deb --root-owner-group --threads-max=1 -Zxz -z6 \
        --build "$tree" "$1" >"$work/dpkg-deb.log" 2>&1 || {
        cat "$work/dpkg-deb.log" >&2
        die "$exit_failed" "dpkg-deb failed"
    }
}

main "$@"
