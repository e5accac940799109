#!/usr/bin/env bash
# Makes the root file system: out/image.img (a sparse raw ext4 image) and
# out/initramfs.cpio, with the same content: what a list says. By default it is
# toolchain/image/greeting.list: /init and empty /dev /proc /run /sys /tmp.
#
#   scripts/build-image.sh [options]
#
#   --list NAME.list        takes this list, and makes out/NAME.img and out/NAME.cpio
#   --size SIZE             the size of the image, such as 64M or 2G (default: 2G, and with
#                           --root as large as the root and 1 GiB more)
#   --root DIR|TAR          begins with a copy of this root directory, or of the one in this
#                           tar, and puts the rest and /sbin/hammock into it; needs
#                           --output, and makes NAME.img only. If it has no systemctl, hammock
#                           gets that name, and what Debian's packages ask is put in as well:
#                           /usr/sbin/policy-rc.d and a hook of apt's.
#   --units DIR             puts the unit files of this directory into /etc/hammock, and the tool
#                           that reads them to /sbin/hammock
#   --add HOSTFILE:/path    puts a file in, with its directories; may be repeated
#   --init FILE             takes this file as /init instead of out/init
#   --hammock FILE          takes this file as /sbin/hammock instead of out/hammock
#   --output NAME           makes NAME.img and NAME.cpio instead
#   --help
#
# A list has an entry on each line. # begins a comment. The words are those of the kernel's
# gen_init_cpio, and some more:
#
#   dir PATH MODE UID GID
#   file PATH SOURCE MODE UID GID    a copy of the file SOURCE
#   slink PATH TARGET                a symbolic link, root's unless MODE UID GID follow
#   init                             Hammock's /init
#   hammock                          the client of services, /sbin/hammock
#   agent                            /agent, which does what the host asks for on a virtio port
#   unit FILE                        a unit file or a drop-in (NAME.service.d/*.conf), which
#                                    goes to /etc/hammock; brings hammock along. Init runs it
#                                    if it is asked to, as by boot.sh --target.
#   package NAME                     all files of this package, as root's; it is built first
#   plan                             /etc/hammock/plan: a plan of the units, so that init need not
#                                    make one at each boot. (It stands for them at a boot: who
#                                    changes a unit in the image later, plans anew.)
#   include FILE                     the entries of another list
#
# A relative SOURCE or FILE is looked up from the directory of its list. PATH is absolute, MODE
# octal, UID and GID are numbers. Directories that no line names are root's, with mode 755. Two
# lines cannot bring the same file. --add, --units and --init put theirs in place of a list's.
#
# Needs no root, no sudo and no loop mount: the file system is written by e2fsprogs.
# The same content makes the same bytes, for any user, at any place and time. All dates in it
# are SOURCE_DATE_EPOCH, or without that variable the date in toolchain/inputs.lock.
#
# A copy of a root has its owners, modes, links, devices, attributes and access lists. An
# ordinary user needs fakeroot(1), or subordinate ids (newuidmap(1)), to keep the owners; what
# could not be kept is named. What is the user's own in DIR becomes root's.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1
# shellcheck source=scripts/lib-root.sh
. "$root/scripts/lib-root.sh"
# shellcheck source=scripts/lib-list.sh
. "$root/scripts/lib-list.sh"

size=2G
sized=''     # whether --size has said so
list=''      # --list FILE
init=''
own_init=''  # whether --init has named it
hammock=''
output=''
source=''    # --root DIR|TAR
listing=''   # of what is in such a tar
units=''     # --units DIR
additions=() # HOSTFILE:/path

# One UUID for every image: a random one would change the bytes. It begins with "hammoc".
readonly uuid=68616d6d-6f63-4b00-8000-000000000001

work=''
trap clean_up EXIT
# bash obeys these once the command that runs has ended, and so nothing writes any more.
trap 'exit $exit_interrupted' INT TERM HUP

main() {
    if [ -n "${HAMMOCK_PACK-}" ]; then
        pack_for_another_run "$@"
        return
    fi
    parse "$@"
    need_packages image
    [ -z "$source" ] || choose_view
    add_packages
    if [ -z "$init" ] && { [ -n "$source" ] || list_has init; }; then
        HAMMOCK_NESTED=yes "$root/scripts/build-init.sh"
        init=$out/init
    fi
    if has_services && [ -z "$hammock" ]; then
        HAMMOCK_NESTED=yes "$root/scripts/build-init.sh" --product hammock
        hammock=$out/hammock
    fi
    ! list_has agent || HAMMOCK_NESTED=yes "$root/scripts/build-init.sh" --product hammock-agent
    local name=${output:-${our_image%.img}} cpio=${output:-${our_initramfs%.cpio}}
    mkdir -p "$(dirname "$name")"
    one_at_a_time image
    local inputs
    if [ -n "$source" ]; then
        warn_of_versions e2fsprogs
        work=$(mktemp -d "$(dirname "$name")/.image.XXXXXX")
        make_root_image "$@"
        # What it was made from is not looked at again, so the next run makes it anew.
        rm -f "$name.img.inputs"
        mv -T "$work/image" "$name.img"
        return
    fi
    inputs=$(inputs_hash)
    if up_to_date "$name.img" "$inputs" && up_to_date "$cpio.cpio" "$inputs"; then
        say_result '' "${name#"$root"/}.img and ${cpio#"$root"/}.cpio: up to date"
        return
    fi
    warn_of_versions e2fsprogs cpio
    work=$(mktemp -d "$(dirname "$name")/.image.XXXXXX")
    make_tree
    collect
    make_image "$work/image"
    make_initramfs "$work/initramfs"
    put_in_place "$work/image" "$name.img" "$inputs"
    put_in_place "$work/initramfs" "$cpio.cpio" "$inputs"
    # A script that asked for an image of its own needs no message about it.
    local built=yes
    [ -z "$output" ] || built=''
    say_result "$built" \
        "${name#"$root"/}.img: $size, of which $(du -k "$name.img" | cut -f1) KiB on disk"
    say_result "$built" "${cpio#"$root"/}.cpio: $(stat -c %s "$cpio.cpio") bytes"
}

parse() {
    local addition
    while [ $# -gt 0 ]; do
        case $1 in
            --size) size=$(value_of "$@") sized=yes; check_size; shift 2 ;;
            --add) addition=$(value_of "$@"); additions+=("$addition"); shift 2 ;;
            --list) list=$(value_of "$@"); shift 2 ;;
            --root) source=$(value_of "$@"); check_root; shift 2 ;;
            --units) units=$(value_of "$@"); check_units; shift 2 ;;
            --init) init=$(value_of "$@") own_init=yes; readable_file --init "$init"; shift 2 ;;
            --hammock) hammock=$(value_of "$@"); readable_file --hammock "$hammock"; shift 2 ;;
            --output) output=$(value_of "$@"); shift 2 ;;
            -h | --help) help; exit ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    if [ -n "$source" ]; then
        [ -z "$list" ] || usage_error "--root brings all that is in the image, and so does --list"
        [ -n "$output" ] || usage_error "--root needs --output NAME: it makes NAME.img"
        # It depends on the root, which is not there yet.
        [ -n "$sized" ] || size=''
    fi
    for addition in "${additions[@]}"; do check_addition "$addition"; done
    [ -z "$list" ] || names_of_list "$list"
    if [ -z "$source" ]; then
        read_list "${list:-$greeting_list}"
        add_hammock
    fi
}

check_size() {
    [[ $size =~ ^[1-9][0-9]{0,5}[MG]$ ]] || usage_error "--size takes 64M or 2G, not '$size'"
    [[ ! $size =~ ^[1-9]M$ ]] || usage_error "--size: the least is 10M"
}

# has_services: whether init may be asked to run services: then it needs the tool that reads
# unit files.
has_services() { [ -n "$source$units" ] || list_has hammock; }

# check_addition HOSTFILE:/path
check_addition() {
    local path=${1##*:}
    [[ $1 == *:/* ]] || usage_error "--add takes HOSTFILE:/path, not '$1'"
    readable_file --add "${1%:*}"
    plain_path "$path" || usage_error "--add: '$path' is not a plain absolute path"
    ! is_lost_and_found "$path" || usage_error "--add: /lost+found is the file system's own"
    [ "$path" != /init ] \
        || usage_error "--add: /init is there already (--init FILE takes another)"
}

inputs_hash() {
    {
        printf '%s\n' "$size" "$own_init" "${additions[@]##*:}"
        list_inputs
        [ -z "$init" ] || hash_of <"$init"
        ! has_services || hash_of <"$hammock"
        ! list_has agent || hash_of <"$out/hammock-agent"
        local addition
        for addition in "${additions[@]}"; do
            stat -c %a "${addition%:*}"
            hash_of <"${addition%:*}"
        done
        for addition in "${unit_files[@]}"; do
            printf '%s\n' "$addition"
            hash_of <"$units/$addition"
        done
        source_date_epoch
        dpkg-query -W e2fsprogs cpio
        hash_of_files toolchain/image toolchain/inputs.lock scripts/build-image.sh \
            scripts/lib-root.sh scripts/lib-list.sh
    } | hash_of
}

# pack_for_another_run OPTIONS...: for a run that cannot make this image in its own view.
pack_for_another_run() {
    view=${HAMMOCK_PACK%%:*} work=${HAMMOCK_PACK#*:} listing=$HAMMOCK_LISTING
    # What this view has made, it removes. The rest is the other run's.
    trap 'rm -rf "$work/tree"' EXIT
    parse "$@"
    pack_root
}

clean_up() {
    [ -z "$listing" ] || rm -f "$listing" "$listing.log"
    [ -n "$work" ] || return 0
    rm -rf "$work" 2>/dev/null && return
    # A copy of a root may have directories that only another view, or another mode, opens.
    chmod -R u+rwX "$work" 2>/dev/null || true
    in_view rm -rf "$work"
}

# make_tree: an empty $work/tree. A directory that hands its group on, with a bit of the mode, does
# so to what is made in it.
make_tree() {
    mkdir -m 755 "$work/tree"
    chmod g-s "$work/tree"
}

# collect: puts what a list says, or the rest beside the copy of a root, into $work/tree. Owners
# and dates are set where it is packed.
collect() {
    local addition path mode origin=--root
    if [ -n "$source" ]; then
        make_directories
    else
        origin=--list
        place_list
    fi
    [ -z "$own_init$source" ] || put_file 755 "$init" /init \
        || usage_error "$origin: '/init' in it is a directory"
    # A list has a hammock of its own.
    if [ -n "$source$units" ]; then
        put_file 755 "$hammock" /sbin/hammock \
            || usage_error "$origin: '/sbin/hammock' in it is a directory"
        [ -z "$source" ] || { put_systemctl; put_hooks; }
    fi
    [ -z "$units" ] || inside /etc/hammock >/dev/null \
        || usage_error "--units: '/etc/hammock' in the root is not a directory"
    for path in "${unit_files[@]}"; do
        put_file 644 "$units/$path" "/etc/hammock/$path" \
            || usage_error "--units: '/etc/hammock/$path' cannot be put there"
    done
    for addition in "${additions[@]}"; do
        path=${addition##*:}
        # Of a file's mode only "can be run" is kept; the rest comes from a umask.
        mode=644
        [ ! -x "${addition%:*}" ] || mode=755
        put_file $mode "${addition%:*}" "$path" \
            || usage_error "--add: '$path' cannot be put there"
    done
    [ -n "$source" ] || fields_of_list >"$work/fields"
    [ -z "$list_plans" ] || make_plan
}

# make_plan: of the units in the tree, as `hammock plan` makes it.
make_plan() {
    "$hammock" plan --root "$work/tree" -o "$work/plan" >"$work/plan.log" 2>&1 || {
        cat "$work/plan.log" >&2
        die "$exit_usage" "$list_plans: there can be no plan of these units"
    }
    put_file 644 "$work/plan" /etc/hammock/plan \
        || die "$exit_usage" "$list_plans: /etc/hammock/plan is a directory"
}

# make_directories: those that init mounts file systems on, where a root lacks them.
make_directories() {
    local directory
    for directory in dev proc sys run tmp; do
        if [ -L "$work/tree/$directory" ] || [ -d "$work/tree/$directory" ]; then continue; fi
        mkdir -m 755 "$work/tree/$directory" \
            || usage_error "--root: '/$directory' is a file in it, and has to be a directory"
        [ "$directory" != tmp ] || chmod 1777 "$work/tree/tmp"
    done
}

# put_systemctl: a root without a systemctl of its own gets hammock by that name.
put_systemctl() {
    local directory
    directory=$(inside /usr/bin) || return 0
    if [ ! -e "$directory/systemctl" ] && [ ! -L "$directory/systemctl" ]; then
        ln -s /sbin/hammock "$directory/systemctl"
    fi
}

# put_hooks: where hammock is systemctl, Debian's packages start and stop their services by it. They
# take a system for one of systemd's by /run/systemd/system, which PID 1 does not make.
put_hooks() {
    local programs
    programs=$(inside /usr/bin) || return 0
    [ "$(readlink "$programs/systemctl")" = /sbin/hammock ] || return 0
    [ ! -e "$programs/dpkg" ] || put_if_missing 755 policy-rc.d /usr/sbin/policy-rc.d
    [ ! -e "$programs/apt-get" ] \
        || put_if_missing 644 apt-hammock.conf /etc/apt/apt.conf.d/90hammock
}

# put_if_missing MODE FILE /path: a file of toolchain/image. One that the root has counts.
put_if_missing() {
    local directory
    directory=$(inside "${3%/*}") || return 0
    if [ -e "$directory/${3##*/}" ] || [ -L "$directory/${3##*/}" ]; then return 0; fi
    put_file "$1" "$root/toolchain/image/$2" "$3"
}

# paths: what is in the tree, one a line, parents first.
paths() { (cd "$work/tree" && find . | sort); }

# make_image FILE
make_image() {
    need_space "$(dirname "$1")" $((16 + $(du -sm "$work/tree" | cut -f1))) "the image"
    local epoch
    epoch=$(source_date_epoch)
    export E2FSPROGS_FAKE_TIME=$epoch MKE2FS_CONFIG=$root/toolchain/image/mke2fs.conf
    local inodes
    inodes=$(inodes_of_tree)
    truncate -s "$size" "$1"
    # A file system without a lazily initialised inode table has no work left for the
    # kernel; a journal of 4 MiB is the least that ext4 takes.
    if ! mke2fs -q -t ext4 -U "$uuid" -J size=4 -N "$inodes" -d "$work/tree" \
        -E hash_seed="$uuid",root_owner=0:0,lazy_itable_init=0,nodiscard "$1" \
        >"$work/mke2fs.log" 2>&1; then
        cat "$work/mke2fs.log" >&2
        die "$exit_failed" "mke2fs failed; where the content does not fit into $size, --size helps"
    fi
    # mke2fs copies owners and times from the host, where ctime cannot be set.
    { set_fields "$1" "$epoch"; set_noted_fields; } >"$work/debugfs.commands"
    # debugfs reports errors on stderr, but exits with 0.
    debugfs -w -f "$work/debugfs.commands" "$1" >/dev/null 2>"$work/debugfs.log"
    if grep -v '^debugfs [0-9]' "$work/debugfs.log" >&2; then
        die "$exit_failed" "debugfs could not set owners and times in the image"
    fi
    e2fsck -fn "$1" >"$work/e2fsck.log" 2>&1 || {
        cat "$work/e2fsck.log" >&2
        die "$exit_failed" "e2fsck finds fault with the new image"
    }
}

# set_fields FILE EPOCH: debugfs commands for each file in this image. They go by the number of
# the inode, because a name may have anything in it.
set_fields() {
    local all_root=''
    # A root has owners of its own.
    if [ -z "$source" ] || [ "$view" = plain ]; then all_root=yes; fi
    dumpe2fs "$1" 2>/dev/null | awk -v epoch="$2" -v all_root="$all_root" '
        function set_one(inode, i) {
            for (i = 1; i <= number; i++) printf "set_inode_field <%d> %s\n", inode, field[i]
        }
        BEGIN {
            # Of the inodes before lost+found, which is the first free one, only / is a file.
            number = split("atime @E,ctime @E,mtime @E,crtime @E,atime_extra 0,ctime_extra 0," \
                "mtime_extra 0,crtime_extra 0", field, ",")
            for (i = 1; i <= number; i++) sub(/E/, epoch, field[i])
            if (all_root) { field[++number] = "uid 0"; field[++number] = "gid 0" }
            set_one(2)
            next_one = 11
        }
        /^Inode count:/ { last = $3 }
        /^  Free inodes: / {
            sub(/^  Free inodes: /, "")
            ranges = split($0, range, ", ")
            for (r = 1; r <= ranges; r++) {
                split(range[r], end, "-")
                while (next_one < end[1]) set_one(next_one++)
                next_one = (end[2] != "" ? end[2] : end[1]) + 1
            }
        }
        END { while (next_one <= last) set_one(next_one++) }'
}

# set_noted_fields: debugfs commands for the modes and owners in $work/fields, whose lines have type,
# mode, owner, group and path. debugfs takes a mode with the bits of the type before it, and a
# quotation mark doubled.
set_noted_fields() {
    awk '
        BEGIN { bits["d"] = "004"; bits["f"] = "010"; bits["l"] = "012" }
        {
            path = $0
            sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ /, "", path)
            gsub(/"/, "\"\"", path)
            command = "set_inode_field \"" path "\" "
            printf "%smode %s%04d\n", command, bits[$1], $2
            if ($3 != "-") printf "%suid %s\n%sgid %s\n", command, $3, command, $4
        }' "$work/fields"
}

# make_initramfs FILE
make_initramfs() {
    find "$work/tree" -exec touch -h -d "@$(source_date_epoch)" {} +
    paths | (cd "$work/tree" && cpio --quiet -o -H newc --reproducible -R 0:0) >"$1"
    set_fields_in_initramfs "$1"
}

main "$@"
