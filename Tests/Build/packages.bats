# The packages that scripts/build-package.sh makes, looked at from outside.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-package.sh" --all
}

setup() {
    load ../Support/helpers
    bin=$out/packages/busybox/bin
    ssh=$out/packages/dropbear/bin
}

# of_each FUNCTION: calls FUNCTION with each executable of the packages. Names the one that it does
# not hold for.
of_each() {
    local file files
    mapfile -t files < <(find "$out"/packages/*/bin -type f | sort)
    [ "${#files[@]}" -ge 4 ]
    for file in "${files[@]}"; do
        "$1" "$file" || { echo "not so: ${file#"$out/"}"; return 1; }
    done
}

@test "each file in a package's bin is an executable, or a link to one beside it" {
    local file
    for file in "$out"/packages/*/bin/*; do
        [ -x "$file" ]
        [[ $(readlink "$file" || true) != */* ]]
    done
}

@test "each executable is static, and the kernel loads it at any address" {
    is_static_pie() {
        local headers
        headers=$(readelf -hldW "$1")
        grep -qE '^ *Type: +DYN ' <<<"$headers" && grep -q 'Flags:.* PIE' <<<"$headers" \
            && ! grep -qE 'INTERP|\(NEEDED\)' <<<"$headers"
    }
    of_each is_static_pie
}

@test "no page of an executable is both writable and executable, not even of its stack" {
    is_apart() {
        local segments
        segments=$(readelf -lW "$1")
        grep -qE '^ *GNU_STACK .* RW +0' <<<"$segments" && ! grep -qE ' (RWE|WE) ' <<<"$segments"
    }
    of_each is_apart
}

@test "what only the start of an executable writes to is read-only afterwards" {
    # The linker asks for it, and the start does it.
    is_relro() {
        readelf -lW "$1" | grep -q '^ *GNU_RELRO ' && readelf -dW "$1" | grep -q 'BIND_NOW' \
            || return
        strace -q -e trace=mprotect -o "$BATS_TEST_TMPDIR/calls" "$1" </dev/null >/dev/null 2>&1
        grep -q ', PROT_READ) *= 0$' "$BATS_TEST_TMPDIR/calls"
    }
    of_each is_relro
}

@test "a smashed stack ends each executable" {
    # A few functions of musl's start cannot have it, and small ones need none.
    has_canaries() { [ "$(objdump -d "$1" | grep -c '%fs:0x28')" -ge 100 ]; }
    of_each has_canaries
}

@test "an executable has no symbols, no build ID, and no name of its compiler" {
    is_bare() {
        [ -z "$(readelf -nW "$1")" ] \
            && ! readelf -SW "$1" | grep -qE '\.(comment|symtab|debug)' \
            && ! grep -aqE 'clang version|GCC: \(|Linker: LLD' "$1"
    }
    of_each is_bare
}

@test "an executable names nothing of the machine that built it, and has nothing of its C library" {
    local cache=${XDG_CACHE_HOME:-$HOME/.cache}/hammock
    is_clean() {
        ! grep -aqF -e "$root/" -e "$HOME/" -e "$cache" -e "$(dirname "$(type -P swiftc)")" \
            -e "$(hostname)-" -e GLIBC_ -e "GNU C Library" "$1"
    }
    of_each is_clean
}

@test "busybox runs, and has each command that its configuration asks for, and no other" {
    run "$bin/busybox" sh -c 'echo "$((6 * 7))"; [ -e / ] && printf "%s\n" here | sed s/h/H/'
    [ "$output" = $'42\nHere' ]
    local commands
    commands=$("$bin/busybox" --list | sort)
    [ "$(cd "$bin" && find . -type l -printf '%P\n' | sort)" = "$commands" ]
    # These options are not commands, and sh is what the shell is called as well.
    [ "$(sed -nE 's/^CONFIG_([A-Z0-9_]+)=y$/\L\1/p' "$root/toolchain/packages/busybox/config" \
        | grep -vxE '(feature|ash|nc|use_bb)_.*|busybox|desktop|.*_64|lfs|time64|volumeid' \
        | grep -vxE 'float_duration|login_session_as_child|long_opts|monotonic_syscall' \
        | grep -vxE 'show_usage|unicode_support' \
        | sed -E 's/^bb_//; s/^test1$/[/; s/^test2$/[[/; $ash' | sort)" = "$commands" ]
}

@test "e2fsck mends a file system" {
    local image=$BATS_TEST_TMPDIR/image
    mke2fs -q -t ext4 "$image" 4M
    debugfs -w -R 'clri <2>' "$image"
    run "$out/packages/e2fsprogs/bin/e2fsck" -f -y "$image"
    # 1: it has corrected errors.
    expect_status 1
    run "$out/packages/e2fsprogs/bin/e2fsck" -f -n "$image"
    expect_status 0
}

@test "e2fsck refuses a file system that our kernel does not mount: one without regard to case" {
    local image=$BATS_TEST_TMPDIR/image
    mke2fs -q -t ext4 -O casefold -E encoding=utf8 "$image" 4M
    run "$out/packages/e2fsprogs/bin/e2fsck" -f -y "$image"
    # 8: it could not run; 4: errors are left.
    expect_status 12
    expect_output "unsupported encoding"
}

@test "the machine to log in to has at most 2 MiB" {
    "$root/scripts/build-image.sh" --list "$root/toolchain/image/ssh.list"
    [ "$(stat -c %s "$out/ssh.cpio")" -le 2097152 ]
}

@test "dropbear answers a client, and takes no password" {
    unshare --user --map-root-user --net --pid --fork true 2>/dev/null \
        || skip "this machine lets user $(id -un) make no network namespace"
    "$ssh/dropbearkey" -t ed25519 -f "$BATS_TEST_TMPDIR/key"
    # In a network of its own each port is free. The server ends with the namespace.
    cat >"$BATS_TEST_TMPDIR/login" <<'END'
ip link set lo up
dropbear -F -r "$HOME/key" -P "$HOME/pid" -p 127.0.0.1:22 &
until nc -w 1 127.0.0.1 22 </dev/null >/dev/null 2>&1; do sleep 0.02; done
dbclient -y root@127.0.0.1 true
END
    run env "HOME=$BATS_TEST_TMPDIR" "PATH=$bin:$ssh:$PATH" DROPBEAR_PASSWORD=secret timeout 60 \
        "$(type -P unshare)" --user --map-root-user --net --pid --fork --kill-child \
        bash "$BATS_TEST_TMPDIR/login" </dev/null
    expect_output "key accepted unconditionally"
    expect_output "No auth methods could be used."
    run "$ssh/dropbear" -h
    run ! grep -i password <<<"$output"
}

@test "sftp-server speaks the protocol's version 3, and knows where it is" {
    local input=$BATS_TEST_TMPDIR/input answer=$BATS_TEST_TMPDIR/answer
    mkfifo "$input"
    (cd / && exec "$out/packages/openssh-sftp/bin/sftp-server" <"$input" >"$answer" 3>&-) &
    # At the end of its input it would end before it has answered.
    exec {to}>"$input"
    # SSH_FXP_INIT, version 3; and SSH_FXP_REALPATH of ".".
    printf '\0\0\0\005\001\0\0\0\003\0\0\0\012\020\0\0\0\001\0\0\0\001.' >&"$to"
    # SSH_FXP_VERSION 3, which names extensions; and SSH_FXP_NAME with one name, "/".
    has_answered() {
        [ "$(head -c 9 "$answer" | tail -c 5 | od -An -tx1)" = " 02 00 00 00 03" ] \
            && od -An -v -tx1 "$answer" | tr -d '\n' \
            | grep -q ' 68 00 00 00 01 00 00 00 01 00 00 00 01 2f '
    }
    eventually has_answered
    exec {to}>&-
    wait $!
}
