# The agent of a machine that scripts/build-init.sh makes, looked at from outside.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh" --product hammock-agent
}

setup() { load ../Support/helpers; }

@test "the agent needs no interpreter and no dynamic linker, and no page is both written and run" {
    run -0 readelf -lW "$out/hammock-agent"
    [[ $output != *INTERP* ]]
    [[ $output != *DYNAMIC* ]]
    [[ $output != *RWE* ]]
}

@test "no allocator is linked into the agent" {
    run -0 nm "$out/hammock-agent.debug"
    [[ ! $output =~ [[:space:]](malloc|calloc|realloc|free|posix_memalign|aligned_alloc|__expand_heap|brk|sbrk|mmap)($|[[:space:]]) ]]
}

@test "the agent is no larger than 31 kB" {
    local size
    size=$(stat -c %s "$out/hammock-agent")
    echo "$size bytes"
    [ "$size" -le 31000 ]
}

@test "the agent's memory for streams costs nothing until it is used" {
    # Two MiB that are no part of the file.
    run -0 nm -S --size-sort "$out/hammock-agent.debug"
    grep -qE ' 0*200000 b clinux_agent_memory' <<<"$output"
}

@test "the agent carries no word of the machine that made it" {
    run ! grep -aF -e "$root" -e "$HOME/" "$out/hammock-agent"
}
