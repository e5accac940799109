#!/usr/bin/env bash
# Builds everything twice, as differently as this machine allows, and compares byte for byte.
#
#   scripts/reproduce.sh [options]
#
#   --quick    leaves out the kernel, the packages (but musl, which init has in it), and the bill
#              of materials, which lists both: this takes two minutes in place of an hour
#   --keep     keeps what both builds made, in out/reproduce (what differs is always kept)
#   --check    builds once, as usual, and compares with toolchain/artefacts.sha256
#   --record   builds once, as usual, and writes toolchain/artefacts.sha256 anew
#   --help
#
# The first build is an ordinary one. The second has another directory, user, umask, time zone,
# language, host name, date, number of processors and order of files. Both start with empty
# caches. The script names what it cannot vary on this machine.
#
# Exit codes: 0 the same bytes, 1 a build failed, 2 wrong use, 3 something is missing on this
# machine, 5 other bytes, 6 no comparison is possible: the table of hashes is for other versions
# or other sources, or a guest has written to the image (boot.sh --rw), 130 interrupted.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1
# shellcheck source=scripts/lib-source.sh
. "$root/scripts/lib-source.sh"

mode=twice
quick=''
keep=''

table=$root/toolchain/artefacts.sha256

# Names for the second build that would be easy to find in an artefact.
readonly other_user=kilroy other_host=kilroys-machine other_date=+400d

work=''
child=''

main() {
    parse "$@"
    need_packages userspace image
    [ -n "$quick" ] || need_packages kernel
    need_swift
    "$mode"
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --quick) quick=yes; shift ;;
            --keep) keep=yes; shift ;;
            --check | --record)
                [ "$mode" = twice ] || usage_error "--check and --record are two jobs"
                mode=${1#--}
                shift
                ;;
            -h | --help) help; exit ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    [ "$mode" = twice ] || [ -z "$keep" ] || usage_error "--keep is for two builds, not for --$mode"
}

# scripts: the scripts that build, in this order, one a line.
scripts() {
    printf '%s\n' build-sdk build-init "build-init --product hammock-agent" build-image package
    [ -n "$quick" ] || printf '%s\n' "build-package --all" build-kernel build-sbom
}

# artefacts: what the scripts make, by paths below the checkout. The SDK and each package are
# directories.
artefacts() {
    local section
    echo out/sdks/hammock-musl.artifactbundle
    for section in $(sections); do
        case $section in
            packages) "$root/scripts/build-package.sh" --list | sed 's,^,out/packages/,; s/ .*//' ;;
            *) files_of "$section" ;;
        esac
    done
    echo "out/hammock-init_$(hammock_version)_amd64.deb"
    [ -n "$quick" ] || echo out/hammock.spdx.json
}

# --- two builds -----------------------------------------------------------------------------

twice() {
    local others="a place, far off/and deeper/hammock" runner=() environment=()
    one_at_a_time reproduce
    (need_packages reproduce) || say "going on without them"
    # Not below a home directory, which another user may not enter.
    work=$(mktemp -d "${TMPDIR:-/var/tmp}/hammock-reproduce.XXXXXX")
    chmod 755 "$work"
    trap tidy EXIT
    trap 'exit $exit_interrupted' INT TERM
    need_space "$work" "$([ -n "$quick" ] && echo 700 || echo 5000)" "a build"

    say "== the first build: as usual"
    lay_out first hammock sort
    plan_first
    build_in "$work/first/hammock" 022
    collect first hammock

    say "== the second build: as differently as can be"
    lay_out second "$others" sort -r
    plan_second
    build_in "$work/second/$others" 077
    collect second "$others"
    compare
}

# lay_out NAME CHECKOUT ORDER...: unpacks the sources into $work/NAME.files, in the order that the
# command ORDER gives to their names. Beside them it makes a home and a directory for temporary
# files, and in $work/NAME.cache a cache. The cache is empty but for the sources that are on this
# machine already, and checked.
lay_out() {
    local files=$work/$1.files checkout=$work/$1.files/$2 sources=$work/$1.cache/hammock/source
    local source
    shift 2
    mkdir -p "$checkout" "$files"/{home,tmp} "$sources"
    (
        cd "$root"
        find Package.swift LICENSE CHANGELOG.md Sources Tests docs scripts toolchain -type f -print0 | "$@" -z \
            | tar -c --null -T - | tar -x -C "$checkout"
    )
    for source in $(sources_to_fetch); do
        source=$(compgen -G "$cache/source/$source.tar.*") || continue
        if has_hash "$source" "$(basename "${source%.tar.*}")"; then cp "$source" "$sources/"; fi
    done
}

# sources_to_fetch: prints the sha256 of each.
sources_to_fetch() {
    [ -n "$quick" ] || pin kernel-tarball-sha256
    sed -n 's/^\([0-9a-f]\{64\}\) .*/\1/p' "$root"/toolchain/packages/*/source
}

# plan_first: sets `environment`, in which the first build's scripts run.
plan_first() {
    local jobs
    jobs=$(nproc)
    [ "$jobs" -gt 1 ] || jobs=2
    mv "$work/first.files" "$work/first"
    # nproc(1) believes OMP_NUM_THREADS, also where there is but one processor.
    environment=(
        "HOME=$work/first/home" "TMPDIR=$work/first/tmp" "XDG_CACHE_HOME=$work/first.cache"
        TZ=UTC LC_ALL=C LANG=C "OMP_NUM_THREADS=$jobs"
    )
}

# plan_second: sets `environment`, and `runner`, the command that runs the second build's scripts.
# Says what differs from the first build, and what could not be made to differ.
plan_second() {
    local language other
    # awk reads to the end: if it closed the pipe early, a signal might end the command before it.
    language=$(locale -a 2>/dev/null | awk 'tolower($0) !~ /^(c|posix)(\.|$)/ && !seen++') || true
    language=${language:-C.UTF-8}
    environment=(
        "HOME=$work/second/home" "TMPDIR=$work/second/tmp" "XDG_CACHE_HOME=$work/second.cache"
        "USER=$other_user" "LOGNAME=$other_user" TZ=KIL-14 "LC_ALL=$language" "LANG=$language"
    )
    for other in "directory: $work/second/$others" "umask: 077" "time zone: 14 hours to the east" \
        "language: $language" "environment: HOME, USER, LOGNAME, TMPDIR, XDG_CACHE_HOME" \
        "order in which the sources were unpacked: backwards"; do varied "$other"; done
    # From the innermost outwards: each puts its command in front of the ones before it.
    vary_date
    vary_processors
    vary_the_rest
}

varied() { say "   other   $1"; }

not_varied() { say "   the SAME $1"; }

quietly() { "$@" >/dev/null 2>&1; }

# vary_date: the kernel's make and those of the packages get an environment of their own, so faketime
# has to be put into that, too. faketime leaves the files' dates alone, because make compares them
# with each other.
vary_date() {
    local fake=(faketime --exclude-monotonic -f "$other_date")
    if ! quietly "${fake[@]}" true; then
        not_varied "date (faketime is not installed, or does not run)"
        return
    fi
    mkdir "$work/tools"
    # A copy, since the other may take the place of the machine's own.
    cp "$(type -P make)" "$work/tools/real-make"
    printf '#!/bin/sh\nNO_FAKE_STAT=1 exec %s %s/tools/real-make "$@"\n' "${fake[*]}" "$work" \
        >"$work/tools/make"
    chmod 755 "$work/tools" "$work/tools/make"
    environment+=("PATH=$work/tools:$PATH" NO_FAKE_STAT=1)
    runner=("${fake[@]}")
    varied "date: $(date -d "${other_date%d} days" +%F)"
}

# vary_processors: only one processor, so that make runs with -j1.
vary_processors() {
    local one
    one=$(taskset -cp $$ 2>/dev/null | sed 's/.*: \([0-9]*\).*/\1/') || one=0
    if quietly taskset -c "$one" true; then
        runner=(taskset -c "$one" "${runner[@]}")
        varied "processors: 1"
    else
        not_varied "number of processors (taskset is not allowed to)"
    fi
}

# vary_the_rest: user, host name and order of files, in namespaces of each script's own. When a
# namespace ends, its processes and mounts end, too.
vary_the_rest() {
    local namespaces=(--mount --uts --pid --fork --kill-child --mount-proc) everybody=yes
    local files=$work/second.files place=$work/second mounts enter
    local builds=$work/second.builds built_in=$work/second.cache/hammock/packages
    local backwards=(disorderfs -q --sort-dirents=yes --reverse-dirents=yes)
    mkdir "$place" "$builds" "$built_in"
    [ "$(id -u)" -eq 0 ] || { namespaces+=(--user --map-root-user); everybody=no; }
    if ! quietly unshare "${namespaces[@]}" hostname "$other_host"; then
        not_varied "user, host name, order of files (unshare makes no namespaces)"
        [ ! -e "$work/tools" ] || not_varied "date in the builds of packages"
        rmdir "$place" "$builds"
        mv "$files" "$place"
        return
    fi
    varied "host name: $other_host"
    vary_user
    backwards+=("--multi-user=$everybody")
    if quietly unshare "${namespaces[@]}" "${backwards[@]}" "$files" "$place"; then
        varied "order of files in each directory: backwards"
        # With a file system in user space, a kernel's build takes hours.
        [ -n "$quick" ] \
            || not_varied "order of files in the kernel's own tree (it would take hours)"
        mounts="${backwards[*]@Q} ${files@Q} ${place@Q} \
            && ${backwards[*]@Q} ${builds@Q} ${built_in@Q}"
    else
        not_varied "order of files (disorderfs is not installed, or FUSE is not allowed)"
        mounts="mount --bind ${files@Q} ${place@Q}"
    fi
    # A recipe finds make where the machine has it.
    [ ! -e "$work/tools" ] || mounts+=" && mount --bind ${work@Q}/tools/make $(type -P make)"
    # For bash inside. faketime names its shared memory by process numbers, which begin anew here.
    enter="hostname $other_host && mount -t tmpfs -o mode=1777 tmpfs /dev/shm && $mounts \
        && exec \"\$@\""
    runner=(unshare "${namespaces[@]}" bash -c "$enter" enter "${runner[@]}")
}

# vary_user: root becomes another user; any other user becomes root of a namespace.
vary_user() {
    local other=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    if [ "$(id -u)" -ne 0 ]; then
        varied "user: root of a namespace"
        return
    fi
    chown -R 65534:65534 "$files" "$work/second.cache" "$builds"
    if quietly "${other[@]}" test -r "$swift_home/bin/swiftc" -a -w "$files"; then
        runner=("${other[@]}" "${runner[@]}")
        varied "user: 65534"
    else
        chown -R 0:0 "$files" "$work/second.cache" "$builds"
        not_varied "user (nobody but root gets at both $swift_home and $work)"
    fi
}

# build_in CHECKOUT UMASK
build_in() {
    local script arguments status=0
    while read -r script arguments <&3; do
        say "-- scripts/$script.sh${arguments:+ $arguments}"
        # A session of its own, so that the script can be ended with all that it has started.
        (
            umask "$2"
            # shellcheck disable=SC2086 # one word an argument
            exec setsid "${runner[@]}" env "${environment[@]}" "$1/scripts/$script.sh" $arguments
        ) </dev/null 3<&- {build_lock}>&- &
        child=$!
        wait "$child" || status=$?
        child=''
        [ "$status" -ne "$exit_missing" ] || exit "$exit_missing"
        [ "$status" -eq 0 ] || die "$exit_failed" "scripts/$script.sh failed in this build"
    done 3< <(scripts)
}

# collect NAME CHECKOUT: moves the artefacts to $work/results/NAME, and deletes the rest.
collect() {
    local results=$work/results/$1 files=$work/$1.files artefact
    [ -e "$files" ] || files=$work/$1
    rm -rf "$work/$1.cache" "$work/$1.builds"
    for artefact in $(artefacts); do
        mkdir -p "$results/$(dirname "$artefact")"
        mv "$files/$2/$artefact" "$results/$artefact"
    done
    rm -rf "$files"
}

tidy() {
    local deadline=$((SECONDS + 20))
    trap '' INT TERM
    if [ -n "$child" ]; then
        # A build of packages has groups of processes of its own, which it ends at SIGTERM. The
        # script may not have its own session yet.
        kill -TERM -- "-$child" 2>/dev/null || kill -TERM "$child" 2>/dev/null || true
        while [ "$SECONDS" -lt "$deadline" ] && kill -0 -- "-$child" 2>/dev/null; do
            sleep 0.05
        done
        kill -KILL -- "-$child" 2>/dev/null || kill -KILL "$child" 2>/dev/null || true
        # The shell would say on standard error that it was killed.
        wait "$child" 2>/dev/null || true
    fi
    [ -z "$work" ] || rm -rf --one-file-system "$work"
}

# --- compared -------------------------------------------------------------------------------

compare() {
    local artefact differing=()
    printf '\n%-38s %11s  %-64s  %s\n' artefact bytes sha256 equal
    for artefact in $(artefacts); do
        if same "$artefact"; then
            row "$artefact" first yes
        else
            differing+=("$artefact")
            row "$artefact" first NO
            row "" second "" "$artefact"
        fi
    done
    printf '\n'
    if [ -n "$keep" ] || [ ${#differing[@]} -gt 0 ]; then keep_results; fi
    if [ ${#differing[@]} -eq 0 ]; then
        say "two builds, the same bytes"
        return
    fi
    for artefact in "${differing[@]}"; do explain "$artefact"; done
    die "$exit_differs" "the two builds differ in: ${differing[*]} (kept: out/reproduce)"
}

same() {
    if [ -d "$work/results/first/$1" ]; then
        [ "$(manifest "$work/results/first/$1")" = "$(manifest "$work/results/second/$1")" ]
    else
        cmp -s "$work/results/first/$1" "$work/results/second/$1"
    fi
}

# manifest DIRECTORY: names, modes, targets of links and contents.
manifest() {
    (
        cd "$1"
        find . -printf '%M %P %l\n' | sort
        find . -type f -print0 | sort -z | xargs -0 sha256sum
    )
}

# row LABEL BUILD EQUAL [ARTEFACT]
row() {
    local path=$work/results/$2/${4:-$1} size hash
    if [ -d "$path" ]; then
        size=$(find "$path" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }')
        hash=$(manifest "$path" | hash_of)
    else
        size=$(stat -c %s "$path")
        hash=$(hash_of <"$path")
    fi
    printf '%-38s %11s  %s  %s\n' "${1:+${1#out/}}" "$size" "$hash" "$3"
}

keep_results() {
    rm -rf "$out/reproduce" "$out/reproduce.partial"
    cp -R --sparse=always "$work/results" "$out/reproduce.partial"
    mv "$out/reproduce.partial" "$out/reproduce"
}

# explain ARTEFACT: says what differs in it, as far as this machine's tools can tell.
explain() {
    local first=$out/reproduce/first/$1 second=$out/reproduce/second/$1
    say "--- $1 ---"
    case $1 in
        *.img)
            # Two GiB are too much for diffoscope. The initramfs has the same files, and shows the
            # same differences.
            { diff <(dumpe2fs "$first" 2>&1) <(dumpe2fs "$second" 2>&1) || true; } | head -n 20 >&2
            { cmp -l "$first" "$second" || true; } | head -n 10 >&2
            ;;
        *)
            if type -P diffoscope >/dev/null; then
                { timeout 300 diffoscope --exclude-directory-metadata=recursive "$first" "$second" || true; } | head -n 60 >&2
            else
                { diff -rq "$first" "$second" || true; } >&2
                say "diffoscope shows more (apt-get install diffoscope-minimal):
    diffoscope '$first' '$second'"
            fi
            ;;
    esac
}

# --- the table of hashes --------------------------------------------------------------------

# The table has a section for each set of files that the same tools make from the same sources.
# One line names tools and sources (a comment to sha256sum), and each file has a line.
sections() {
    echo init image
    [ -n "$quick" ] || echo packages kernel
}

# files_of SECTION: of the packages, each program, and the C library that is in all of them.
files_of() {
    case $1 in
        init) echo out/init out/hammock out/hammock-agent ;;
        image) echo out/image.img out/initramfs.cpio ;;
        packages)
            (cd "$root" && find out/packages/*/bin out/packages/musl/usr/lib/libc.a -type f | sort)
            ;;
        kernel) echo out/kernel/config out/kernel/bzImage out/kernel/vmlinux ;;
    esac
}

tools_of() {
    case $1 in
        init | packages) echo swift ;;
        image) echo swift e2fsprogs cpio ;;
        kernel) echo gcc binutils lz4 ;;
    esac
}

# sources_of SECTION: one hash of all in this checkout that the section's bytes may depend on.
sources_of() {
    local builder=(toolchain/packages/cc.cfg scripts/{lib,lib-source,build-package}.sh)
    local init
    mapfile -t init < <(guest_sources)
    init+=(toolchain/sdk toolchain/packages/musl "${builder[@]}"
        scripts/build-{sdk,init}.sh)
    case $1 in
        init) hash_of_files "${init[@]}" ;;
        image)
            pin source-date-epoch
            hash_of_files "${init[@]}" toolchain/image scripts/build-image.sh \
                scripts/lib-root.sh scripts/lib-list.sh
            ;;
        packages)
            # The headers come from the kernel's source.
            pin source-date-epoch
            pin kernel-tarball-sha256
            hash_of_files toolchain/packages toolchain/kernel/patches "${builder[@]}"
            ;;
        kernel)
            pin source-date-epoch
            pin kernel-tarball-sha256
            hash_of_files toolchain/kernel/{hammock.config,patches} scripts/{lib,build-kernel}.sh
            ;;
    esac | hash_of
}

build_once() {
    HAMMOCK_NESTED=yes "$root/scripts/build-image.sh"
    HAMMOCK_NESTED=yes "$root/scripts/build-init.sh" --product hammock
    HAMMOCK_NESTED=yes "$root/scripts/build-init.sh" --product hammock-agent
    [ -z "$quick" ] || return 0
    HAMMOCK_NESTED=yes "$root/scripts/build-package.sh" --all
    HAMMOCK_NESTED=yes "$root/scripts/build-kernel.sh"
}

check() {
    local section verdict=0
    readable_file "the table of hashes" "$table"
    build_once
    for section in $(sections); do check_section "$section"; done
    exit "$verdict"
}

# check_section SECTION: raises `verdict`.
check_section() {
    local file equal=() differing=() reasons
    for file in $(files_of "$1"); do
        if [ "$(hash_of <"$root/$file")" = "$(recorded_hash "$file")" ]; then
            equal+=("$file")
        elif was_written_to "$file"; then
            say "not as in the table: $file
    a guest has written to it (scripts/boot.sh --rw); to have a new one:
    rm $file && scripts/build-image.sh"
            [ "$verdict" -ne 0 ] || verdict=$exit_no_compare
        else
            differing+=("$file")
        fi
    done
    [ ${#equal[@]} -eq 0 ] || say "as in the table: ${equal[*]}"
    [ ${#differing[@]} -gt 0 ] || return 0
    say "not as in the table: ${differing[*]}"
    reasons=$(reasons_for "$1")
    if [ -n "$reasons" ]; then
        say "$reasons"
        [ "$verdict" -ne 0 ] || verdict=$exit_no_compare
    else
        say "    and neither other tools nor other sources explain it"
        verdict=$exit_differs
    fi
}

# was_written_to FILE: whether it is an image that a guest has mounted with permission to write.
# The guest's kernel counts such mounts, and a new image has a count of 0.
was_written_to() {
    [[ $1 == *.img ]] || return
    dumpe2fs -h "$root/$1" 2>/dev/null | grep '^Mount count:' | grep -qv ' 0$'
}

recorded_hash() { awk -v file="$1" '$2 == file { print $1 }' "$table"; }

# recorded SECTION WHAT: prints the word behind WHAT in the section's comment.
recorded() { sed -nE "s/^# $1: (.* )?$2 ([^ ,]+).*/\2/p" "$table"; }

# reasons_for SECTION: prints why its bytes may differ from the table's, one line for each reason.
reasons_for() {
    local tool here there
    for tool in $(tools_of "$1"); do
        here=$(version_here "$tool") there=$(recorded "$1" "$tool")
        [ "$here" = "$there" ] \
            || printf '    built with %s %s, and the table is for %s\n' "$tool" "$here" "$there"
    done
    if [ "$1" != init ] && [ "$(source_date_epoch)" != "$(pin source-date-epoch)" ]; then
        printf '    SOURCE_DATE_EPOCH is %s, and the table is for %s\n' \
            "$(source_date_epoch)" "$(pin source-date-epoch)"
    fi
    [ "$(sources_of "$1")" = "$(recorded "$1" sources)" ] \
        || printf '    the table is for other sources; scripts/reproduce.sh --record%s renews it\n' \
            "${quick:+ --quick}"
}

record() {
    local section tool here pinned file
    [ "$(source_date_epoch)" = "$(pin source-date-epoch)" ] \
        || usage_error "the table is for the pinned date, and SOURCE_DATE_EPOCH is set to another"
    for section in $(sections); do
        for tool in $(tools_of "$section"); do
            here=$(version_here "$tool") pinned=$(version_pinned "$tool")
            [ "$here" = "$pinned" ] || die "$exit_missing" \
                "the table is for the pinned tools, and $tool is ${here:-not installed} here, not $pinned"
        done
    done
    build_once
    ! was_written_to out/image.img || die "$exit_usage" "a guest has written to out/image.img \
(scripts/boot.sh --rw), and the table is for a new one: rm out/image.img"
    for section in init image packages kernel; do
        # With --quick the last two stay as they are.
        if [[ " $(sections | tr '\n' ' ') " == *" $section "* ]]; then
            record_section "$section"
        elif [ -e "$table" ]; then
            sed -n "/^# $section: /,/^# /{/^# $section: /p; /^#/!p}" "$table"
        fi
    done >"$out/artefacts.partial"
    {
        echo "# The sha256 of what is built here, for sha256sum -c. scripts/reproduce.sh --check says as"
        echo "# well why one differs, and scripts/reproduce.sh --record writes this file."
        cat "$out/artefacts.partial"
    } >"$table.partial"
    rm "$out/artefacts.partial"
    mv "$table.partial" "$table"
    say "${table#"$root"/}: written"
}

# record_section SECTION
record_section() {
    local tool file
    printf '# %s: sources %s, by' "$1" "$(sources_of "$1")"
    for tool in $(tools_of "$1"); do printf ' %s %s,' "$tool" "$(version_pinned "$tool")"; done \
        | sed 's/,$/\n/'
    for file in $(files_of "$1"); do printf '%s  %s\n' "$(hash_of <"$root/$file")" "$file"; done
}

main "$@"
