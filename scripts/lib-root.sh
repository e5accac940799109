# scripts/build-image.sh --root, --units and --add: the root of another system, and what an image
# has besides a root or a list. Sourced by scripts/build-image.sh.
#
# A root has files of many owners, and an ordinary user may give no file away. So the copy is
# made where its user is root, or seems to be. `view` says what that is here:
#   root       root itself
#   namespace  a user namespace, in which the user's subordinate ids stand for other users. It
#              makes no device nodes, which a guest has in its own /dev.
#   inside     the same, where only such a namespace may read all of the directory
#   fakeroot   fakeroot(1), which notes owners and devices, and tells mke2fs of them. Of a file
#              that gets an attribute it forgets (1.31) that it is a file.
#   plain      none of these: the owners are lost
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/build-image.sh sets

# Room for the guest to write: in MiB, and in files. Until it is used, it takes next to no room on
# the host's disk.
readonly free_room=1024
readonly free_inodes=16384
# As many links as the kernel follows in one path (MAXSYMLINKS).
readonly links_limit=40
# A unit's name is made of systemd's letters.
readonly unit_letters='[-A-Za-z0-9:_.@\]+'

# What tar copies beside owners and modes: attributes, capabilities among them, access lists.
readonly extended=(--xattrs '--xattrs-include=*' --acls)

view=root
unit_files=() # below $units

# --- what the user names --------------------------------------------------------------------

# check_root: refuses what cannot be a root. Lists the tar's content in $listing.
check_root() {
    # The run that this one packs for has done so.
    [ -z "${HAMMOCK_PACK-}" ] || return 0
    [ -e "$source" ] || die "$exit_usage" "--root: there is no '$source'"
    if [ -d "$source" ]; then
        readable_directory --root "$source"
        return
    fi
    readable_file --root "$source"
    [ -n "$listing" ] || listing=$(mktemp)
    # -P shows a name as it is in the tar. tar knows a packed tar by its first bytes.
    tar -P --force-local --numeric-owner --quoting-style=literal -tvf "$source" \
        >"$listing" 2>"$listing.log" \
        || die "$exit_usage" "--root: '$source' is neither a directory nor a whole tar:
$(cat "$listing.log")"
    local name
    name=$(names_in_listing | grep -m 1 -E '^/|(^|/)\.\.(/|$)') || return 0
    die "$exit_usage" "--root: '$source' has the name '$name', which leads out of the root \
(tar -C DIR -c . makes names that do not)"
}

# names_in_listing [TYPES]: of the tar's members, all or those of these types, one a line. The
# name is behind mode, owners, size, date and time. A link has its destination behind it.
names_in_listing() {
    sed -nE "s/^[${1:-a-zA-Z-}]([^ ]+ +){5}//p" "$listing" | sed 's/ link to .*//; s/ -> .*//'
}

# readable_directory OPTION PATH
readable_directory() {
    if [ ! -d "$2" ] || [ ! -r "$2" ] || [ ! -x "$2" ]; then
        die "$exit_usage" "$1: '$2' is not a directory that can be read"
    fi
}

# check_units: refuses what is no unit file; sets `unit_files`.
check_units() {
    local entry name
    unit_files=()
    [ -e "$units" ] || die "$exit_usage" "--units: there is no '$units'"
    readable_directory --units "$units"
    while IFS= read -r -d '' entry; do
        name=${entry#"$units/"}
        if [ -f "$entry" ] && is_unit_name "$name"; then
            [ -r "$entry" ] || die "$exit_usage" "--units: '$name' cannot be read"
            unit_files+=("$name")
        elif [ -d "$entry" ] && [[ $name =~ ^$unit_letters\.service\.d$ ]]; then
            readable_directory --units "$entry"
        else
            usage_error "--units: '$name' has no place in /etc/hammock, which is for *.service, \
*.target, *.socket and NAME.service.d/*.conf"
        fi
    done < <(entries "$units")
}

# is_unit_name NAME: whether this is, below /etc/hammock, the name of a unit file or a drop-in.
is_unit_name() {
    [[ $1 =~ ^$unit_letters(\.(service|target|socket)|\.service\.d/[^/]+\.conf)$ ]]
}

# entries DIRECTORY: all in it, two levels deep, each with a NUL behind it.
entries() {
    local entry
    shopt -s dotglob nullglob
    for entry in "$1"/* "$1"/*/*; do printf '%s\0' "$entry"; done
}

# --- whose view it is -----------------------------------------------------------------------

# choose_view: sets `view`.
choose_view() {
    local unreadable=''
    if [ "$(id -u)" -eq 0 ]; then view=root; return; fi
    [ ! -d "$source" ] || unreadable=$(first_unreadable)
    if [ -n "$unreadable" ]; then
        view=inside
        [ -z "$(in_view bash -c "$(declare -f first_unreadable); source=\$1 first_unreadable" - \
            "$source" 2>/dev/null || echo none)" ] || die "$exit_usage" "--root: '$unreadable' \
cannot be read by this user (root can read it, and can make a tar for --root of it)"
    elif view=namespace && in_view true 2>/dev/null; then
        return
    elif command -v fakeroot >/dev/null; then
        view=fakeroot
    else
        view=plain
    fi
}

# first_unreadable: what this user cannot read of the directory, or nothing.
first_unreadable() {
    find "$source/" -xdev \( -type d -o -type f \) \
        \( ! -readable -o -type d ! -executable \) -print -quit 2>/dev/null || true
}

# in_view COMMAND...
in_view() {
    case $view in
        root | plain) "$@" ;;
        # A signal that ended fakeroot would leave its daemon behind, so only COMMAND gets it.
        fakeroot)
            (trap '' INT TERM HUP; exec fakeroot -- env --default-signal=INT,TERM,HUP "$@")
            ;;
        namespace | inside) unshare --map-root-user --map-auto -- "$@" ;;
    esac
}

# makes_devices: whether a device node can be made in this view.
makes_devices() {
    case $view in
        root) mknod "$work/probe" c 1 3 2>/dev/null && rm "$work/probe" ;;
        fakeroot) true ;;
        namespace | inside | plain) false ;;
    esac
}

# --- the copy -------------------------------------------------------------------------------

# make_root_image OPTIONS...: packs the root in the view that was chosen, as $work/image. The
# options are those of this script.
make_root_image() {
    # A copy and an image have to fit, for a while.
    need_space "$work" $((2 * $(size_of_source) + 64)) "a copy of '$source'"
    case $view in
        root | plain) read_root | pack_root ;;
        inside) again "$@" </dev/null ;;
        fakeroot | namespace) read_root | again "$@" ;;
    esac
}

# size_of_source: in MiB, about.
size_of_source() {
    if [ -d "$source" ]; then
        { du -xsm "$source/" 2>/dev/null || true; } | cut -f1
    else
        awk '{ bytes += $3 } END { printf "%d\n", bytes / 1048576 }' "$listing"
    fi
}

# again OPTIONS...: this script once more, in the view, to pack only.
again() {
    HAMMOCK_PACK=$view:$work HAMMOCK_LISTING=$listing \
        in_view bash "$(readlink -f "$0")" "$@" --init "$init"
}

# read_root: writes the directory to standard output, as a tar. What is mounted below it stays
# out, and so does this run's own work.
read_root() {
    [ -d "$source" ] || return 0
    local name mapping=()
    : >"$work/devices"
    makes_devices || (cd "$source" && find . -xdev \( -type b -o -type c \) -print) \
        >"$work/devices"
    cp "$work/devices" "$work/excluded"
    name=$(realpath --relative-to="$source" "$work")
    [[ $name == ../* ]] || printf './%s\n' "$name" >>"$work/excluded"
    # In its copy, what is this user's becomes root's, as it would in the user's namespace.
    if [ "$(id -u)" -ne 0 ]; then
        printf '+%d +0\n' "$(id -u)" >"$work/users"
        printf '+%d +0\n' "$(id -g)" >"$work/groups"
        mapping=(--owner-map="$work/users" --group-map="$work/groups")
    fi
    tar -C "$source" --one-file-system --sparse --numeric-owner "${mapping[@]}" "${extended[@]}" \
        --anchored --no-wildcards --exclude-from="$work/excluded" --create --file=- . \
        || die "$exit_failed" "--root: tar could not copy '$source' as it is"
}

# unpack_root: fills $work/tree from the tar, or from what read_root writes.
unpack_root() {
    local from=- owner=--same-owner attributes=("${extended[@]}")
    if [ ! -d "$source" ]; then
        from=$source
        : >"$work/devices"
        makes_devices || names_in_listing bc >"$work/devices"
    fi
    [ "$view" != plain ] || owner=--no-same-owner
    [ "$view" != fakeroot ] || attributes=()
    tar -C "$work/tree" $owner --same-permissions --numeric-owner "${attributes[@]}" \
        --anchored --no-wildcards --exclude-from="$work/devices" --extract \
        --force-local --file="$from" 2>"$work/tar.log" || { cat "$work/tar.log" >&2; return 1; }
    grep -v "Cannot set '" "$work/tar.log" >&2 || true
}

# pack_root: makes $work/image from the root on standard input, or from the tar.
pack_root() {
    make_tree
    if [ "$view" = inside ]; then read_root | unpack_root; else unpack_root; fi \
        || die "$exit_failed" "--root: tar could not unpack '$source'"
    say_losses
    # A directory that mktemp(1) made is its owner's only, and a root is everybody's.
    chmod 755 "$work/tree"
    loosen
    collect
    [ -n "$size" ] || size=$(size_of_tree)M
    make_image "$work/image"
    rm -rf "$work/tree"
}

# say_losses: names what this view could not keep.
say_losses() {
    local number
    case $view in
        fakeroot) say "--root: fakeroot keeps no extended attributes and no access lists \
(root does, and subordinate ids do: apt-get install uidmap)" ;;
        plain) say "--root: in the image every file is root's: this machine has neither \
subordinate ids for this user nor fakeroot (apt-get install uidmap, or fakeroot)" ;;
        root | namespace | inside) ;;
    esac
    number=$(wc -l <"$work/devices")
    [ "$number" -eq 0 ] || say "--root: left out: $number device nodes, such as \
$(head -n 1 "$work/devices") (root keeps them; in the guest /dev has its own)"
    number=$(grep -c "Cannot set '" "$work/tar.log") || true
    [ "$number" -eq 0 ] || say "--root: left out: $number extended attributes (root keeps them): \
$(grep -m 1 "Cannot set '" "$work/tar.log")"
}

# loosen: has this user read all of the tree and put files into it, and notes in $work/fields what
# that has changed: type, mode, and that the owners stay. fakeroot only seems to be root, and
# mke2fs has to open the files.
loosen() {
    : >"$work/fields"
    [[ $view =~ ^(fakeroot|plain)$ ]] || return 0
    find "$work/tree" -mindepth 1 \( -type d ! -perm -u=rwx -o -type f ! -perm -u=r \) \
        -printf '%y %m - - /%P\n' -exec chmod u+rwX {} \; >"$work/fields"
}

# size_of_tree: in MiB, with room to write. It depends on the content only, and not on how the
# host's file system stores that. A file with two names counts once.
size_of_tree() {
    find "$work/tree" -printf '%i %y %s\n' | awk -v room="$free_room" '
        !seen[$1]++ {
            blocks += $2 == "f" ? int(($3 + 4095) / 4096) : 1
            # The inode, and its part of a directory.
            bytes += 512
        }
        END { printf "%d\n", (blocks * 4096 + bytes) / 1048576 * 1.05 + 32 + room }'
}

# inodes_of_tree: how many the image has, with room for more files.
inodes_of_tree() {
    local files
    files=$(find "$work/tree" -printf x | wc -c)
    if [ -n "$source" ]; then
        echo $((files + free_inodes))
    else
        # The table of inodes is written in full, so it is small where there is little in it.
        echo $((4096 * (1 + files / 2048)))
    fi
}

# --- one file in the copy -------------------------------------------------------------------

# put_file MODE FILE /path: in $work/tree, with its directories. Fails if that is no place for
# a file.
put_file() {
    local mode=$1 file=$2 path=$3 directory
    directory=$(inside "${path%/*}") || return
    # A link is replaced, and not followed.
    [ ! -L "$directory/${path##*/}" ] || rm "$directory/${path##*/}"
    forget_fields "$directory/${path##*/}"
    install -T -m "$mode" "$file" "$directory/${path##*/}"
}

# inside /path: where this directory of the guest's is on the host. Its links are followed as
# the guest would follow them, and so never out of the tree. What is missing is made.
inside() {
    local rest=${1#/} part at='' target links=0
    while [ -n "$rest" ]; do
        part=${rest%%/*}
        rest=${rest#"$part"} rest=${rest#/}
        case $part in
            '' | .) continue ;;
            ..) at=${at%/*}; continue ;;
        esac
        if [ -L "$work/tree$at/$part" ]; then
            links=$((links + 1))
            [ $links -le $links_limit ] || return 1
            target=$(readlink "$work/tree$at/$part")
            [[ $target != /* ]] || at=''
            rest=$target${rest:+/$rest}
        else
            at+=/$part
            [ -d "$work/tree$at" ] || mkdir -m 755 "$work/tree$at" 2>/dev/null || return 1
        fi
    done
    printf '%s' "$work/tree$at"
}
