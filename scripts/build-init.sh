#!/usr/bin/env bash
# Compiles PID 1: out/init, one static, stripped executable.
#
#   scripts/build-init.sh                        makes out/init and says how large it is
#   scripts/build-init.sh --product NAME         another executable of the package: out/NAME
#
# out/init.debug is the same executable with symbols, for a debugger.
#
#   scripts/build-init.sh --help
#
# The same compiler makes the same bytes, wherever the checkout lies.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1

main() {
    local product=init
    while [ $# -gt 0 ]; do
        case $1 in
            --product) product=$(value_of "$@"); shift 2 ;;
            -h | --help) help; exit ;;
            *) usage_error "unknown option '$1'" ;;
        esac
    done
    [[ $product =~ ^[a-z-]+$ ]] || usage_error "--product takes a name, not '$product'"

    HAMMOCK_NESTED=yes "$root/scripts/build-sdk.sh"
    one_at_a_time "$product"
    local inputs sources built=''
    mapfile -t sources < <(guest_sources)
    inputs=$({
        cat "$out/sdks/hammock-musl.artifactbundle.inputs"
        hash_of_files "${sources[@]}" Tests/Support scripts/build-init.sh
    } | hash_of)
    if ! up_to_date "$out/$product" "$inputs"; then
        build "$product"
        built=yes
        put_in_place "$out/$product.partial" "$out/$product" "$inputs"
    fi
    say_result "$built" "out/$product: $(stat -c %s "$out/$product") bytes, static, stripped"
}

build() {
    local product=$1 log=$out/$1.log scratch=$root/.build-guest
    need_swift
    say "compiling $product (log: out/$product.log)"
    # -no-allocations: the compiler refuses all code that would need a heap. Compiled as one
    # program for one address, and not by module for any, init is smaller, and its constants are
    # read-only.
    if ! HAMMOCK_GUEST=yes swift build --package-path "$root" --scratch-path "$scratch" \
        --swift-sdks-path "$out/sdks" --swift-sdk hammock-musl \
        -c release --product "$product" -Xswiftc -no-allocations \
        --omit-frame-pointers --experimental-lto-mode=full >"$log" 2>&1; then
        grep -E 'error|Error' "$log" >&2 || tail -n 30 "$log" >&2
        die "$exit_failed" "swift build failed (all of it: out/$product.log)"
    fi
    # .swift_modhash is a hash of the compiler's arguments, paths included. Nothing reads it,
    # and nothing else would differ between two checkouts.
    cp "$scratch/x86_64-unknown-linux-musl/release/$product" "$out/$product.debug"
    # The kernel loads segments. The table of sections is for tools, and they have the other.
    "$swift_home/bin/llvm-objcopy" --strip-all --remove-section=.swift_modhash \
        --remove-section=.comment --strip-sections \
        "$out/$product.debug" "$out/$product.partial"
}

main "$@"
