# Where source code comes from, for the kernel and for each package: Debian's pool, by the mirrors
# that apt uses, and then Debian's snapshot archive, which keeps what the pool has dropped. Any
# place will do, because the hash is checked. Sourced by the scripts that build.
# shellcheck shell=bash

# fetch_file PATH SHA256 SHA1 FILE: fetches what lies at PATH of Debian's pool. Fails if no place
# has it. SHA1 is the name under which the snapshot archive keeps it.
fetch_file() {
    local mirror
    # shellcheck disable=SC2016 # apt's own placeholder
    while IFS= read -r mirror; do
        download "${mirror%/}/$1" "$2" "$4" && return
    done < <(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | sort -u)
    say "no mirror that apt knows has ${1##*/} any more; asking Debian's snapshot archive"
    download "$(snapshot_archive)/file/$3" "$2" "$4"
}

# download URL SHA256 FILE: with apt's own downloader, which knows this machine's proxies.
download() {
    /usr/lib/apt/apt-helper download-file "$1" "$3" "SHA256:$2" >/dev/null 2>&1 \
        && has_hash "$3" "$2"
}

# has_hash FILE SHA256: whether it is there, and has that hash.
has_hash() { [ -e "$1" ] && [ "$(hash_of <"$1")" = "$2" ]; }

# The snapshot archive lives on the distribution's own domain, which os-release names.
snapshot_archive() {
    local home
    home=$(sed -n 's/^HOME_URL="\(.*\)"$/\1/p' /etc/os-release)
    home=${home#*//}
    home=${home%%/*}
    printf '%s' "${HAMMOCK_SNAPSHOT_ARCHIVE:-https://snapshot.${home#www.}}"
}

# apply_patches TREE PATCH...: without fuzz, because a patch that fits only nearly may do something
# else. Fails with the name of the one that does not fit in `misfit`.
apply_patches() {
    local tree=$1
    shift
    for misfit; do
        patch --directory "$tree" --strip 1 --fuzz 0 --forward --no-backup-if-mismatch --silent \
            <"$misfit" || return
    done
}
