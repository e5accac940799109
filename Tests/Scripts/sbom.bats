# The bill of materials, compared with what is really there.

setup_file() {
    load ../Support/helpers
    "$root/scripts/build-sbom.sh"
}

setup() {
    load ../Support/helpers
    bom=$out/hammock.spdx.json
}

# ask PERL: prints the values of a Perl expression, one per line. `$bom` is the document.
ask() {
    perl -MJSON::PP -0777 -e 'our $bom = decode_json(<STDIN>); print "$_\n" for ('"$1"')' <"$bom"
}

# of_package NAME FIELD: prints a field of a package.
of_package() { ask 'map { $_->{'"$2"'} } grep { $_->{name} eq "'"$1"'" } @{$bom->{packages}}'; }

# files_of PACKAGE: prints SHA-1, SHA-256 and path of each file of the package.
files_of() {
    ask 'map { my %sum = map { $_->{algorithm} => $_->{checksumValue} } @{$_->{checksums}};
               "$sum{SHA1} $sum{SHA256} $_->{fileName}" }
         grep { my $id = $_->{SPDXID};
                grep { $_->{relationshipType} eq "CONTAINS" && $_->{relatedSpdxElement} eq $id
                       && $_->{spdxElementId} eq "SPDXRef-Package-'"$1"'" } @{$bom->{relationships}} }
         @{$bom->{files}}' | sort -k 3
}

# sums PATH NAME: prints the same of the file PATH, under the name NAME.
sums() { printf '%s %s %s\n' "$(sha1sum <"$1" | cut -c1-40)" "$(sha256sum <"$1" | cut -c1-64)" "$2"; }

@test "the bill of materials has everything that SPDX 2.3 asks for" {
    run -0 ask 'map { $bom->{$_} } qw(spdxVersion dataLicense SPDXID)'
    [ "$output" = $'SPDX-2.3\nCC0-1.0\nSPDXRef-DOCUMENT' ]
    [[ $(ask '$bom->{documentNamespace}') =~ ^https://[a-z./]+/hammock-[0-9.]+-[0-9a-f]{64}$ ]]
    [[ $(ask '$bom->{creationInfo}{created}') =~ ^20[0-9-]{8}T[0-9:]{8}Z$ ]]
    ask '@{$bom->{creationInfo}{creators}}' | grep -q '^Tool: '
    # Each package has each field, and each identifier is there only once.
    run -0 ask 'grep { my $p = $_; grep { !length($p->{$_} // "") }
        qw(SPDXID name versionInfo downloadLocation licenseConcluded licenseDeclared copyrightText) }
        @{$bom->{packages}}'
    [ -z "$output" ]
    run -0 ask 'map { $_->{SPDXID} } @{$bom->{packages}}, @{$bom->{files}}'
    [ "${#lines[@]}" -ge 10 ]
    [ -z "$(sort <<<"$output" | uniq -d)" ]
    run ! grep -vxE 'SPDXRef-[A-Za-z0-9.-]+' <<<"$output"
}

@test "the bill of materials has each part that a relationship names" {
    local ids
    ids=$(ask '"SPDXRef-DOCUMENT", map { $_->{SPDXID} } @{$bom->{packages}}, @{$bom->{files}}' | sort)
    run -0 ask 'map { $_->{spdxElementId}, $_->{relatedSpdxElement} } @{$bom->{relationships}}'
    [ -z "$(comm -13 <(echo "$ids") <(sort -u <<<"$output"))" ]
    # And each part is in some relationship.
    [ -z "$(comm -23 <(echo "$ids") <(sort -u <<<"$output"))" ]
    run -0 ask 'map { join " ", @$_{qw(spdxElementId relationshipType relatedSpdxElement)} }
        @{$bom->{relationships}}'
    local relation
    for relation in "DOCUMENT DESCRIBES SPDXRef-Package-hammock" \
        "Package-hammock CONTAINS SPDXRef-Package-init" \
        "Package-kernel GENERATED_FROM SPDXRef-Package-kernel-source" \
        "Package-kernel-patches PATCH_APPLIED SPDXRef-Package-kernel-source" \
        "Package-init STATIC_LINK SPDXRef-Package-userspace-musl" \
        "Package-hammock CONTAINS SPDXRef-Package-userspace-busybox" \
        "Package-userspace-busybox STATIC_LINK SPDXRef-Package-userspace-musl" \
        "Package-userspace-busybox STATIC_LINK SPDXRef-Package-compiler-rt" \
        "Package-userspace-busybox GENERATED_FROM SPDXRef-Package-userspace-busybox-source" \
        "Package-userspace-busybox-patches PATCH_APPLIED SPDXRef-Package-userspace-busybox-source" \
        "Package-userspace-linux-headers BUILD_DEPENDENCY_OF SPDXRef-Package-userspace-busybox" \
        "Package-userspace-linux-headers GENERATED_FROM SPDXRef-Package-kernel-source" \
        "Package-swift BUILD_TOOL_OF SPDXRef-Package-userspace-busybox" \
        "Package-init STATIC_LINK SPDXRef-Package-swift-embedded" \
        "Package-swift BUILD_TOOL_OF SPDXRef-Package-init"; do
        expect_output "SPDXRef-$relation"
    done
}

@test "the bill of materials lists the image's files, and no others, with their hashes" {
    local path number=0 expected=''
    # Every regular file of the disk, as e2fsprogs finds it.
    mkdir "$BATS_TEST_TMPDIR/disk"
    debugfs -R "rdump / $BATS_TEST_TMPDIR/disk" "$out/image.img" 2>/dev/null
    while IFS= read -r path; do
        expected+=$(sums "$BATS_TEST_TMPDIR/disk/$path" "$path")$'\n'
        number=$((number + 1))
    done < <(cd "$BATS_TEST_TMPDIR/disk" && find . -type f | sort)
    [ "$number" -ge 1 ]
    [ "$(files_of init)" = "${expected%$'\n'}" ]
}

@test "the bill of materials lists the kernel's files with their hashes, and its pinned source" {
    local file
    [ "$(files_of kernel)" = "$(for file in bzImage config vmlinux; do
        sums "$out/kernel/$file" "./$file"
    done)" ]
    local name
    name=$(pinned kernel-package)
    [ "$(of_package "$name" versionInfo)" = "$(pinned kernel-version)" ]
    of_package "$name" 'checksums}[1]{checksumValue' | grep -qx "$(pinned kernel-deb-sha256)"
    of_package "$name" sourceInfo | grep -q "$(pinned kernel-tarball-sha256)"
    [ "$(of_package linux licenseDeclared)" = "GPL-2.0-only WITH Linux-syscall-note" ]
}

@test "the bill of materials lists the patches of the kernel with their hashes" {
    [ "$(files_of kernel-patches)" = "$(cd "$root/toolchain/kernel/patches" && for file in *.patch; do
        sums "$file" "./$file"
    done)" ]
    [ -n "$(files_of kernel-patches)" ]
}

# names: prints the packages of toolchain/packages.
names() { (cd "$root/toolchain/packages" && printf '%s\n' */build.sh | cut -d/ -f1); }

@test "the bill of materials lists each package's programs and patches with their hashes" {
    local name file expected number=0
    for name in $(names); do
        [ -e "$out/packages/$name/bin" ] || continue
        expected=$(cd "$out/packages/$name" && find . -type f | sort | while read -r file; do
            sums "$file" "$file"
        done)
        [ "$(files_of "userspace-$name")" = "$expected" ]
        number=$((number + 1))
    done
    [ "$number" -ge 4 ]
    files_of userspace-musl | grep -qxF "$(sums "$out/packages/musl/usr/lib/libc.a" ./usr/lib/libc.a)"
    for name in $(names); do
        [ -e "$root/toolchain/packages/$name/patches" ] || continue
        [ "$(files_of "userspace-$name-patches")" = "$(cd "$root/toolchain/packages/$name/patches" \
            && for file in *.patch; do sums "$file" "./$file"; done)" ]
    done
}

@test "the bill of materials has each package's licence, version, pinned source and where it is" {
    local name license version sha256 sha1 path
    while read -r name version; do
        license=$(cat "$root/toolchain/packages/$name/license")
        [ "$(of_package "$name" licenseDeclared | head -n 1)" = "$license" ]
        read -r sha256 sha1 path <"$root/toolchain/packages/$name/source"
        [ "$sha256" != kernel ] || continue
        [ "$(of_package "$name-source" versionInfo)" = "$version" ]
        [ "$(of_package "$name-source" packageFileName)" = "${path##*/}" ]
        [ "$(of_package "$name-source" 'checksums}[0]{checksumValue')" = "$sha1" ]
        [ "$(of_package "$name-source" 'checksums}[1]{checksumValue')" = "$sha256" ]
    done < <("$root/scripts/build-package.sh" --list)
    version=$(of_package openssh-sftp-source versionInfo)
    [ "$(of_package openssh-sftp-source 'externalRefs}[0]{referenceLocator')" \
        = "pkg:deb/debian/openssh@$version?arch=source" ]
    # musl and compiler-rt are in each program.
    [ "$(of_package busybox licenseConcluded)" \
        = "GPL-2.0-only AND MIT AND Apache-2.0 WITH LLVM-exception" ]
    [ "$(of_package dropbear licenseConcluded)" \
        = "MIT AND BSD-2-Clause AND BSD-3-Clause AND Apache-2.0 WITH LLVM-exception" ]
}

pinned() { awk -v name="$1" '$1 == name { print $2 }' "$root/toolchain/inputs.lock"; }

@test "a package's verification code is made from its files' hashes, as SPDX says" {
    local package name code
    for package in init:hammock-init kernel:linux kernel-patches:hammock-kernel-patches \
        userspace-busybox:busybox userspace-musl-patches:hammock-musl-patches; do
        name=${package#*:}
        code=$(files_of "${package%:*}" | cut -d' ' -f1 | sort | tr -d '\n' | sha1sum | cut -c1-40)
        [ "$(of_package "$name" 'packageVerificationCode}{packageVerificationCodeValue')" = "$code" ]
    done
}

@test "the bill of materials names the installed versions and the licences" {
    [ "musl $(of_package musl versionInfo)" \
        = "$("$root/scripts/build-package.sh" --list | grep '^musl ' | tr -s ' ')" ]
    [ "$(of_package musl licenseDeclared)" = MIT ]
    [ "$(of_package hammock licenseDeclared)" = MIT ]
    swiftc --version 2>/dev/null | grep -q "Swift version $(of_package swift versionInfo) "
    "$out/init" --version | grep -qx "Hammock init $(of_package hammock versionInfo)"
}

@test "a bill of materials made in another place is the same, and has the pinned date" {
    [ "$(ask '$bom->{creationInfo}{created}')" \
        = "$(date -u -d "@$(pinned source-date-epoch)" +%Y-%m-%dT%H:%M:%SZ)" ]
    local copy=$BATS_TEST_TMPDIR/copy
    mkdir "$copy"
    cp -R "$root"/{Package.swift,LICENSE,Sources,Tests,scripts,toolchain} "$copy/"
    mkdir "$copy/out"
    # Everything is built already.
    cp -R --sparse=always "$out"/{init*,image*,initramfs*,kernel,packages,sdks} "$copy/out/"
    TZ=KIL-14 "$copy/scripts/build-sbom.sh"
    cmp "$bom" "$copy/out/hammock.spdx.json"
}
