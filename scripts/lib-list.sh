# scripts/build-image.sh --list: what an image has, by a list. Sourced by
# scripts/build-image.sh, and by scripts/boot.sh for the names of what a list makes.
#
# A list is read into entries, and the entries are put into $work/tree. There each file is this
# user's own and can be read, whatever its mode is to be: an ordinary user may give no file away
# and has to read what he packs. The modes and owners of the list are set where the tree is packed.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what the scripts that source it use, and set

# The default of --list: the image that greets.
greeting_list=$root/toolchain/image/greeting.list
# Where the images of the list are kept if --output names no other place.
our_image=$out/image.img
our_initramfs=$out/initramfs.cpio

# The entries: one of each array belongs together.
entry_kind=()  # slink, dir, package-dir, file or hardlink
entry_path=()  # in the guest
entry_mode=()
entry_owner=() # UID GID
entry_from=()  # a link's target; a file's source, or init, hammock or agent: built here
entry_line=()  # FILE:LINE, for messages

list_plans=''     # the line that asks for a plan of the units
list_packages=() # the names behind `package`
package_lines=() # and their FILE:LINE
list_units=''    # FILE:LINE of the first `unit`
lists_open=()    # the list that is read, and those that include it

# What the list has put into the tree, by its path there.
declare -A placed_by=() # FILE:LINE
declare -A fields=()    # type (d, f or l), mode, UID and GID

# names_of_list FILE: sets `our_image` and `our_initramfs` for this list.
names_of_list() {
    local name=${1##*/}
    readable_file --list "$1"
    [[ $name == ?*.list ]] || usage_error "--list takes a file that is called NAME.list, not '$1'"
    [[ ! $1 -ef $greeting_list ]] || return 0
    name=${name%.list}
    [[ ! $name =~ ^(image|initramfs)$ ]] || usage_error \
        "--list: '$name.list' would take the place of the default image (give it another name)"
    our_image=$out/$name.img our_initramfs=$out/$name.cpio
}

# plain_path PATH: whether it is an absolute path without detours, of which all tools make one line.
plain_path() { [[ $1 == /* && ! $1 =~ //|/$|/\.\.?(/|$)|[[:cntrl:]\"] ]]; }

# is_lost_and_found PATH: whether it belongs to the file system itself.
is_lost_and_found() { [[ $1/ == /lost+found/* ]]; }

# --- reading --------------------------------------------------------------------------------

# refuse MESSAGE: ends the script because of the line `at`.
refuse() { die "$exit_usage" "$at: $*"; }

# read_list FILE: adds its entries.
read_list() {
    local list=$1 directory=${1%/*} line number=0 at words
    [ "$directory" != "$list" ] || directory=.
    lists_open+=("$list")
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1)) at=$list:$number
        [[ ! ${line//$'\t'/ } =~ [[:cntrl:]] ]] \
            || refuse "the line has a control character (from DOS? sed -i 's/\\r\$//' helps then)"
        read -r -a words <<<"$line"
        read_line "${words[@]}"
    done <"$list"
    unset 'lists_open[-1]'
}

# read_line WORDS...: adds what one line of the list says. As in a shell, a word that begins with
# # is a comment, with all that follows.
read_line() {
    local words=() word
    for word; do
        [[ $word != '#'* ]] || break
        words+=("$word")
    done
    set -- "${words[@]:1}"
    word=${words[0]-}
    case $word in
        '') ;;
        dir) takes 4 "PATH MODE UID GID" "$@"; add_entry dir "$1" "$2" "$3" "$4" - ;;
        file)
            takes 5 "PATH SOURCE MODE UID GID" "$@"
            add_file "$1" "$2" "$3" "$4" "$5"
            ;;
        slink)
            [ $# -eq 2 ] || takes 5 "PATH TARGET, or PATH TARGET MODE UID GID" "$@"
            [[ ${3-777} =~ ^0?777$ ]] || refuse "the mode of a link is always 777, not '$3'"
            add_entry slink "$1" 777 "${4-0}" "${5-0}" "$2"
            ;;
        package) takes 1 NAME "$@"; add_package "$1" ;;
        unit) takes 1 FILE "$@"; add_unit "$1" ;;
        init) takes 0 "no more words" "$@"; add_entry file /init 755 0 0 init ;;
        hammock) takes 0 "no more words" "$@"; add_entry file /sbin/hammock 755 0 0 hammock ;;
        agent) takes 0 "no more words" "$@"; add_entry file /agent 755 0 0 agent ;;
        plan) takes 0 "no more words" "$@"; list_plans=$at ;;
        include) takes 1 FILE "$@"; include "$1" ;;
        *) refuse "unknown word '$word' (there are dir, file, slink, package, unit, plan, init, \
hammock, agent and include)" ;;
    esac
}

# takes NUMBER WHAT WORDS...: refuses another number of words than that.
takes() { [ $(($# - 2)) -eq "$1" ] || refuse "'$word' takes $2"; }

# in_list FILE: sets `found` to where the list means FILE to be.
in_list() {
    found=$1
    [[ $found == /* ]] || found=$directory/$found
    readable_file "$at" "$found"
}

# add_entry KIND PATH MODE UID GID FROM
add_entry() {
    local mode id
    plain_path "$2" || refuse "'$2' is not a plain absolute path"
    ! is_lost_and_found "$2" || refuse "/lost+found is the file system's own"
    [[ $3 =~ ^0?[0-7]{3,4}$ ]] || refuse "a mode is octal, such as 644 or 4755, and not '$3'"
    printf -v mode %o "$((8#$3))"
    for id in "$4" "$5"; do
        # The last one means "no user" to Linux.
        if [[ ! $id =~ ^(0|[1-9][0-9]{0,9})$ ]] || [ "$id" -ge 4294967295 ]; then
            refuse "users and groups are numbers from 0 to 4294967294 here, and not '$id'"
        fi
    done
    entry_kind+=("$1") entry_path+=("$2") entry_mode+=("$mode") entry_owner+=("$4 $5")
    entry_from+=("$6") entry_line+=("$at")
}

# add_file PATH SOURCE MODE UID GID
add_file() {
    local found
    in_list "$2"
    add_entry file "$1" "$3" "$4" "$5" "$found"
}

# add_unit FILE
add_unit() {
    local name=${1##*/}
    # A drop-in belongs to the unit that its directory names.
    [[ ! /$1 =~ /([^/]+\.service\.d/[^/]+)$ ]] || name=${BASH_REMATCH[1]}
    is_unit_name "$name" || refuse "'$name' has no place in /etc/hammock, which is for *.service, \
*.target, *.socket and NAME.service.d/*.conf"
    add_file "/etc/hammock/$name" "$1" 644 0 0
    list_units=${list_units:-$at}
}

# add_package NAME: the package is built when the whole list has been read.
add_package() {
    [[ $1 =~ ^[a-z0-9][a-z0-9.+-]*$ ]] || refuse "'$1' is no name of a package"
    list_packages+=("$1") package_lines+=("$at")
}

# include FILE
include() {
    local found other
    in_list "$1"
    for other in "${lists_open[@]}"; do
        [[ ! $found -ef $other ]] || refuse "'$1' would include itself"
    done
    read_list "$found"
}

# add_hammock: units are of no use without what reads them.
add_hammock() {
    local path at=$list_plans
    [ -z "$list_plans" ] || [ -n "$list_units" ] || refuse "there is no unit to plan"
    at=$list_units
    [ -n "$list_units" ] || return 0
    for path in "${entry_path[@]}"; do
        [ "$path" != /sbin/hammock ] || return 0
    done
    add_entry file /sbin/hammock 755 0 0 hammock
}

# list_has FROM: whether init, hammock or agent is in the list.
list_has() {
    local from
    for from in "${entry_from[@]}"; do
        [ "$from" != "$1" ] || return 0
    done
    return 1
}

# add_packages: builds the packages of the list, and adds an entry for each file in them.
add_packages() {
    local i at
    [ ${#list_packages[@]} -gt 0 ] || return 0
    HAMMOCK_NESTED=yes "$root/scripts/build-package.sh" "${list_packages[@]}"
    for i in "${!list_packages[@]}"; do
        at="${package_lines[i]} (package ${list_packages[i]})"
        readable_directory "$at" "$out/packages/${list_packages[i]}"
        add_tree "$out/packages/${list_packages[i]}"
    done
}

# add_tree DIRECTORY: all that is in it, as root's.
add_tree() {
    local type mode links inode path
    local -A first_names=() # of files that have several, by their inode
    # The / behind a name keeps a space at its end.
    while read -r -d '' type mode links inode path; do
        path=${path%/}
        case $type in
            d)
                readable_directory "$at" "$1$path"
                add_entry package-dir "$path" "$mode" 0 0 -
                ;;
            l) add_entry slink "$path" 777 0 0 "$(readlink -- "$1$path")" ;;
            f)
                readable_file "$at" "$1$path"
                if [ -n "${first_names[$inode]-}" ]; then
                    add_entry hardlink "$path" "$mode" 0 0 "${first_names[$inode]}"
                else
                    add_entry file "$path" "$mode" 0 0 "$1$path"
                    [ "$links" -eq 1 ] || first_names[$inode]=$path
                fi
                ;;
            *) refuse "'$path' is neither a file nor a directory nor a link" ;;
        esac
    done < <(find "$1/" -mindepth 1 -printf '%y %04m %n %D:%i /%P/\0' | sort -z -k5)
}

# list_inputs: what the entries say, and the contents of their files. Comments, and the places of
# lists and sources, change no byte of the image.
list_inputs() {
    local i sources=()
    for i in "${!entry_kind[@]}"; do
        printf '%s %s %s %s\n' "${entry_kind[i]}" "${entry_mode[i]}" "${entry_owner[i]}" \
            "${entry_path[i]}"
        case ${entry_kind[i]}:${entry_from[i]} in
            slink:* | hardlink:*) printf '%s\n' "${entry_from[i]}" ;;
            file:*/*) sources+=("${entry_from[i]}") ;;
        esac
    done
    [ ${#sources[@]} -eq 0 ] || printf '%s\0' "${sources[@]}" | xargs -0 sha256sum -z -- \
        | cut -z -c1-64 | tr '\0' '\n'
}

# --- putting into the tree ------------------------------------------------------------------

# place_list: puts the entries into $work/tree.
place_list() {
    local i at path directory target
    local -A dir_lines=() # where a line with dir has said what a directory is like
    for i in $(entries_in_order); do
        at=${entry_line[i]} path=${entry_path[i]}
        if [ "${entry_kind[i]}" = package-dir ]; then
            place_package_dir
            continue
        fi
        directory=$(inside "${path%/*}") || refuse_way
        target=$directory/${path##*/}
        # The same directory may be named twice.
        if [ "${entry_kind[i]}" != dir ] \
            || [ "${fields[$target]-}" != "d ${entry_mode[i]} ${entry_owner[i]}" ]; then
            [ -z "${placed_by[$target]-}" ] \
                || refuse "'$path' is there already, by ${placed_by[$target]}"
        fi
        "place_${entry_kind[i]}"
        placed_by[$target]=$at
    done
}

# entries_in_order: their numbers. Links come first, since the paths of others may lead through
# them. Of each kind those nearest to / come first.
entries_in_order() {
    local number slashes
    local -A rank=([slink]=1 [dir]=2 [package-dir]=3 [file]=4 [hardlink]=5)
    for number in "${!entry_kind[@]}"; do
        slashes=${entry_path[number]//[^\/]/}
        printf '%d %d %d\n' "${rank[${entry_kind[number]}]}" ${#slashes} "$number"
    done | sort -n -k1,1 -k2,2 -k3,3 | cut -d' ' -f3
}

place_slink() {
    refuse_directory
    ln -sT -- "${entry_from[i]}" "$target"
    fields[$target]="l 777 ${entry_owner[i]}"
}

place_dir() {
    [ -d "$target" ] || mkdir "$target"
    fields[$target]="d ${entry_mode[i]} ${entry_owner[i]}"
    dir_lines[$target]=$at
}

# place_package_dir: a line with dir says more than a package. A link to a directory is as good as
# a directory.
place_package_dir() {
    local new="d ${entry_mode[i]} ${entry_owner[i]}"
    target=$(inside "$path") || refuse_way
    [ -z "${dir_lines[$target]-}" ] || return 0
    [[ ${fields[$target]-$new} == "$new" ]] || refuse "'$path' has another mode than by \
${placed_by[$target]} (a line with dir would decide)"
    fields[$target]=$new placed_by[$target]=$at
}

place_file() {
    local from=${entry_from[i]}
    case $from in
        init) from=$init ;;
        hammock) from=$hammock ;;
        agent) from=$out/hammock-agent ;;
    esac
    refuse_directory
    install -T -m 644 -- "$from" "$target"
    fields[$target]="f ${entry_mode[i]} ${entry_owner[i]}"
}

# place_hardlink: its first name, of the same package, has its place by now.
place_hardlink() {
    local first=${entry_from[i]}
    refuse_directory
    ln -T -- "$(inside "${first%/*}")/${first##*/}" "$target"
    fields[$target]="f ${entry_mode[i]} ${entry_owner[i]}"
}

# refuse_directory: what is no directory cannot take the place of one that was made on the way.
refuse_directory() {
    [ ! -d "$target" ] \
        || refuse "'$path' has to be a directory, since the path of another entry leads through it"
}

# forget_fields TARGET: an option puts another file there, of which the list says nothing.
forget_fields() { fields[$1]=''; }

# refuse_way: says why `path` has no place in the tree.
refuse_way() {
    local part=$path by
    while [[ $part == /*/* ]]; do
        part=${part%/*} by=${placed_by[$work/tree$part]-}
        if [ -n "$by" ] && [ ! -d "$work/tree$part" ]; then
            refuse "'$path' has no place, since '$part' is no directory, by $by"
        fi
    done
    refuse "'$path' has no place: a link on the way to it does not lead to a directory"
}

# --- packing --------------------------------------------------------------------------------

# fields_of_list: the modes and owners that the list gives, one a line, as loosen notes them.
fields_of_list() {
    local target
    for target in "${!fields[@]}"; do
        # Where an option has put a file in this one's place, there are none.
        [ -z "${fields[$target]}" ] \
            || printf '%s %s\n' "${fields[$target]}" "${target#"$work/tree"}"
    done | sort
}

# set_fields_in_initramfs FILE: sets the modes and owners that $work/fields has. cpio takes one
# owner for a whole archive, and modes from files that it has to read. But the header of an entry
# has a fixed form, with three numbers of eight digits for mode, owner and group behind the first
# 14 bytes. So they are written over. bsdcpio takes owners for single files, but would be one more
# package, whose archives have other bytes.
set_fields_in_initramfs() {
    perl - "$work/fields" "$1" <<'END' || die "$exit_failed" "the owners cannot be set in $1"
use strict;
use warnings;
my ($table, $archive) = @ARGV;
my %bits = (d => 0040000, f => 0100000, l => 0120000);
my %numbers;
open(my $lines, '<', $table) or die "$table: $!";
while (<$lines>) {
    chomp;
    my ($type, $mode, $user, $group, $path) = split / /, $_, 5;
    $numbers{$path} = sprintf '%08X%08X%08X', $bits{$type} | oct $mode, $user, $group;
}
open(my $file, '+<', $archive) or die "$archive: $!";
my $at = 0;
while (1) {
    seek $file, $at, 0;
    my ($header, $name);
    read $file, $header, 110;
    $header =~ /^070701[0-9A-F]{104}/ or die "$archive: no header at $at";
    my ($size, $length) = (hex substr($header, 54, 8), hex substr($header, 94, 8));
    read $file, $name, $length;
    chop $name;
    last if $name eq 'TRAILER!!!';
    if (my $numbers = delete $numbers{"/$name"}) {
        seek $file, $at + 14, 0;
        print $file $numbers;
    }
    # The name ends, and so does the content, at a multiple of four.
    $at += 110 + $length + 3 & ~3;
    $at += $size + 3 & ~3;
}
close $file or die "$archive: $!";
die "$archive lacks ", join(', ', sort keys %numbers), "\n" if %numbers;
END
}
