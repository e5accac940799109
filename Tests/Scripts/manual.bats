# The manual pages and CONTRIBUTING, compared with what they describe.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh"
    "$root/scripts/build-init.sh" --product hammock
    # It builds the tool.
    "$root/scripts/hammock" --help >/dev/null
}

setup() {
    load ../Support/helpers
    pages=$root/docs/man
}

# options_of_help: prints the options of the --help on standard input, one per line. The
# explanation of an option follows after two spaces, or on the next line.
options_of_help() {
    sed -nE 's/^ +(-.*)/\1/p' | sed 's/  .*//' | grep -oE -- '--?[A-Za-z][A-Za-z-]*|^--( |$)' \
        | sed 's/ $//' | sort -u
}

# options_of_page PAGE HEADING: prints the options that have an entry below this heading, one per
# line.
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

# called NAME: makes a link of this name to init, and prints its path.
called() {
    ln -sf "$out/init" "$BATS_TEST_TMPDIR/$1"
    echo "$BATS_TEST_TMPDIR/$1"
}

# same_options HELP PAGE: the two lists are the same, and not empty.
same_options() {
    [ "$(wc -l <<<"$1")" -ge 7 ]
    diff <(echo "$1") <(echo "$2")
}

@test "mandoc does not complain about the manual pages" {
    local page
    for page in "$pages"/*; do
        # Which other pages are installed depends on the machine. NAMES is a section of ours.
        run mandoc -Tlint -Wstyle "$page"
        run ! grep -v -e 'referenced manual not found' -e 'outdated mandoc.db' \
            -e 'section name: Sh NAMES' <<<"${output:-outdated mandoc.db}"
        # mandoc can also format the page.
        run -0 mandoc -Tutf8 "$page"
        [ ${#lines[@]} -ge 50 ]
    done
}

@test "each option of init has an entry in the page, and no other has one" {
    same_options "$("$out/init" --help | options_of_help)" "$(options_of_page init.8 OPTIONS)"
}

@test "each option of poweroff and its like has an entry in the page, and no other has one" {
    same_options "$("$(called poweroff)" --help | options_of_help)" \
        "$(options_of_page init.8 "Power commands")"
}

@test "each option of boot.sh has an entry in its page, and no other has one" {
    same_options "$("$root/scripts/boot.sh" --help | options_of_help)" \
        "$(options_of_page boot.sh.1 OPTIONS)"
}

@test "each option of hammock has an entry in its page, and no other has one" {
    same_options "$("$out/hammock" --help | options_of_help)" "$(options_of_page hammock.1 OPTIONS)"
}

@test "each verb of hammock has an entry in its page, and no other has one" {
    local help
    help=$("$out/hammock" --help | sed -nE 's/^  ([a-z]+)  .*/\1/p' | sort)
    [ "$(wc -l <<<"$help")" -ge 14 ]
    diff <(echo "$help") <(sed -n '/^\.Sh VERBS/,/^\.Sh OPTIONS/s/^\.It Cm //p' \
        "$pages/hammock.1" | sort)
}

@test "each option of hammock run and its like has an entry in their page, and no other has one" {
    local command help
    help=$({
        "$out/hammock-host" --help
        for command in run exec ps stop ssh; do "$out/hammock-host" "$command" --help; done
    } | options_of_help | grep -vx -e -h)
    same_options "$help" "$(options_of_page hammock-run.1 OPTIONS | grep -vx -e -h)"
}

@test "each option of hammock build has an entry in its page, and no other has one" {
    same_options "$("$out/hammock-host" build --help | options_of_help)" \
        "$(options_of_page hammock-build.1 OPTIONS)"
}

@test "each kind of hammock build is in its page" {
    local kind kinds
    kinds=$("$out/hammock-host" build --help | tr -s ' \n' ' ' \
        | sed 's/.*What to make. (values: //; s/).*//; s/,//g')
    [ "$(wc -w <<<"$kinds")" -eq 6 ]
    for kind in $kinds; do grep -qx "\.It Cm $kind" "$root/docs/man/hammock-build.1"; done
}

@test "each command of the host's tool and each of its exit codes is in its page" {
    local command code number=0
    for command in $("$out/hammock-host" --help | sed -nE '/^SUBCOMMANDS/,/^$/s/^  ([a-z]+)  .*/\1/p'); do
        grep -qx "\.Cm $command" "$pages/hammock-run.1"
        number=$((number + 1))
    done
    [ "$number" -ge 6 ]
    for code in $("$out/hammock-host" run --help | grep -oE '\b1[23][0-9]:' | tr -d :); do
        grep -qx "\.It $code" "$pages/hammock-run.1"
        number=$((number + 1))
    done
    [ "$number" -ge 12 ]
}

@test "the page of the runtime has each annotation and each variable that it reads" {
    local name names
    # MachineOrder.swift has what the runtime says to itself in a container.
    names=$(grep -rhoE --exclude=MachineOrder.swift 'io\.hammock\.[a-z]+|HAMMOCK_[A-Z_]+' \
        "$root/Sources/HostKit/Runtime" | sort -u)
    [ "$(wc -l <<<"$names")" -ge 5 ]
    for name in $names; do
        grep -qE "^\.It (Li|Ev) $name\$" "$pages/hammock-runtime.8"
    done
}

@test "each word of the kernel's command line that --help names has an entry in the page" {
    local word words
    words=$("$out/init" --help | grep -oE 'hammock\.[a-z]+' | sort -u)
    [ "$(wc -l <<<"$words")" -ge 4 ]
    for word in $words; do grep -q "^\.It Cm $word\( Ns = Ns .*\)\?$" "$pages/init.8"; done
}

@test "each name that init can be called by is in the page" {
    local name
    # The names of the package's links, and those of the power commands.
    for name in $(grep -oE '^ +for peer in [a-z -]+;' "$root/scripts/package.sh" \
        | sed 's/.* in //; s/;//') poweroff reboot halt shutdown; do
        grep -q "^\.Nm $name\( [,.]\| *$\)" "$pages/init.8" || {
            echo "not in the page: $name" >&2
            return 1
        }
    done
}

@test "each exit code that boot.sh --help names has an entry in the page" {
    local code
    for code in $("$root/scripts/boot.sh" --help | sed -n '/^Exit codes:/,$p' \
        | grep -oE '\b[0-9]+\b' | sort -u); do
        grep -qx "\.It $code" "$pages/boot.sh.1"
    done
}

@test "each file that CONTRIBUTING names exists" {
    local path number=0
    while IFS= read -r path; do
        [ -e "$root/$path" ] || { echo "there is no $path" >&2; return 1; }
        number=$((number + 1))
    done < <(grep -oE '`(Sources|Tests|scripts|toolchain|docs)/[A-Za-z0-9+._/-]+`' \
        "$root/CONTRIBUTING.md" | tr -d '`' | sort -u)
    [ "$number" -ge 20 ]
}
