# The course in docs/: each chapter's commands, by chapter.py, and what it shows.

setup_file() {
    load ../Support/helpers
    # What a chapter's first boot would build. Its output is not the chapter's.
    HAMMOCK_NESTED=yes "$root/scripts/build-init.sh"
    HAMMOCK_NESTED=yes "$root/scripts/build-init.sh" --product hammock
    HAMMOCK_NESTED=yes "$root/scripts/build-kernel.sh"
    HAMMOCK_NESTED=yes "$root/scripts/build-package.sh" --all
}

setup() { load ../Support/helpers; }

# The lists that chapters write are in their own directory; what is made of them is in out/.
teardown() { rm -f "$out"/course-*.{img,cpio}{,.inputs}; }

# chapter NUMBER: runs it where all of the checkout is, and what it writes is not.
chapter() {
    local name path=("$root/docs/$1"-*.md)
    for name in "$root"/*; do ln -s "$name" "$BATS_TEST_TMPDIR/"; done
    mkdir "$BATS_TEST_TMPDIR/home"
    # The user's own keys may have a passphrase.
    export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
    HOME=$BATS_TEST_TMPDIR/home "$BATS_TEST_DIRNAME/chapter.py" "${path[0]}" "$BATS_TEST_TMPDIR"
}

# run_text: runs standard input as a chapter.
run_text() {
    cat >"$BATS_TEST_TMPDIR/chapter.md"
    CHAPTER_DEADLINE=${deadline-60} run "$BATS_TEST_DIRNAME/chapter.py" \
        "$BATS_TEST_TMPDIR/chapter.md" "$BATS_TEST_TMPDIR"
}

# --- chapter.py -----------------------------------------------------------------------------

@test "a chapter that shows what happens passes" {
    run_text <<'END'
Prose, and a file to read:

    [Service]

    $ printf '%s\n' one two 3.25 four
    one
    ...
    3...
    four
    $ cat >file <<'WORD'
    a line

    $HOME
    WORD
    $ cat file
    a line

    $HOME
    $ echo a \
        b
    a b
    $ (exit 3)
    $ echo $?
    3
    $ sh -c 'echo begun; exec sleep 1000'
    begun
    ^C
    $ echo $?
    130
END
    expect_status 0
}

@test "a chapter with other output than what comes fails, and says where" {
    local shown deadline=1 # which is waited for
    for shown in one 'one two' $'two\none' $'one\ntwo\nthree' $'one\n...\ntwo...o' $'on\n...'; do
        run_text <<<"    \$ printf 'one\\ntwo\\n'"$'\n    '"${shown//$'\n'/$'\n    '}"
        expect_status 1
    done
    deadline=5
    run_text <<'END'
Text

    $ echo right
    right
    $ echo wrong
    write
END
    expect_status 1
    expect_output "line 5: echo wrong"
}

@test "a chapter with a command that fails, or that is not there, fails" {
    run_text <<'END'
    $ (exit 3)
    $ echo next
    next
END
    expect_status 1
    expect_output "ended with 3"
    run_text <<'END'
    / # ls
END
    expect_status 1
    expect_output "no terminal shows a machine's prompt"
    run_text <<<'Only text.'
    expect_status 1
    expect_output "no block has a command"
}

@test "a block that is not run has a reason" {
    run_text <<'END'
    $ echo run
    run

<!-- not run: it takes ten minutes -->

    $ exit 1
END
    expect_status 0
    run "$BATS_TEST_DIRNAME/chapter.py" --not-run "$BATS_TEST_TMPDIR/chapter.md"
    [ "$output" = "chapter.md:6: it takes ten minutes" ]
}

# --- the chapters ---------------------------------------------------------------------------

@test "chapter 1: a kernel, and one program" { chapter 1; }
@test "chapter 3: a C library, and a program" { chapter 3; }
@test "chapter 4: the shell" { chapter 4; }
@test "chapter 6: the network" { chapter 6; }
@test "chapter 7: SSH" { chapter 7; }
@test "chapter 8: what a distribution does" { chapter 8; }

@test "each numbered chapter has its test here, and its line in the table of contents" {
    local path number
    for path in "$root"/docs/[0-9]*-*.md; do
        number=${path##*/}
        number=${number%%-*}
        grep -q "^@test \"chapter $number: " "$BATS_TEST_FILENAME"
        grep -q "^$number\. .*(${path##*/})" "$root/docs/README.md"
    done
}

@test "each link between the pages leads to a file" {
    local page link
    for page in "$root"/docs/*.md; do
        while IFS= read -r link; do
            [ -e "${page%/*}/$link" ] || { echo "${page##*/} links to $link"; return 1; }
        done < <(grep -oE '\]\([^):#]+\)' "$page" | sed 's/^](//; s/)$//')
    done
}

# bats has no count of its own for blocks.
@test "blocks that no test runs" {
    local path
    output=$(for path in "$root"/docs/[0-9]*-*.md; do
        "$BATS_TEST_DIRNAME/chapter.py" --not-run "$path"
    done)
    [ -z "$output" ] || skip "${output//$'\n'/; }"
}
