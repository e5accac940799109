#!/usr/bin/env bash
# Makes a Debian package: out/NAME_VERSION_amd64.deb.
#
#   scripts/package.sh [hammock-init]   PID 1, and the tool that asks it about its services
#   scripts/package.sh hammock          the same, and `hammock run`, for the host of machines
#   scripts/package.sh --help
#
# First builds what is missing. Both packages contain
#
#   /usr/libexec/hammock/init     PID 1. Beside it are links to it, called tini, tini-static,
#                                 docker-init, dumb-init and catatonit. If you call one of these
#                                 by its path, change the path
#   /usr/bin/hammock-init         a link to it
#   /usr/bin/hammock              the tool. init has it read the unit files, and looks for it here
#   /usr/share/man                hammock-init(8), hammock(1), hammock.service(5)
#   /usr/share/doc/NAME           the licence, the changes, and settings for podman and docker
#                                 to copy; none is in force before it is copied
#
# In hammock-init the tool is the small static one. In hammock it is the host's, which has all words
# of the small one. So that one path has one owner, hammock takes the place of hammock-init, and
# provides it. It also contains
#
#   /usr/bin/hammock-runtime      the runtime for container engines
#   /usr/lib/hammock              what machines boot from: vmlinux, bzImage and run.cpio
#   /usr/share/man                hammock-run(1), hammock-runtime(8)
#   completions                   for bash, zsh and fish, as the tool itself prints them
#   /usr/share/doc/hammock/kernel the kernel's configuration, patches, and where its source is
#   .../hammock/examples/runtime  the lines by which engines know the runtime
#
# Needs no root and no fakeroot. The same programs make the same bytes, for any user, at any
# place and time. All dates in it are SOURCE_DATE_EPOCH, or without that variable the date in
# toolchain/inputs.lock.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1

# An address that no mail reaches. If you pass the package on, put in your own address.
readonly maintainer="The Hammock authors <hammock@hammock.invalid>"

name=hammock-init
version=''
work=''
tree=''

main() {
    case ${1-} in
        '') ;;
        hammock-init | hammock) name=$1 ;;
        -h | --help) help; exit ;;
        -*) usage_error "unknown option '$1'" ;;
        *) usage_error "there are the packages hammock-init and hammock, and no '$1'" ;;
    esac
    [ $# -le 1 ] || usage_error "one package at a time"
    command -v dpkg-deb >/dev/null \
        || die "$exit_missing" "this needs Debian 12 or 13 (there is no dpkg-deb here)"
    HAMMOCK_NESTED=yes "$root/scripts/build-init.sh"
    case $name in
        hammock-init) HAMMOCK_NESTED=yes "$root/scripts/build-init.sh" --product hammock ;;
        hammock)
            need_packages deb
            need_swift
            # It builds itself, and what machines boot from.
            "$root/scripts/hammock" --version >/dev/null
            ;;
    esac
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
        printf '%s\n' "$name"
        case $name in
            hammock-init) hash_of_files out/{init,hammock} ;;
            hammock)
                hash_of_files out/{init,hammock-host,hammock-runtime,run.cpio} \
                    out/kernel/{bzImage,config,vmlinux} deploy \
                    toolchain/{inputs.lock,kernel/patches}
                dpkg-query -W dpkg-dev libc6
                printf '%s\n' "$swift_info"
                ;;
        esac
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
    ln -s ../libexec/hammock/init "$tree/usr/bin/hammock-init"
    case $name in
        hammock-init) install -m 755 "$out/hammock" "$tree/usr/bin/hammock" ;;
        hammock) collect_host "$docs" ;;
    esac
    for page in hammock.1 hammock.service.5; do put_page "$page"; done
    compress "$tree/usr/share/man/man8/hammock-init.8.gz" <"$root/docs/man/init.8"
    changes | compress "$docs/changelog.gz"
    install -T -m 644 "$material/$name.copyright" "$docs/copyright"
    install -m 644 "$material"/{50-hammock-init.conf,daemon.json} "$docs/examples/"
    install -T -m 644 "$material/$name.lintian-overrides" "$tree/usr/share/lintian/overrides/$name"
}

# collect_host DOCS: what a host of machines has: the tool and the runtime, their pages and
# completions, what machines boot from, and how their kernel is made.
collect_host() {
    local docs=$1 entry page shell path
    strip_program "$out/hammock-host" "$tree/usr/bin/hammock"
    strip_program "$out/hammock-runtime" "$tree/usr/bin/hammock-runtime"
    for page in hammock-build.1 hammock-run.1 hammock-runtime.8; do put_page "$page"; done
    install -D -m 644 -t "$docs/examples/runtime" "$root"/deploy/*
    install -D -m 644 -t "$tree/usr/lib/hammock" "$out"/kernel/{bzImage,vmlinux} "$out/run.cpio"
    for entry in bash:bash-completion/completions/hammock zsh:zsh/vendor-completions/_hammock \
        fish:fish/vendor_completions.d/hammock.fish; do
        shell=${entry%%:*} path=$tree/usr/share/${entry#*:}
        mkdir -p "${path%/*}"
        # A file that a shell reads needs no line that names an interpreter.
        "$out/hammock-host" --generate-completion-script "$shell" | sed '1{/^#!/d}' >"$path"
        chmod 644 "$path"
    done
    install -D -m 644 -t "$docs/kernel/patches" "$root"/toolchain/kernel/patches/*.patch
    compress "$docs/kernel/config.gz" <"$out/kernel/config"
    grep -E '^kernel-(package|version|deb|tarball)' "$root/toolchain/inputs.lock" \
        >"$docs/kernel/source"
    chmod 644 "$docs/kernel/source"
}

# strip_program PROGRAM FILE: without what is for debuggers, and without hashes of what two
# checkouts do not have in common: the compiler's arguments, and the whole unstripped program.
strip_program() {
    "$swift_home/bin/llvm-objcopy" --strip-all --remove-section=.swift_modhash \
        --remove-section=.comment --remove-section=.note.gnu.build-id \
        --remove-section=.note.gnu.gold-version "$1" "$2"
    chmod 755 "$2"
}

# put_page NAME.SECTION: a manual page.
put_page() { compress "$tree/usr/share/man/man${1##*.}/$1.gz" <"$root/docs/man/$1"; }

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
    {
        cat <<END
Package: $name
Version: $version
Architecture: amd64
Maintainer: $maintainer
Installed-Size: $kibibytes
Section: admin
Priority: optional
END
        "describe_${name//-/_}"
    } >"$tree/DEBIAN/control"
}

describe_hammock_init() {
    cat <<END
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

# describe_hammock: what hammock run cannot do without is in Depends, and what it names when it
# needs it is in Recommends. Only hammock build's disks need what is in Suggests, but for the engines.
describe_hammock() {
    cat <<END
Depends: $(libraries), qemu-system-x86, squashfs-tools-ng
Recommends: iproute2, openssh-client, skopeo, xz-utils, zstd
Suggests: dosfstools, mtools, podman | docker.io | containerd, syslinux, systemd-boot-efi
Provides: hammock-init (= $version)
Conflicts: hammock-init
Replaces: hammock-init
Description: runs a container image in a virtual machine of its own
 hammock run boots a small virtual machine from a container image, in less
 than a second, with KVM or without, and runs the image's program in it. Its
 streams, signals and exit code are those of the command. No daemon and no
 root are needed.
 .
 hammock-runtime does so with the containers of podman, docker, containerd and
 CRI-O, in place of runc. No engine uses it before it is told to.
 .
 The package has the machines' kernel and init, and all that is in
 hammock-init, whose place it takes.
END
}

# libraries: the packages that have what the programs are linked with, for Depends.
libraries() {
    mkdir "$work/debian"
    printf 'Source: hammock\n\nPackage: hammock\nArchitecture: any\n' >"$work/debian/control"
    (cd "$work" && dpkg-shlibdeps -O tree/usr/bin/{hammock,hammock-runtime} 2>shlibdeps.log) \
        | sed -n 's/^shlibs:Depends=//p' | grep . || {
        cat "$work/shlibdeps.log" >&2
        die "$exit_failed" "dpkg-shlibdeps failed"
    }
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
