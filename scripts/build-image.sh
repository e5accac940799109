#!/usr/bin/env bash
# Makes the root file system: out/image.img (a sparse raw ext4 image) and
# out/initramfs.cpio, with the same content: /init and empty /dev /proc /sys /run /tmp.
#
#   scripts/build-image.sh [options]
#
#   --size SIZE             the size of the image, such as 64M or 2G (default: 2G)
#   --add HOSTFILE:/path    puts a file in, with its directories; may be repeated
#   --init FILE             takes this file as /init instead of out/init
#   --output NAME           makes NAME.img and NAME.cpio instead
#   --help
#
# Needs no root, no sudo and no loop mount: the file system is written by e2fsprogs.
# The same content makes the same bytes, for any user, at any place and time. All dates in it
# are SOURCE_DATE_EPOCH, or without that variable the date in toolchain/inputs.lock.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1

size=2G
init=''
output=''
additions=() # HOSTFILE:/path

# One UUID for every image: a random one would change the bytes. It begins with "hammoc".
readonly uuid=68616d6d-6f63-4b00-8000-000000000001

work=''
trap 'if [ -n "$work" ]; then rm -rf "$work"; fi' EXIT

main() {
    parse "$@"
    need_packages image
    if [ -z "$init" ]; then
        HAMMOCK_NESTED=yes "$root/scripts/build-init.sh"
        init=$out/init
    fi
    local name=${output:-$out/image} cpio=${output:-$out/initramfs}
    mkdir -p "$(dirname "$name")"
    one_at_a_time image
    local inputs
    inputs=$(inputs_hash)
    if up_to_date "$name.img" "$inputs" && up_to_date "$cpio.cpio" "$inputs"; then
        say_result '' "${name#"$root"/}.img and ${cpio#"$root"/}.cpio: up to date"
        return
    fi
    warn_of_versions e2fsprogs cpio
    work=$(mktemp -d "$(dirname "$name")/.image.XXXXXX")
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
            --size) size=$(value_of "$@"); shift 2 ;;
            --add) addition=$(value_of "$@"); additions+=("$addition"); shift 2 ;;
            --init) init=$(value_of "$@"); readable_file --init "$init"; shift 2 ;;
            --output) output=$(value_of "$@"); shift 2 ;;
            -h | --help) help; exit ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    [[ $size =~ ^[1-9][0-9]{0,5}[MG]$ ]] || usage_error "--size takes 64M or 2G, not '$size'"
    [[ $size =~ ^[1-9]M$ ]] && usage_error "--size: the least is 10M"
    for addition in "${additions[@]}"; do check_addition "$addition"; done
}

# check_addition HOSTFILE:/path
check_addition() {
    local path=${1##*:}
    [[ $1 == *:/* ]] || usage_error "--add takes HOSTFILE:/path, not '$1'"
    readable_file --add "${1%:*}"
    case $path in
        */ | *//* | */./* | */../* | */. | */.. | *['"'$'\n']*)
            usage_error "--add: '$path' is not a plain absolute path" ;;
        /lost+found | /lost+found/*) usage_error "--add: /lost+found is the file system's own" ;;
        /init) usage_error "--add: /init is there already (--init FILE takes another)" ;;
    esac
}

inputs_hash() {
    {
        printf '%s\n' "$size" "${additions[@]##*:}"
        hash_of <"$init"
        local addition
        for addition in "${additions[@]}"; do
            stat -c %a "${addition%:*}"
            hash_of <"${addition%:*}"
        done
        source_date_epoch
        dpkg-query -W e2fsprogs cpio
        hash_of_files toolchain/image toolchain/inputs.lock scripts/build-image.sh
    } | hash_of
}

# collect: lays the content out in $work/tree. Owners and dates are set where it is packed.
collect() {
    local addition path
    mkdir -m 755 "$work/tree"
    mkdir -m 755 "$work"/tree/{dev,proc,sys,run}
    mkdir -m 1777 "$work/tree/tmp"
    install -m 755 "$init" "$work/tree/init"
    for addition in "${additions[@]}"; do
        path=${addition##*:}
        install -d -m 755 "$(dirname "$work/tree$path")" \
            || usage_error "--add: a part of '$path' is a file already"
        # Of a file's mode only "can be run" is kept; the rest comes from a umask.
        if [ -x "${addition%:*}" ]; then
            install -T -m 755 "${addition%:*}" "$work/tree$path"
        else
            install -T -m 644 "${addition%:*}" "$work/tree$path"
        fi || usage_error "--add: '$path' cannot be put there"
    done
}

# paths: what is in the tree, one a line, parents first.
paths() { (cd "$work/tree" && find . | sort); }

# make_image FILE
make_image() {
    need_space "$(dirname "$1")" $((16 + $(du -sm "$work/tree" | cut -f1))) "the image"
    local epoch
    epoch=$(source_date_epoch)
    export E2FSPROGS_FAKE_TIME=$epoch MKE2FS_CONFIG=$root/toolchain/image/mke2fs.conf
    truncate -s "$size" "$1"
    # A file system without a lazily initialised inode table has no work left for the
    # kernel; a journal of 4 MiB is the least that ext4 takes.
    if ! mke2fs -q -t ext4 -U "$uuid" -J size=4 -N 4096 -d "$work/tree" \
        -E hash_seed="$uuid",root_owner=0:0,lazy_itable_init=0,nodiscard "$1" \
        >"$work/mke2fs.log" 2>&1; then
        cat "$work/mke2fs.log" >&2
        die "$exit_failed" "mke2fs failed; where the content does not fit into $size, --size helps"
    fi
    # mke2fs copies owners and times from the host, where ctime cannot be set.
    paths | awk -v epoch="$epoch" '{
        path = substr($0, 2) == "" ? "/" : substr($0, 2)
        for (i = split("uid=0 gid=0 atime=@E ctime=@E mtime=@E crtime=@E", field, " "); i; i--) {
            split(field[i], part, "="); sub(/E/, epoch, part[2])
            printf "set_inode_field \"%s\" %s %s\n", path, part[1], part[2]
            if (part[1] ~ /time/)
                printf "set_inode_field \"%s\" %s_extra 0\n", path, part[1]
        }
    }' >"$work/debugfs.commands"
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

# make_initramfs FILE
make_initramfs() {
    find "$work/tree" -exec touch -h -d "@$(source_date_epoch)" {} +
    paths | (cd "$work/tree" && cpio --quiet -o -H newc --reproducible -R 0:0) >"$1"
}

main "$@"
