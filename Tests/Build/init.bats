# What scripts/build-init.sh makes, examined from outside.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-init.sh"
}

setup() { load ../Support/helpers; }

# copy_checkout NAME: makes another checkout, `$copy`, in which nothing is built.
copy_checkout() {
    copy=$BATS_TEST_TMPDIR/$1
    mkdir "$copy"
    (cd "$root" && cp -R Package.swift Sources Tests scripts toolchain "$copy/")
}

# The same executable before it was stripped.
unstripped() { echo "$out/init.debug"; }

@test "init needs no interpreter and no dynamic linker" {
    run -0 readelf -lW "$out/init"
    [[ $output != *INTERP* ]]
    [[ $output != *DYNAMIC* ]]
}

@test "init has no undefined symbol and no symbol table" {
    run -0 readelf -sW "$out/init"
    [[ $output != *.symtab* ]]
    [[ $output != *.dynsym* ]]
    # The undefined symbols that are left are weak: musl and clang test whether they are there.
    run -0 nm -u "$(unstripped)"
    run ! grep -v -e ' w ' -e ' _DYNAMIC$' <<<"$output"
}

@test "no allocator is linked into init" {
    run -0 nm "$(unstripped)"
    [[ ! $output =~ [[:space:]](malloc|calloc|realloc|free|posix_memalign|aligned_alloc|__expand_heap|brk|sbrk|mmap)($|[[:space:]]) ]]
}

@test "no page of init is both writable and executable" {
    run -0 readelf -lW "$out/init"
    [[ $output != *RWE* ]]
}

@test "init's constants are in read-only pages, even those that are pointers" {
    run -0 readelf -SW "$(unstripped)"
    [[ $output == *.rodata* ]]
    [[ $output != *.data.rel.ro* ]]
}

@test "init is no larger than 124 kB" {
    local size
    size=$(stat -c %s "$out/init")
    echo "$size bytes"
    [ "$size" -le 124000 ]
}

@test "init has no note and so no build ID, and names nothing of the machine that built it" {
    run -0 readelf -nW "$out/init"
    [ -z "$output" ]
    run ! grep -aF -e "$root" -e "$HOME/" -e "/usr/lib/" "$out/init"
}

@test "if the compilation fails, the build shows the error and leaves no init" {
    copy_checkout copy
    echo 'let broken: Int = "text"' >>"$copy/Sources/InitCore/Text/Greeting.swift"
    run "$copy/scripts/build-init.sh"
    expect_status 1
    expect_output "error:"
    [ ! -e "$copy/out/init" ]
}

@test "the build refuses code that needs a heap" {
    copy_checkout copy
    echo 'public func list(_ n: Int) -> [Int] { [n, n + 1] }' >>"$copy/Sources/InitCore/Text/Greeting.swift"
    run "$copy/scripts/build-init.sh"
    expect_status 1
    expect_output "error:"
}

@test "the Swift SDK builds a static hello world from an ordinary package" {
    local package=$BATS_TEST_TMPDIR/hello
    mkdir -p "$package/Sources/hello"
    cat >"$package/Package.swift" <<'EOF'
// swift-tools-version: 6.0
import PackageDescription
let package = Package(name: "hello", targets: [.executableTarget(name: "hello")])
EOF
    echo 'print("hello, static world")' >"$package/Sources/hello/main.swift"
    swift build -c release --package-path "$package" \
        --swift-sdks-path "$out/sdks" --swift-sdk hammock-musl
    run "$package/.build/release/hello"
    [ "$output" = "hello, static world" ]
    run readelf -lW "$package/.build/release/hello"
    [[ $output != *INTERP* ]]
}
