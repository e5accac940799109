# scripts/bench.sh --hardening: how many recommendations for hardening a kernel's configuration
# follows, beside Debian's cloud kernel. Sourced by scripts/bench.sh and by the tests.
#
# The recommendations, and the reasons for not taking some, are toolchain/kernel/hardening.tsv,
# which explains its own columns.
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/lib.sh and scripts/bench.sh set

recommendations=$root/toolchain/kernel/hardening.tsv
# Of Debian's kernel packages, the one with the configuration for virtual machines.
readonly debian_flavour=amd64_none_cloud-amd64

# assess CONFIG [WORDS]: prints each recommendation behind two more columns: whether CONFIG meets
# it (yes or no) with these WORDS on the kernel's command line, and CONFIG's value of the first
# option that it names.
assess() {
    awk -F '\t' -v words="${2-}" '
        function note_words(line, word, i, at, count) {
            count = split(line, word, / +/)
            for (i = 1; i <= count && word[i] != "--"; i++) {
                at = index(word[i] "=", "=")
                set[substr(word[i], 1, at - 1)] = substr(word[i], at + 1)
            }
        }
        function has(name) { return name in set ? set[name] : "n" }
        function holds(term, part, wanted) {
            split(term, part, /!?=/)
            wanted = part[2]
            if (term ~ /!=/) return part[1] in set && set[part[1]] != wanted
            if (gsub(/\*/, "", wanted)) return index("," has(part[1]) ",", "," wanted ",")
            return has(part[1]) == wanted
        }
        function all_hold(terms, term, i, count) {
            count = split(terms, term, / and /)
            for (i = 1; i <= count; i++) if (!holds(term[i])) return 0
            return 1
        }
        function is_met(text, choice, i, count) {
            count = split(text, choice, / or /)
            for (i = 1; i <= count; i++) if (all_hold(choice[i])) return 1
            return 0
        }
        FILENAME == ARGV[1] {
            if (match($0, /^CONFIG_[A-Za-z0-9_]+=/)) {
                value = substr($0, RLENGTH + 1)
                gsub(/^"|"$/, "", value)
                set[substr($0, 8, RLENGTH - 8)] = value
            }
            next
        }
        !noted++ { note_words(set["CMDLINE"] " " words) }
        /^#/ || /^$/ { next }
        {
            first = $3
            sub(/!?=.*/, "", first)
            print (is_met($3) ? "yes" : "no") "\t" has(first) "\t" $0
        }' "$1" "$recommendations"
}

# --- the table ------------------------------------------------------------------------------

# compare_hardening: prints how many recommendations ours and Debian's meet.
compare_hardening() {
    local debian_config='' debian_version='none'
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    HAMMOCK_NESTED=yes "$root/scripts/build-kernel.sh"
    [ -z "$debian" ] || get_debian_config
    assess "$out/kernel/config" >"$work/ours"
    : >"$work/debian"
    [ -z "$debian_config" ] || assess "$debian_config" >"$work/debian"
    cat <<END
Recommendations to harden a kernel, and how many of them are met
  all: toolchain/kernel/hardening.tsv, which also has the reasons where ours does otherwise
  ours: $(title_of "$out/kernel/config")
  Debian: $debian_version
END
    printf '%6s  %6s  %6s  %s\n' ours Debian of what
    count_of 'options of the configuration' '^[A-Z]' . .
    count_of 'kernel parameters, with none given' '^[a-z]' . .
    local group source
    for group in $(column 3); do count_of "options: $group" '^[A-Z]' "^$group$" .; done
    for source in $(column 4); do count_of "options, by $source" '^[A-Z]' . "^$source$"; done
}

# column NUMBER: prints this column of an assessment.
column() { cut -f "$1" "$work/ours" | sort -u; }

# count_of WHAT NAME GROUP SOURCE: prints a line for the recommendations that match all three
# patterns.
count_of() {
    local who counts=()
    for who in ours debian; do
        counts+=("$(awk -F '\t' -v name="$2" -v group="$3" -v by="$4" '
            $5 ~ name && $3 ~ group && $4 ~ by { all++; met += $1 == "yes" }
            END { print met + 0, all + 0 }' "$work/$who")")
    done
    local ours=${counts[0]} debian=${counts[1]}
    [ -s "$work/debian" ] || debian=-
    [ "${ours#* }" -eq 0 ] || printf '%6s  %6s  %6s  %s\n' "${ours% *}" "${debian% *}" "${ours#* }" "$1"
}

# title_of CONFIG: prints the kernel that it belongs to.
title_of() { sed -n 's|^# \(Linux\)/[^ ]* \([^ ]*\) .*|\1 \2|p' "$1"; }

# get_debian_config: sets `debian_config` and `debian_version`. It is no failure if it cannot be
# fetched. Debian's kernel is of the same series as ours, so that both know the same options, and
# of the same version if apt still has that.
get_debian_config() {
    local name version
    name=$(pin kernel-package)
    name=linux-config-${name#linux-source-}
    for version in "$(pin kernel-version)" "$(candidate_of "$name")"; do
        debian_config=$cache/debian-kernel/${name}_$version.config
        debian_version="$name $version, $debian_flavour"
        [ -n "$version" ] || continue
        if [ -e "$debian_config" ] || fetch_debian_config "$name=$version"; then return; fi
    done
    say "$name cannot be had (apt-get update may help): leaving out Debian's kernel"
    debian_config='' debian_version='none'
}

# candidate_of PACKAGE: the version that apt would install.
candidate_of() { apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: \([^(].*\)$/\1/p'; }

# fetch_debian_config PACKAGE=VERSION
fetch_debian_config() {
    local partial=$debian_config.partial.$$
    say "fetching $1 (2 MiB)"
    mkdir -p "$work/debian-config" "${debian_config%/*}"
    # apt checks it by the hash in its signed lists.
    (cd "$work/debian-config" && apt-get download -q "$1" >/dev/null 2>&1) || return
    if dpkg-deb --fsys-tarfile "$work"/debian-config/*.deb \
        | tar -xO --wildcards "./usr/src/*/config.$debian_flavour.xz" \
        | xz --decompress >"$partial"; then
        mv "$partial" "$debian_config"
    else
        rm -f "$partial"
        return 1
    fi
}
