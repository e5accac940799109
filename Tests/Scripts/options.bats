# What the scripts say if a user calls them wrongly, or if the machine lacks something.

setup() {
    load ../Support/helpers
    stubs=$BATS_TEST_TMPDIR/stubs
    mkdir "$stubs"
}

# stub NAME BODY: makes a command NAME that runs BODY instead of the real command.
stub() {
    printf '#!/bin/bash\n%s\n' "$2" >"$stubs/$1"
    chmod +x "$stubs/$1"
}

# in_library COMMANDS: runs COMMANDS in a script that has sourced lib.sh, with the stubs first on
# the PATH.
in_library() {
    printf '#!/bin/bash\n. "%s/scripts/lib.sh"\n%s\n' "$root" "$1" >"$BATS_TEST_TMPDIR/script"
    PATH=$stubs:$PATH run bash "$BATS_TEST_TMPDIR/script"
}

@test "every script explains itself, even when called by another name" {
    local script
    for script in "$root"/scripts/*.sh; do
        [[ ${script##*/} != lib*.sh ]] || continue
        run "$script" --help
        expect_status 0
        expect_output "scripts/${script##*/}"
        ln -sf "$script" "$BATS_TEST_TMPDIR/another-name"
        run "$BATS_TEST_TMPDIR/another-name" --help
        expect_status 0
        expect_output "scripts/${script##*/}"
    done
}

@test "without HOME --help works, and the cache always has an absolute path" {
    run env -u HOME -u XDG_CACHE_HOME "$root/scripts/boot.sh" --help
    expect_status 0
    in_library 'echo "$cache"'
    [[ $output == /* ]]
    XDG_CACHE_HOME=relative in_library 'echo "$cache"'
    [[ $output == /* ]]
}

@test "without HOME the scripts use the home directory that the machine has for the user" {
    local home
    home=$(getent passwd "$(id -u)" | cut -d: -f6)
    [ -n "$home" ] || skip "this machine does not know its user"
    unset XDG_CACHE_HOME
    (unset HOME; in_library 'echo "$HOME $cache"'; [ "$output" = "$home $home/.cache/hammock" ])
    HOME='' in_library 'echo "$HOME $cache"'
    [ "$output" = "$home $home/.cache/hammock" ]
}

@test "the scripts name a directory that they cannot write to" {
    in_library 'out=/proc/nothing; one_at_a_time thing'
    expect_status 3
    expect_output "cannot write to /proc/nothing"
}

@test "an artefact whose build was cut short is not up to date" {
    in_library 'cd "'"$BATS_TEST_TMPDIR"'"
        echo one >new; put_in_place new artefact A
        up_to_date artefact A || exit 10
        echo two >new
        printf() { exit 11; } # cut short before the note is written
        (put_in_place new artefact B) || true
        unset -f printf
        up_to_date artefact A && exit 12
        up_to_date artefact B && exit 13
        true'
    expect_status 0
}

@test "every script refuses an option that it does not know, and names it" {
    local script
    for script in "$root"/scripts/*.sh; do
        [[ ${script##*/} != lib*.sh ]] || continue
        run "$script" --no-such-option
        expect_status 2
        expect_output "unknown option '--no-such-option' (see ${script##*/} --help)"
    done
}

@test "the scripts refuse an option without its value" {
    local option
    for option in --machine --accel --memory --cpus --kernel --image --list --add --root \
        --units --append --timeout; do
        run "$root/scripts/boot.sh" $option
        expect_status 2
        expect_output "$option needs a value"
    done
    for option in --source --config --fragment --output; do
        run "$root/scripts/build-kernel.sh" $option
        expect_status 2
        expect_output "$option needs a value"
    done
    for option in --size --list --add --root --units --init --output; do
        run "$root/scripts/build-image.sh" $option
        expect_status 2
        expect_output "$option needs a value"
    done
    for option in --only --runs --init --orphans --accel --peer-config; do
        run "$root/scripts/bench.sh" $option
        expect_status 2
        expect_output "$option needs a value"
    done
    run "$root/scripts/test.sh" --only
    expect_status 2
}

@test "boot.sh names the value that it cannot use" {
    run "$root/scripts/boot.sh" --machine toaster
    expect_status 2
    expect_output "--machine is pc, q35 or microvm, not 'toaster'"
    run "$root/scripts/boot.sh" --accel warp
    expect_status 2
    expect_output "'warp'"
    local number
    for number in 0 -1 1.5 many 99999999999 ''; do
        run "$root/scripts/boot.sh" --memory "$number"
        expect_status 2
        expect_output "--memory takes a whole number above 0, not '$number'"
    done
}

@test "boot.sh refuses to count instructions under KVM: only the emulation can count them" {
    run "$root/scripts/boot.sh" --instructions --accel kvm
    expect_status 2
    expect_output "--instructions are counted by the emulation, not by KVM"
}

@test "boot.sh refuses two jobs for one boot, in whichever order" {
    local one other
    for one in --check "--timeline -" --instructions --dry-run; do
        for other in --check "--timeline -" --instructions --dry-run; do
            [ "$one" != "$other" ] || continue
            # shellcheck disable=SC2086 # words
            run "$root/scripts/boot.sh" $one $other
            expect_status 2
            expect_output "${one% -} and ${other% -} are two jobs"
        done
    done
    run "$root/scripts/boot.sh" --dry-run --dry-run
    expect_status 0
}

@test "boot.sh names a file that is missing or is no file" {
    run "$root/scripts/boot.sh" --check --image "$BATS_TEST_TMPDIR/no image"
    expect_status 2
    expect_output "there is no '$BATS_TEST_TMPDIR/no image'"
    run "$root/scripts/boot.sh" --check --image "$BATS_TEST_TMPDIR"
    expect_status 2
    expect_output "is not a file that can be read"
    run "$root/scripts/boot.sh" --check --kernel "$BATS_TEST_TMPDIR/no kernel"
    expect_status 2
    expect_output "no kernel"
    run "$root/scripts/boot.sh" --check --initramfs "$BATS_TEST_TMPDIR/no initramfs"
    expect_status 2
    expect_output "no initramfs"
}

@test "boot.sh names an image that it may not read" {
    [ "$(id -u)" -ne 0 ] || skip "root may read everything"
    touch "$BATS_TEST_TMPDIR/secret"
    chmod 000 "$BATS_TEST_TMPDIR/secret"
    run "$root/scripts/boot.sh" --check --image "$BATS_TEST_TMPDIR/secret"
    expect_status 2
    expect_output "is not a file that can be read"
}

@test "if the kernel is no kernel, boot.sh shows qemu's own message" {
    echo "not a kernel" >"$BATS_TEST_TMPDIR/text"
    run "$root/scripts/boot.sh" --check --timeout 20 --kernel "$BATS_TEST_TMPDIR/text"
    expect_status 1
    expect_output "qemu ended before the greeting"
    expect_output "invalid kernel header"
}

@test "without a terminal boot.sh names the options that need none" {
    run "$root/scripts/boot.sh" </dev/null
    expect_status 2
    expect_output "use --check, or --timeout SECONDS"
}

@test "boot.sh refuses a word that the kernel's command line cannot carry" {
    local word
    for word in 'say "hello"' $'two\nlines' --; do
        run "$root/scripts/boot.sh" --dry-run -- /program "$word"
        expect_status 2
        expect_output 'cannot hand'
    done
}

@test "boot.sh refuses more than the kernel's command line takes" {
    local words
    mapfile -t words < <(seq 33)
    run "$root/scripts/boot.sh" --dry-run -- "${words[@]}"
    expect_status 2
    expect_output "-- hands at most 32 words to init, and these are 33"
    run "$root/scripts/boot.sh" --dry-run -- "${words[@]:1}"
    expect_status 0
    run "$root/scripts/boot.sh" --dry-run --machine pc --append "$(printf '%02100d' 0)"
    expect_status 2
    expect_output "takes 2047 bytes, and with these words it would have 2139"
}

@test "boot.sh ends a PC's boot at a panic if a program is among the words, and only then" {
    local words
    for words in "/program" "--option /program" "-x --y /program -z"; do
        # shellcheck disable=SC2086 # words
        run "$root/scripts/boot.sh" --dry-run --machine pc -- $words
        expect_status 0
        expect_output "'-no-reboot'"
        expect_output " panic=-1 -- "
    done
    for words in "program" "--option" "--option=/program" "program /program"; do
        # shellcheck disable=SC2086 # words
        run "$root/scripts/boot.sh" --dry-run --machine pc -- $words
        expect_status 0
        [[ $output != *panic=-1* ]]
    done
}

@test "boot.sh refuses an --add that makes no sense before it builds anything" {
    local addition=$BATS_TEST_TMPDIR/file:/file
    touch "$BATS_TEST_TMPDIR/file"
    run "$root/scripts/boot.sh" --check --add "$addition" --image "$BATS_TEST_TMPDIR/file"
    expect_status 2
    expect_output "--add makes an image"
    run "$root/scripts/boot.sh" --check --add "$addition" --initramfs "$BATS_TEST_TMPDIR/file"
    expect_status 2
    run "$root/scripts/boot.sh" --dry-run --add "$addition"
    expect_status 2
    expect_output "build-image.sh --add makes one to keep"
    run "$root/scripts/boot.sh" --check --add "$BATS_TEST_TMPDIR/none:/file"
    expect_status 2
    expect_output "--add: there is no '$BATS_TEST_TMPDIR/none'"
    [ -z "$(find "$out" -name '.boot.*')" ]
}

@test "boot.sh refuses a list that is none, or another image beside it, before it builds anything" {
    local list=$BATS_TEST_TMPDIR/mine.list
    touch "$BATS_TEST_TMPDIR/file"
    run "$root/scripts/boot.sh" --check --list "$list"
    expect_status 2
    expect_output "--list: there is no '$list'"
    run "$root/scripts/boot.sh" --check --list "$BATS_TEST_TMPDIR/file"
    expect_status 2
    expect_output "--list takes a file that is called NAME.list, not '$BATS_TEST_TMPDIR/file'"
    echo init >"$list"
    run "$root/scripts/boot.sh" --check --list "$list" --image "$BATS_TEST_TMPDIR/file"
    expect_status 2
    expect_output "--list makes an image"
    run "$root/scripts/boot.sh" --check --list "$list" --initramfs "$BATS_TEST_TMPDIR/file"
    expect_status 2
    expect_output "--list makes an image"
    run "$root/scripts/boot.sh" --check --list "$list" --root "$BATS_TEST_TMPDIR" --rw --image new
    expect_status 2
    expect_output "--root brings all that is in the image, and so does --list"
    run "$root/scripts/boot.sh" --dry-run --list "$list" --add "$BATS_TEST_TMPDIR/file:/file"
    expect_status 2
    expect_output "build-image.sh --add makes one to keep"
    [ -z "$(find "$out" -name '.boot.*' -o -name 'mine.*')" ]
}

@test "--dry-run with a list prints the names of its images" {
    local list=$BATS_TEST_TMPDIR/mine.list
    echo init >"$list"
    run "$root/scripts/boot.sh" --dry-run --list "$list"
    expect_status 0
    expect_output "format=raw,file=$out/mine.img"
    # The initramfs may be asked for before the list.
    run "$root/scripts/boot.sh" --dry-run --initramfs --list "$list"
    expect_status 0
    expect_output "'-initrd' '$out/mine.cpio'"
}

# make_root: a directory that can be a root, and what cannot. Sets `base`.
make_root() {
    own_tmp
    base=$BATS_TEST_TMPDIR/base
    mkdir -p "$base/etc"
    seq 1000 >"$base/etc/file"
    ln -s loop "$BATS_TEST_TMPDIR/loop"
    echo "no tar" >"$BATS_TEST_TMPDIR/text"
    tar -cPf "$BATS_TEST_TMPDIR/absolute.tar" "$base/etc/file"
    (cd "$base/etc" && tar -cPf "$BATS_TEST_TMPDIR/up.tar" ../etc/file)
    tar -C "$base" -cf "$BATS_TEST_TMPDIR/whole.tar" .
    head -c 3000 "$BATS_TEST_TMPDIR/whole.tar" >"$BATS_TEST_TMPDIR/cut.tar"
}

# own_tmp: a directory for temporary files, of this test alone.
own_tmp() {
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir "$TMPDIR"
}

# nothing_is_left: of an image that was not made.
nothing_is_left() {
    [ -z "$(find "$out" "$BATS_TEST_TMPDIR" -name '.boot.*' -o -name '.image.??????')" ]
    [ -z "$(ls -A "$TMPDIR")" ]
}

@test "a root that is none is refused before anything is built" {
    make_root
    local source
    for source in nothing loop ''; do
        [ -z "$source" ] || source=$BATS_TEST_TMPDIR/$source
        run "$root/scripts/boot.sh" --check --root "$source"
        expect_status 2
        expect_output "--root: there is no '$source'"
    done
    for source in text cut.tar; do
        run "$root/scripts/boot.sh" --check --root "$BATS_TEST_TMPDIR/$source"
        expect_status 2
        expect_output "'$BATS_TEST_TMPDIR/$source' is neither a directory nor a whole tar"
    done
    run "$root/scripts/boot.sh" --check --root /dev/null
    expect_status 2
    expect_output "is not a file that can be read"
    run "$root/scripts/boot.sh" --check --root "$BATS_TEST_TMPDIR/absolute.tar"
    expect_status 2
    expect_output "has the name '$base/etc/file', which leads out of the root"
    run "$root/scripts/boot.sh" --check --root "$BATS_TEST_TMPDIR/up.tar"
    expect_status 2
    expect_output "has the name '../etc/file', which leads out of the root"
    nothing_is_left
}

@test "where init cannot be built there is no image of a root, and nothing is left" {
    make_root
    local copy=$BATS_TEST_TMPDIR/copy tools=$BATS_TEST_TMPDIR/tools
    mkdir -p "$copy" "$tools"
    cp -R "$root/scripts" "$root/toolchain" "$copy/"
    ln -s /usr/bin/* "$tools/"
    rm -f "$tools"/swift*
    out=$copy/out PATH=$tools run "$copy/scripts/boot.sh" --check --root "$base"
    expect_status 3
    expect_output "Swift is missing"
    out=$copy/out nothing_is_left
}

@test "what --root has no use for is refused before anything is built" {
    make_root
    local image=$BATS_TEST_TMPDIR/new.img
    run "$root/scripts/boot.sh" --check --root "$base" --image "$BATS_TEST_TMPDIR/text"
    expect_status 2
    expect_output "--root makes an image"
    run "$root/scripts/boot.sh" --check --root "$base" --initramfs
    expect_status 2
    expect_output "--root makes a disk, so there is no use for --initramfs"
    run "$root/scripts/boot.sh" --check --root "$base" --rw
    expect_status 2
    expect_output "--rw needs --image NEWFILE"
    expect_output "--append rw"
    run "$root/scripts/boot.sh" --check --rw --image "$BATS_TEST_TMPDIR/text" --root "$base"
    expect_status 2
    expect_output "--image: there is a '$BATS_TEST_TMPDIR/text' already"
    run "$root/scripts/boot.sh" --check --root "$base" --rw --image /nowhere/new.img
    expect_status 2
    expect_output "--image: there is no directory '/nowhere'"
    run "$root/scripts/boot.sh" --dry-run --root "$base"
    expect_status 2
    expect_output "build-image.sh --root makes one to keep"
    run "$root/scripts/boot.sh" --dry-run --root "$base" --rw --image "$image"
    expect_status 2
    expect_output "--dry-run makes nothing"
    run "$root/scripts/build-image.sh" --root "$base"
    expect_status 2
    expect_output "--root needs --output NAME"
    [ ! -e "$image" ]
    [ "$(cat "$BATS_TEST_TMPDIR/text")" = "no tar" ]
    nothing_is_left
}

@test "what is no unit file is refused by name before anything is built" {
    local units=$BATS_TEST_TMPDIR/units name
    own_tmp
    mkdir "$units"
    for name in nothing loop; do
        [ "$name" = nothing ] || ln -s loop "$BATS_TEST_TMPDIR/loop"
        run "$root/scripts/boot.sh" --check --units "$BATS_TEST_TMPDIR/$name"
        expect_status 2
        expect_output "--units: there is no '$BATS_TEST_TMPDIR/$name'"
    done
    run "$root/scripts/boot.sh" --check --units /etc/passwd
    expect_status 2
    expect_output "--units: '/etc/passwd' is not a directory that can be read"
    touch "$units/good.service"
    for name in README .service .hidden a.timer a.service.bak 'a b.service' a.service.d/text \
        a.service.d/.conf a.target.d/x.conf directory/a.service a.service.d/deep/x.conf; do
        mkdir -p "$units/$(dirname "$name")"
        touch "$units/$name"
        run "$root/scripts/boot.sh" --check --units "$units"
        expect_status 2
        expect_output "--units: '"
        expect_output "has no place in /etc/hammock, which is for *.service, *.target, *.socket"
        [[ $name/ == "$(sed -n "s/.*--units: '\(.*\)' has no place.*/\1/p" <<<"$output")/"* ]]
        find "$units" -mindepth 1 -not -name good.service -delete
    done
    # A link is as good as its file, and one that leads nowhere is none.
    ln -s nowhere "$units/dangling.service"
    run "$root/scripts/boot.sh" --check --units "$units"
    expect_status 2
    expect_output "'dangling.service' has no place"
    rm "$units/dangling.service"
    run "$root/scripts/boot.sh" --check --units "$units" --image "$units/good.service"
    expect_status 2
    expect_output "--units makes an image"
    run "$root/scripts/boot.sh" --dry-run --units "$units"
    expect_status 2
    expect_output "build-image.sh --units makes one to keep"
    nothing_is_left
}

@test "--dry-run prints the classic command line for pc, and runs nothing" {
    run --separate-stderr "$root/scripts/boot.sh" --dry-run --machine pc --accel kvm --rw
    expect_status 0
    local words
    eval "words=($output)"
    [ "${words[*]}" = "qemu-system-x86_64 -kernel $out/kernel/bzImage -append\
 root=/dev/sda init=/init console=ttyS0 rw -hda $out/image.img -enable-kvm\
 -nographic -serial mon:stdio" ]
}

@test "--dry-run prints every option in the form that qemu takes" {
    run --separate-stderr "$root/scripts/boot.sh" --dry-run --machine q35 --accel tcg \
        --memory 512 --cpus 3 --append "quiet loglevel=1" --append last -- -x "two words"
    expect_status 0
    expect_output "'-m' '512'"
    expect_output "'-smp' '3'"
    expect_output "'-accel' 'tcg'"
    expect_output 'quiet loglevel=1 last -- "-x" "two words"'
    expect_output "'-snapshot'"
}

@test "if --dry-run cannot measure the processor, it says why, with the right exit code" {
    local copy=$BATS_TEST_TMPDIR/copy tools=$BATS_TEST_TMPDIR/tools
    mkdir -p "$copy/toolchain" "$tools"
    cp -R "$root/scripts" "$copy/"
    cp -R "$root/toolchain/host" "$copy/toolchain/"
    ln -s /usr/bin/* "$tools/"
    rm "$tools/gcc"
    PATH=$tools run "$copy/scripts/boot.sh" --dry-run --accel tcg
    expect_status 3
    [ "${lines[-1]}" = "boot.sh: gcc is missing (apt-get install gcc libc6-dev)" ]
    stub gcc 'echo "cannot compile, says the stub" >&2; exit 1'
    PATH=$stubs:$tools run "$copy/scripts/boot.sh" --dry-run --accel tcg
    expect_status 1
    expect_output "cannot compile, says the stub"
    [ "${lines[-1]}" = "boot.sh: toolchain/host/tsc-khz.c cannot be compiled" ]
    # q35 needs no measurement, and so no compiler.
    PATH=$tools run "$copy/scripts/boot.sh" --dry-run --accel tcg --machine q35
    expect_status 0
    [ ! -e "$copy/out" ] || [ -z "$(ls -A "$copy/out")" ]
}

@test "--quiet keeps the kernel and a PC's BIOS off the console" {
    run --separate-stderr "$root/scripts/boot.sh" --dry-run --machine pc --quiet -- word
    expect_status 0
    [ -z "$stderr" ]
    expect_output ' quiet loglevel=3 -- "word"'
    expect_output "'-display' 'none' '-serial'"
}

@test "boot.sh says whether KVM is missing or cannot run Linux" {
    echo 'flags : fpu vme' >"$BATS_TEST_TMPDIR/without"
    HAMMOCK_KVM_DEVICE=/no/kvm run "$root/scripts/boot.sh" --dry-run
    expect_output "microvm, tcg (there is no /no/kvm)"
    HAMMOCK_KVM_DEVICE=/dev/null HAMMOCK_CPUINFO=$BATS_TEST_TMPDIR/without \
        run "$root/scripts/boot.sh" --dry-run
    expect_output "neither vmx nor svm"
}

@test "on a machine that is not Debian, the scripts say that they need Debian" {
    in_library 'command() { false; }; need_packages boot'
    expect_status 3
    expect_output "needs Debian 12 or 13"
}

@test "the scripts name a missing package, and the command that installs it" {
    stub dpkg-query 'echo not-installed; exit 1'
    in_library 'id() { echo 1000; }; need_packages boot </dev/null'
    expect_status 3
    expect_output "missing Debian packages: gcc libc6-dev qemu-system-x86"
    expect_output "apt-get install --yes --no-install-recommends gcc libc6-dev qemu-system-x86"
}

@test "the scripts find one missing package among installed ones" {
    in_library 'packages_for() { echo bash hammock-is-no-package; }; id() { echo 1000; }
        need_packages any </dev/null'
    expect_status 3
    expect_output "missing Debian packages: hammock-is-no-package"
    [[ $output != *"bash hammock"* ]]
}

@test "for root the scripts install missing packages, and report a failure" {
    stub dpkg-query 'echo not-installed; exit 1'
    stub apt-get 'echo "E: no network, says the stub"; exit 100'
    in_library 'id() { echo 0; }; need_packages boot'
    expect_status 3
    expect_output "installing them: apt-get install"
    expect_output "no network, says the stub"
}

@test "without Swift the scripts say which version they need, and where to get it" {
    in_library 'PATH=/usr/bin:/bin; command() { false; }; need_swift'
    expect_status 3
    expect_output "Swift is missing"
    expect_output "6.3"
    expect_output "swift.org/install"
}

@test "the scripts say so if Swift is too old" {
    stub swiftc 'echo "\"compilerVersion\": \"Swift version 5.10.1 (swift-5.10.1-RELEASE)\","'
    in_library need_swift
    expect_status 3
    expect_output "Swift 5.10.1 is too old"
}

@test "the scripts say so if Swift has no Embedded library" {
    stub swiftc 'echo "\"compilerVersion\": \"Swift version 6.9 (swift-6.9-RELEASE)\","
        echo "\"runtimeResourcePath\": \"/nowhere/lib/swift\","'
    in_library need_swift
    expect_status 3
    expect_output "no Embedded Swift for x86-64 Linux"
}

@test "the scripts report a full disk before they write to it" {
    stub df 'printf "Avail\n 3M\n"'
    in_library 'need_space "'"$BATS_TEST_TMPDIR"'" 600 "the test"'
    expect_status 3
    expect_output "the test needs 600 MiB in $BATS_TEST_TMPDIR, and 3 MiB are free"
}

@test "the second of two builds waits for the first" {
    in_library 'out='"$BATS_TEST_TMPDIR"'
        (one_at_a_time thing; touch "$out/held"
            until grep -q "waiting for it" "$out/second"; do sleep 0.01; done
            echo first >>"$out/order") &
        until [ -e "$out/held" ]; do sleep 0.01; done
        one_at_a_time thing 2>"$out/second"; echo second >>"$out/order"; wait'
    expect_status 0
    [ "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/order")" = "first second " ]
}

@test "test.sh refuses a ring that does not exist" {
    run "$root/scripts/test.sh" --only circus
    expect_status 2
    expect_output "'circus' is none"
}

@test "bench.sh names the value that it cannot use" {
    run "$root/scripts/bench.sh" --only memory --only circus
    expect_status 2
    expect_output "--only takes init, peers, services, boot, memory, ssh or run, not 'circus'"
    run "$root/scripts/bench.sh" --accel warp
    expect_status 2
    expect_output "--accel is auto, kvm or tcg, not 'warp'"
    local option number
    for option in --runs --orphans; do
        for number in 0 -1 many ''; do
            run "$root/scripts/bench.sh" "$option" "$number"
            expect_status 2
            expect_output "$option takes a whole number above 0, not '$number'"
        done
    done
}

@test "bench.sh takes several configurations, but no two of the same name" {
    local directory=$BATS_TEST_TMPDIR
    mkdir "$directory/other"
    touch "$directory/small.config" "$directory/other/small.config" "$directory/ours.config" \
        "$directory/virtme"
    run "$root/scripts/bench.sh" --peer-config "$directory/none"
    expect_status 2
    expect_output "--peer-config: there is no '$directory/none'"
    run "$root/scripts/bench.sh" --peer-config "$directory/small.config" --peer-config defconfig \
        --peer-config "$directory/other/small.config"
    expect_status 2
    expect_output "the table has a kernel 'small' already"
    run "$root/scripts/bench.sh" --peer-config "$directory/ours.config"
    expect_status 2
    expect_output "the table has a kernel 'ours' already"
    run "$root/scripts/bench.sh" --peer-config "$directory/virtme"
    expect_status 2
    expect_output "the table has a kernel 'virtme' already"
    # bench.sh takes both configurations, and refuses only the option after them.
    run "$root/scripts/bench.sh" --peer-config "$directory/small.config" --peer-config defconfig \
        --runs none
    expect_status 2
    expect_output "--runs takes a whole number above 0, not 'none'"
}

@test "boot.sh refuses a timeline that cannot be drawn before it boots anything" {
    run "$root/scripts/boot.sh" --timeline boot.png
    expect_status 2
    expect_output "a name that ends in .svg or .json, or -, not 'boot.png'"
    run "$root/scripts/boot.sh" --timeline /nowhere/boot.svg
    expect_status 2
    expect_output "there is no directory '/nowhere'"
    run "$root/scripts/boot.sh" --timeline - -- /program
    expect_status 2
    expect_output "with a program there is none"
}
