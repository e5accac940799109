# Moves the sources of packages, toolchain/packages/NAME/source, to the newest that Debian has.
# Sourced by scripts/update-lock.sh, which sets `scratch` and `dry_run`.
# shellcheck shell=bash disable=SC2154

recipes=$root/toolchain/packages

# packages_with_a_source: all but those that come from the kernel's source.
packages_with_a_source() {
    local name
    for name in $(cd "$recipes" && printf '%s\n' */source | cut -d/ -f1); do
        [ "$(cat "$recipes/$name/source")" = kernel ] || printf '%s\n' "$name"
    done
}

# show_packages: prints the version of each package, and the one that it would move to.
show_packages() {
    local name path sha256
    read_archive
    printf '%-24s %-24s %s\n' package pinned offered
    for name in $(packages_with_a_source); do
        offered_source "$name"
        printf '%-24s %-24s %s\n' "packages/$name" \
            "$(version_in "$(pinned_path "$name")")" "$(version_in "$path")"
    done
}

# move_package NAME: puts its new source into $scratch/moved, if there is one.
move_package() {
    local path sha256 pinned version files=$scratch/sources/$1
    read_archive
    offered_source "$1"
    pinned=$(version_in "$(pinned_path "$1")") version=$(version_in "$path")
    mkdir -p "$files" "$scratch/moved"
    if ! (cd "$files" && ask_archive source --download-only "$(debian_name "$1")") \
        >"$scratch/log" 2>&1; then
        grep '^E:' "$scratch/log" >&2 || true
        die "$exit_missing" "the source of $1 $version could not be fetched"
    fi
    if dpkg --compare-versions "$version" le "$pinned"; then
        say "$1 stays at $pinned, the newest that Debian has"
    else
        [ "$(hash_of <"$files/${path##*/}")" = "$sha256" ] \
            || die "$exit_missing" "the source of $1 is not the one that apt's lists name"
        say "$1: $pinned -> $version; its patches may be in it by now"
        printf '%s %s %s\n' "$sha256" "$(sha1sum <"$files/${path##*/}" | cut -c1-40)" "$path" \
            >"$scratch/moved/$1"
        # The build will find it there.
        [ -n "$dry_run" ] \
            || mv "$files/${path##*/}" "$cache/source/$sha256.${path##*.orig.}"
    fi
    name_holes "$1" "$pinned" "$files"/*.debian.tar.*
}

# write_moved: writes the new sources that move_package has found. Fails if there are none.
write_moved() {
    local moved name
    compgen -G "$scratch/moved/*" >/dev/null || return
    [ -z "$dry_run" ] || return 0
    for moved in "$scratch"/moved/*; do
        name=${moved##*/}
        cp "$moved" "$recipes/$name/source.partial"
        mv "$recipes/$name/source.partial" "$recipes/$name/source"
        say "toolchain/packages/$name/source: written"
    done
}

# name_holes NAME PINNED DEBIAN-TARBALL: says which holes Debian's changelog names since the pinned
# version, and no patch here.
name_holes() {
    local holes patched
    holes=$(tar -xO -f "$3" debian/changelog | entries_since "$2" | names_of_holes) || true
    # A patch's file is called by the hole, too.
    patched=$(cd "$recipes/$1" && { ls -R patches; cat patches/*.patch; } 2>/dev/null \
        | names_of_holes) || true
    holes=$(comm -23 <(printf '%s\n' "$holes") <(printf '%s\n' "$patched") | xargs)
    [ -z "$holes" ] \
        || say "    Debian's changelog names these since $2, and no patch of ours does: $holes"
}

names_of_holes() { grep -oE 'CVE-[0-9]{4}-[0-9]+' | sort -u; }

# entries_since VERSION: of a Debian changelog, the entries for this upstream version and later
# ones.
entries_since() {
    local line version
    while IFS= read -r line; do
        if [[ $line =~ ^[a-z0-9][a-z0-9.+-]*\ \(([^\)]+)\) ]]; then
            version=${BASH_REMATCH[1]#*:}
            dpkg --compare-versions "${version%-*}" ge "$1" || break
        fi
        printf '%s\n' "$line"
    done
}

pinned_path() { cut -d' ' -f3 "$recipes/$1/source"; }

# debian_name NAME: what Debian calls the source of a package.
debian_name() { basename "$(dirname "$(pinned_path "$1")")"; }

# version_in PATH: of an original tarball.
version_in() {
    local version=${1##*/}
    version=${version#*_}
    printf '%s' "${version%.orig.tar.*}"
}

# offered_source NAME: sets `path` and `sha256` of the newest original tarball.
offered_source() {
    local address file hash
    path=''
    while read -r address file _ hash; do
        [[ $file =~ \.orig\.tar\.[a-z0-9]+$ ]] || continue
        # The file's own name: in the address some characters are escaped.
        path=pool/${address#*/pool/}
        path=${path%/*}/$file sha256=${hash#SHA256:}
    done < <(ask_archive source --download-only --print-uris "$(debian_name "$1")" 2>/dev/null)
    [ -n "$path" ] || die "$exit_missing" "Debian has no source of $1 any more"
}

# ask_archive WORDS...: apt-get, which knows unstable's sources and nothing else.
ask_archive() { apt-get -q -c "$scratch/apt.conf" "$@"; }

# read_archive: fetches the list of unstable's sources (12 MB), once. apt checks its signature, and
# keeps it apart from this machine's own lists.
read_archive() {
    local mirror keys=/usr/share/keyrings/debian-archive-keyring.gpg
    [ ! -e "$scratch/apt.conf" ] || return 0
    # shellcheck disable=SC2016 # apt's own placeholders
    mirror=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 2>/dev/null \
        | sed -n 's/^Debian Debian //p' | sort -u | sed -n 1p)
    [ -n "$mirror" ] \
        || die "$exit_missing" "apt knows no mirror of Debian (apt-get update may help)"
    need_space "$cache" 200 "the list of Debian's sources"
    mkdir -p "$scratch"/{lists,archives}/partial "$cache/source"
    echo "deb-src [signed-by=$keys] $mirror unstable main" >"$scratch/sources.list"
    cat >"$scratch/apt.conf" <<END
Dir::Etc::sourcelist "$scratch/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$scratch/lists";
Dir::Cache "$scratch";
APT::Update::Error-Mode "any";
APT::Sandbox::User "";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
    say "asking $mirror what is newest"
    ask_archive update >"$scratch/log" 2>&1 || {
        grep '^E:' "$scratch/log" >&2 || true
        die "$exit_missing" "the list of Debian's sources could not be fetched"
    }
}
