# The tool that scripts/build-init.sh makes, looked at from outside.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh" --product hammock
}

setup() { load ../Support/helpers; }

@test "hammock needs no interpreter and no dynamic linker" {
    run -0 readelf -lW "$out/hammock"
    [[ $output != *INTERP* ]]
    [[ $output != *DYNAMIC* ]]
    [[ $output != *RWE* ]]
}

@test "no allocator is linked into hammock" {
    run -0 nm "$out/hammock.debug"
    [[ ! $output =~ [[:space:]](malloc|calloc|realloc|free|posix_memalign|aligned_alloc|__expand_heap|brk|sbrk|mmap)($|[[:space:]]) ]]
}

@test "hammock is no larger than 159 kB" {
    local size
    size=$(stat -c %s "$out/hammock")
    echo "$size bytes"
    [ "$size" -le 159000 ]
}

@test "hammock carries no word of the machine that made it" {
    run ! grep -aF -e "$root" -e "$HOME/" "$out/hammock"
}

@test "of a directory that hammock may list and not search it says that no file can be read" {
    local tree
    tree=$(mktemp -d /tmp/hammock-test.XXXXXX)
    mkdir -p "$tree/etc/hammock"
    printf '[Service]\nExecStart=/init\n' >"$tree/etc/hammock/a.service"
    chmod 755 "$tree" "$tree/etc"
    chmod 744 "$tree/etc/hammock"
    local as_other=()
    if [ "$(id -u)" -eq 0 ]; then
        install -m 755 "$out/hammock" "$tree/hammock"
        as_other=(setpriv --reuid 65534 --clear-groups)
    else
        ln -s "$out/hammock" "$tree/hammock"
        chmod 444 "$tree/etc/hammock"
    fi
    run "${as_other[@]}" "$tree/hammock" check --root "$tree" --target b.target
    chmod 755 "$tree/etc/hammock"
    rm -r "$tree"
    expect_status 1
    # It may be there: who lists a directory does not see what search permission would show.
    expect_output "/etc/hammock/b.target: b.target is refused: the file cannot be read: permission"
}
