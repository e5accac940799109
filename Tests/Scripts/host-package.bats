# The Debian package hammock, for the host of machines.

setup_file() {
    load ../Support/helpers
    "$root/scripts/package.sh"
    "$root/scripts/package.sh" hammock
}

setup() {
    load ../Support/helpers
    load ../Support/package
    package=$(echo "$out"/hammock_*_amd64.deb)
    small=$(echo "$out"/hammock-init_*_amd64.deb)
}

# names_in PACKAGE: prints the mode, owner and name of each file, where the package's own name
# stands as NAME.
names_in() {
    listing "$1" | sed -E "s,/(doc|overrides)/$(dpkg-deb --field "$1" Package)(/|\$),/\1/NAME\2," \
        | sort
}

@test "lintian does not complain about the package hammock" {
    lintian_is_silent
}

@test "the package hammock has all that hammock-init has, and these files" {
    [ -z "$(comm -13 <(names_in "$package") <(names_in "$small"))" ]
    comm -23 <(names_in "$package") <(names_in "$small") | grep -vE '/(patches|runtime)/.' \
        >"$BATS_TEST_TMPDIR/more"
    diff - "$BATS_TEST_TMPDIR/more" <<'EXPECTED'
-rw-r--r-- root/root ./usr/lib/hammock/bzImage
-rw-r--r-- root/root ./usr/lib/hammock/run.cpio
-rw-r--r-- root/root ./usr/lib/hammock/vmlinux
-rw-r--r-- root/root ./usr/share/bash-completion/completions/hammock
-rw-r--r-- root/root ./usr/share/doc/NAME/kernel/config.gz
-rw-r--r-- root/root ./usr/share/doc/NAME/kernel/source
-rw-r--r-- root/root ./usr/share/fish/vendor_completions.d/hammock.fish
-rw-r--r-- root/root ./usr/share/man/man1/hammock-build.1.gz
-rw-r--r-- root/root ./usr/share/man/man1/hammock-run.1.gz
-rw-r--r-- root/root ./usr/share/man/man8/hammock-runtime.8.gz
-rw-r--r-- root/root ./usr/share/zsh/vendor-completions/_hammock
-rwxr-xr-x root/root ./usr/bin/hammock-runtime
drwxr-xr-x root/root ./usr/lib/
drwxr-xr-x root/root ./usr/lib/hammock/
drwxr-xr-x root/root ./usr/share/bash-completion/
drwxr-xr-x root/root ./usr/share/bash-completion/completions/
drwxr-xr-x root/root ./usr/share/doc/NAME/examples/runtime/
drwxr-xr-x root/root ./usr/share/doc/NAME/kernel/
drwxr-xr-x root/root ./usr/share/doc/NAME/kernel/patches/
drwxr-xr-x root/root ./usr/share/fish/
drwxr-xr-x root/root ./usr/share/fish/vendor_completions.d/
drwxr-xr-x root/root ./usr/share/zsh/
drwxr-xr-x root/root ./usr/share/zsh/vendor-completions/
EXPECTED
}

@test "the package hammock has what was built, and all that its kernel was made of" {
    unpack
    local name
    cmp "$out/init" "$unpacked/usr/libexec/hammock/init"
    for name in kernel/vmlinux kernel/bzImage run.cpio; do
        cmp "$out/$name" "$unpacked/usr/lib/hammock/${name##*/}"
    done
    "$unpacked/usr/bin/hammock" --version \
        | grep -qx "Hammock $(dpkg-deb --field "$package" Version)"
    [ "$(ls "$unpacked/DEBIAN")" = $'control\nmd5sums' ]
    cd "$unpacked/usr/share/doc/hammock/kernel"
    zcat config.gz | cmp - "$out/kernel/config"
    diff -r patches "$root/toolchain/kernel/patches"
    diff -r ../examples/runtime "$root/deploy"
    # Engines find the runtime there.
    grep -q '"/usr/bin/hammock-runtime"' ../examples/runtime/docker.json
    grep -q '^kernel-tarball-sha256 *[0-9a-f]\{64\}$' source
    same_changelog
}

@test "the package hammock asks for each package that hammock doctor names" {
    local relations name number=0
    relations=$(dpkg-deb --field "$package" Depends Recommends Suggests)
    # Nothing is there, so it names all.
    PATH=/nothing run "$out/hammock-host" doctor
    while read -r name; do
        [[ $relations =~ [\ ,]$name(,|$'\n'|$) ]] || {
            echo "not asked for: $name" >&2
            return 1
        }
        number=$((number + 1))
    done < <(sed -n 's/.*; apt-get install //p' <<<"$output")
    [ "$number" -ge 5 ]
    [[ $relations == *"libc6 (>= "* ]]
}

# offers WORDS...: prints what bash offers for the last of these words.
offers() {
    bash -c '
        source "$1"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        _hammock hammock "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"' \
        _ "$unpacked/usr/share/bash-completion/completions/hammock" "$@"
}

@test "bash, zsh and fish complete the words of hammock" {
    unpack
    local share=$unpacked/usr/share
    [ "$(offers hammock che)" = check ]
    [ "$(offers hammock run --pub)" = --publish ]
    # The machines that run.
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\n[ "$*" = "ps --quiet" ] && printf "web\\nother\\n"\n' \
        >"$BATS_TEST_TMPDIR/bin/hammock"
    chmod 755 "$BATS_TEST_TMPDIR/bin/hammock"
    [ "$(PATH=$BATS_TEST_TMPDIR/bin:$PATH offers hammock exec w)" = web ]
    [ "$(PATH=$BATS_TEST_TMPDIR/bin:$PATH offers hammock --machine w)" = web ]
    run -0 fish --no-config -c "source $share/fish/vendor_completions.d/hammock.fish
        complete -C 'hammock che'"
    expect_output check
    zsh -n "$share/zsh/vendor-completions/_hammock"
    grep -qx '#compdef hammock' "$share/zsh/vendor-completions/_hammock"
}

@test "another checkout compiles its programs anew, and makes the same package hammock" {
    local copy=$BATS_TEST_TMPDIR/another/place pinned
    mkdir -p "$copy/out" "$copy/.build-host"
    cp -R "$root"/{Package.swift,CHANGELOG.md,Sources,Tests,deploy,docs,scripts,toolchain} "$copy/"
    cp -R "$out"/{init,hammock-agent}{,.debug,.inputs} "$out/sdks" "$out/packages" "$copy/out/"
    # The sources of other packages, so that it needs no network.
    cp -R "$root"/.build-host/{checkouts,repositories,workspace-state.json} "$copy/.build-host/"
    (umask 077 && TZ=KIL-14 LC_ALL=C.UTF-8 "$copy/scripts/package.sh" hammock)
    cmp "$package" "$copy/out/${package##*/}"
    pinned=$(awk '$1 == "source-date-epoch" { print $2 }' "$root/toolchain/inputs.lock")
    [ "$(dates_of "$package")" = "$pinned"$'\n'"$pinned" ]
}

@test "package.sh refuses the name of a package that it does not make" {
    run "$root/scripts/package.sh" hammock-run
    expect_status 2
    expect_output "there are the packages hammock-init and hammock, and no 'hammock-run'"
    run "$root/scripts/package.sh" hammock hammock-init
    expect_status 2
}

# on_a_copy SCRIPT WORDS...: runs a script of bash's on a copy of this system, which is in memory
# and goes with the script.
on_a_copy() {
    local place=$BATS_TEST_TMPDIR/copy
    mkdir -p "$place"
    timeout -s KILL 300 unshare --mount --pid --fork --kill-child bash -euo pipefail -c '
        place=$1
        shift
        mount -t tmpfs -o mode=755 tmpfs "$place"
        mkdir "$place"/{new,work,root}
        mount -t overlay -o "lowerdir=/,upperdir=$place/new,workdir=$place/work" overlay \
            "$place/root"
        mount --rbind /dev "$place/root/dev"
        mount --rbind /sys "$place/root/sys"
        mount -t proc proc "$place/root/proc"
        exec chroot "$place/root" bash -euo pipefail -c "$@"' _ "$place" "$1" script "${@:2}"
}

@test "dpkg installs the package hammock in place of hammock-init, and it runs an image" {
    on_a_copy true 2>/dev/null \
        || skip "this machine lets user $(id -un) put no file system over /"
    mkdir -p "$BATS_TEST_TMPDIR/image/bin"
    cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/image/bin/"
    run on_a_copy '
        exec 2>&1
        unset HAMMOCK_KERNEL HAMMOCK_INITRAMFS
        export DEBIAN_FRONTEND=noninteractive XDG_RUNTIME_DIR=/tmp/run XDG_CACHE_HOME=/tmp/cache
        mkdir -p /tmp/run
        dpkg --install "$1" >/dev/null
        dpkg --install "$2"
        dpkg-query -W -f "\${Package} \${db:Status-Status}\n" "hammock*"
        hammock doctor
        echo through | hammock run --timeout 120 "$3" -- \
            /bin/busybox sh -c "cat; uname -n; exit 7" || echo "code $?"
        hammock check --root "$3" | tail -n 1
        unshare --pid --fork hammock-init -- sh -c "echo parent \$PPID"
        dpkg --purge hammock >/dev/null
        echo "left: $(find /usr /etc /var/lib/dpkg -path "*hammock*")"
        dpkg --install "$1" >/dev/null
        hammock --version' "$small" "$package" "$BATS_TEST_TMPDIR/image"
    expect_status 0
    expect_output "hammock installed"
    [[ $output != *"hammock-init installed"* ]]
    expect_output "ok       kernel: /usr/lib/hammock/vmlinux"
    expect_output "ok       initramfs: /usr/lib/hammock/run.cpio"
    expect_output $'through\nimage-'
    expect_output "code 7"
    expect_output "0 units. "
    expect_output "parent 1"
    # Its removal leaves nothing, and the other package can come back.
    grep -qx "left: " <<<"$output"
    [[ $output == *$'\n'"$("$out/hammock" --version)" ]]
}

@test "an installed hammock-runtime runs a bundle in a machine, and passes on other words" {
    local bundle=$BATS_TEST_TMPDIR/bundle
    on_a_copy true 2>/dev/null \
        || skip "this machine lets user $(id -un) put no file system over /"
    [ -c /dev/net/tun ] || skip "there is no /dev/net/tun here"
    mkdir -p "$bundle"/tree/{bin,dev,etc,proc}
    cp "$(command -v busybox)" "$bundle/tree/bin/"
    cat >"$bundle/config.json" <<JSON
{"ociVersion": "1.0.2", "root": {"path": "tree"}, "process": {
    "args": ["/bin/busybox", "sh", "-c", "busybox uname -v; exit 7"], "cwd": "/",
    "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}},
"mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
"linux": {"cgroupsPath": "/hammock-package-$$", "namespaces": [{"type": "pid"}, {"type": "network"},
    {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}]}}
JSON
    local with='cp -R "$1" /tmp/b && "$2" --root /run/try run --bundle /tmp/b box </dev/null'
    on_a_copy "$with" "$bundle" runc >/dev/null 2>&1 || [ $? -eq 7 ] \
        || skip "runc makes no container here"
    run on_a_copy 'dpkg --install "$3" >/dev/null 2>&1; '"$with" \
        "$bundle" hammock-runtime "$package"
    expect_status 7
    # It is not the host's kernel that the program sees.
    [ "$output" != "$(uname -v)" ]
    [[ $output == "#1 SMP "* ]]
    run -0 on_a_copy 'dpkg --install "$1" >/dev/null 2>&1; hammock-runtime --version' "$package"
    expect_output "runc version"
}
