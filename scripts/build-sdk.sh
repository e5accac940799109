#!/usr/bin/env bash
# Makes a Swift SDK that cross-compiles Embedded Swift to static musl executables.
#
#   scripts/build-sdk.sh            makes out/sdks/hammock-musl.artifactbundle
#   scripts/build-sdk.sh --help
#
# It is made from the Embedded standard library of the installed Swift, from musl's headers and
# libraries (scripts/build-package.sh musl), and from the switches in toolchain/sdk. Use it for
# any package:
#
#   swift build -c release --swift-sdks-path out/sdks --swift-sdk hammock-musl

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1

bundle=$out/sdks/hammock-musl.artifactbundle
musl=$out/packages/musl

main() {
    case ${1-} in
        '') ;;
        -h | --help) help; exit ;;
        *) usage_error "unknown option '$1'" ;;
    esac
    HAMMOCK_NESTED=yes "$root/scripts/build-package.sh" musl
    need_swift
    local inputs
    inputs=$({
        printf '%s\n' "$swift_info"
        cat "$musl.inputs"
        hash_of_files toolchain/sdk scripts/build-sdk.sh
    } | hash_of)
    one_at_a_time sdk
    if up_to_date "$bundle" "$inputs"; then
        say_result '' "${bundle#"$root"/}: up to date"
        return
    fi
    say "making the Swift SDK: ${bundle#"$root"/}"
    rm -rf "$bundle" "$bundle.partial"
    trap 'rm -rf "$bundle.partial"' EXIT
    assemble "$bundle.partial"
    put_in_place "$bundle.partial" "$bundle" "$inputs"
}

# assemble DIRECTORY
assemble() {
    local swift=$swift_home/lib/swift triple=x86_64-unknown-linux-musl
    local sdk=$1/$triple
    mkdir -p "$sdk/sysroot/usr" "$sdk/swift/musl" "$sdk/swift/embedded/$triple"
    cp "$root/toolchain/sdk/info.json" "$1/"
    cp "$root/toolchain/sdk/swift-sdk.json" "$root/toolchain/sdk/toolset.json" "$sdk/"

    # Only musl's headers and libraries, so that glibc's cannot slip in.
    cp -R "$musl/usr/include" "$musl/usr/lib" "$sdk/sysroot/usr/"

    # The Embedded standard library. It calls nothing but C, so what was compiled for the
    # triple with glibc also serves the one with musl. Only the file names have to change.
    local module suffix
    for module in "$swift"/embedded/*.swiftmodule; do
        mkdir "$sdk/swift/embedded/${module##*/}"
        for suffix in swiftmodule swiftdoc; do
            cp "$module/x86_64-unknown-linux-gnu.$suffix" \
                "$sdk/swift/embedded/${module##*/}/$triple.$suffix"
        done
    done
    cp "$swift"/embedded/*.h "$swift"/embedded/*.modulemap "$sdk/swift/embedded/"
    cp "$swift"/embedded/x86_64-unknown-linux-gnu/*.a "$sdk/swift/embedded/$triple/"

    # Clang's own headers and runtime, and the C side of the standard library.
    ln -s "$swift/shims" "$sdk/swift/shims"
    ln -s "$(readlink -f "$swift/clang")" "$sdk/swift/clang"
    # The driver requires this file; nothing more has to be linked.
    : >"$sdk/swift/musl/static-stdlib-args.lnk"
}

main "$@"
