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

@test "hammock is no larger than 158 kB" {
    local size
    size=$(stat -c %s "$out/hammock")
    echo "$size bytes"
    [ "$size" -le 158000 ]
}

@test "hammock carries no word of the machine that made it" {
    run ! grep -aF -e "$root" -e "$HOME/" "$out/hammock"
}
