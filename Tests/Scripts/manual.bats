# The manual pages and CONTRIBUTING, held against what they are about.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh"
}

setup() {
    load ../Support/helpers
    pages=$root/docs/man
}

# options_of_help: of a --help on standard input, the options, one a line. What explains an
# option stands two spaces behind it, or on the next line.
options_of_help() {
    sed -nE 's/^ +(-.*)/\1/p' | sed 's/  .*//' | grep -oE -- '--?[A-Za-z][A-Za-z-]*|^--( |$)' \
        | sed 's/ $//' | sort -u
}

# options_of_page PAGE HEADING: the options that have an entry below this heading, one a line.
options_of_page() {
    awk -v heading="$2" '
        /^\.S[hs] / {
            level = $1
            title = $0
            sub(/^\.S[hs] /, "", title)
            if (title == heading) { inside = level; next }
            if (inside == ".Ss" || level == ".Sh") inside = ""
        }
        inside && /^\.It Fl / {
            for (i = 2; i < NF; i++) if ($i == "Fl") print "-" $(i + 1)
        }' "$pages/$1" | sort -u
}

# called NAME: the path of an init by this name.
called() {
    ln -sf "$out/init" "$BATS_TEST_TMPDIR/$1"
    echo "$BATS_TEST_TMPDIR/$1"
}

# same_options HELP PAGE: the same lists, and no empty ones.
same_options() {
    [ "$(wc -l <<<"$1")" -ge 7 ]
    diff <(echo "$1") <(echo "$2")
}

@test "mandoc has nothing to say about the manual pages" {
    local page
    for page in "$pages"/*; do
        # Which other pages there are is this machine's business. NAMES is a section.
        run mandoc -Tlint -Wstyle "$page"
        run ! grep -v -e 'referenced manual not found' -e 'outdated mandoc.db' \
            -e 'section name: Sh NAMES' <<<"${output:-outdated mandoc.db}"
        # And it can be read.
        run -0 mandoc -Tutf8 "$page"
        [ ${#lines[@]} -ge 100 ]
    done
}

@test "each option of init's has its entry in its page, and no other has" {
    same_options "$("$out/init" --help | options_of_help)" "$(options_of_page init.8 OPTIONS)"
}

@test "each option of poweroff and its like has its entry in the page, and no other has" {
    same_options "$("$(called poweroff)" --help | options_of_help)" \
        "$(options_of_page init.8 "Power commands")"
}

@test "each option of boot.sh's has its entry in its page, and no other has" {
    same_options "$("$root/scripts/boot.sh" --help | options_of_help)" \
        "$(options_of_page boot.sh.1 OPTIONS)"
}

@test "each word of the kernel's command line that --help names has its entry in the page" {
    local word words
    words=$("$out/init" --help | grep -oE 'hammock\.[a-z]+' | sort -u)
    [ "$(wc -l <<<"$words")" -ge 4 ]
    for word in $words; do grep -q "^\.It Cm $word Ns = Ns " "$pages/init.8"; done
}

@test "each name that init is called by stands in the page" {
    local name
    # Those of the package's links, and those of the power commands.
    for name in $(grep -oE '^ +for peer in [a-z -]+;' "$root/scripts/package.sh" \
        | sed 's/.* in //; s/;//') poweroff reboot halt shutdown; do
        grep -q "^\.Nm $name\( [,.]\| *$\)" "$pages/init.8" || {
            echo "not in the page: $name" >&2
            return 1
        }
    done
}

@test "each exit code that boot.sh --help names has its entry in the page" {
    local code
    for code in $("$root/scripts/boot.sh" --help | sed -n '/^Exit codes:/,$p' \
        | grep -oE '\b[0-9]+\b' | sort -u); do
        grep -qx "\.It $code" "$pages/boot.sh.1"
    done
}

@test "each file that CONTRIBUTING names is there" {
    local path number=0
    while IFS= read -r path; do
        [ -e "$root/$path" ] || { echo "there is no $path" >&2; return 1; }
        number=$((number + 1))
    done < <(grep -oE '`(Sources|Tests|scripts|toolchain|docs)/[A-Za-z0-9+._/-]+`' \
        "$root/CONTRIBUTING.md" | tr -d '`' | sort -u)
    [ "$number" -ge 20 ]
}
