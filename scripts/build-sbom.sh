#!/usr/bin/env bash
# Writes the bill of materials: out/hammock.spdx.json lists, in SPDX 2.3, Hammock's files with
# their hashes, and says from what and with which tools each was built.
#
#   scripts/build-sbom.sh
#   scripts/build-sbom.sh --help
#
# First builds kernel and image if they are missing. The same Hammock makes the same bytes. The
# date is SOURCE_DATE_EPOCH, or without that variable the date in toolchain/inputs.lock.

# shellcheck source=scripts/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh" || exit 1

bom=$out/hammock.spdx.json
work=''

# Licences, by their names in the SPDX list.
readonly license_linux="GPL-2.0-only WITH Linux-syscall-note"
readonly license_swift="Apache-2.0 WITH Swift-exception"
readonly license_compiler_rt="Apache-2.0 WITH LLVM-exception"
# init is ours. Parts of musl, Swift and compiler-rt are linked into it.
readonly license_init="MIT AND $license_swift AND $license_compiler_rt"

main() {
    case ${1-} in
        '') ;;
        -h | --help) help; exit ;;
        *) usage_error "unknown option '$1'" ;;
    esac
    HAMMOCK_NESTED=yes "$root/scripts/build-image.sh"
    HAMMOCK_NESTED=yes "$root/scripts/build-kernel.sh"
    need_swift
    one_at_a_time sbom
    trap 'if [ -n "$work" ]; then rm -rf "$work"; fi' EXIT
    work=$(mktemp -d "$out/.sbom.XXXXXX")
    local version
    version=$(hammock_version)
    collect
    document >"$work/document"
    mv "$work/document" "$bom"
    say "${bom#"$root"/}: $(wc -l <"$work/files") files, $(grep -c '"versionInfo"' "$bom") packages"
}

# collect: puts all files into $work/content, by their paths in the document. $work/files has a
# line for each file: package, SPDX identifier, path.
collect() {
    local package path number=0
    mkdir -p "$work"/content/{init,kernel,kernel-patches}
    # The initramfs has the same content as the disk, and needs no root to be unpacked.
    (cd "$work/content/init" && cpio -id --quiet --no-absolute-filenames) <"$out/initramfs.cpio"
    cp "$out"/kernel/{bzImage,vmlinux,config} "$work/content/kernel/"
    cp "$root"/toolchain/kernel/patches/*.patch "$work/content/kernel-patches/"
    for package in init kernel kernel-patches; do
        (cd "$work/content/$package" && find . -type f | sort) | while IFS= read -r path; do
            [[ $path =~ ^[][A-Za-z0-9_./+@,:=\ ~-]+$ ]] \
                || die "$exit_failed" "no name for a bill of materials: '$path'"
            number=$((number + 1))
            printf '%s SPDXRef-File-%s-%d %s\n' "$package" "$package" "$number" "$path"
        done
    done >"$work/files"
}

# document: a document with other content needs another name, so the name is made from the content.
document() {
    body >"$work/body"
    printf '{\n  "spdxVersion": "SPDX-2.3",\n  "documentNamespace": "%s",\n' \
        "https://spdx.org/spdxdocs/hammock-$version-$(hash_of <"$work/body")"
    cat "$work/body"
}

body() {
    local created
    created=$(date -u -d "@$(source_date_epoch)" +%Y-%m-%dT%H:%M:%SZ)
    cat <<END
  "SPDXID": "SPDXRef-DOCUMENT",
  "dataLicense": "CC0-1.0",
  "name": "hammock-$version",
  "creationInfo": {
    "created": "$created",
    "creators": ["Organization: The Hammock authors", "Tool: hammock-build-sbom-$version"]
  },
  "documentDescribes": ["SPDXRef-Package-hammock"],
  "packages": [
END
    packages | joined
    printf '  ],\n  "files": [\n'
    files | joined
    printf '  ],\n  "relationships": [\n'
    relationships | joined
    printf '  ]\n}\n'
}

# joined: adds a comma to each line that ends in a closing brace, except the last.
joined() { sed '$!s/^    }$/    },/; $!s/^    {.*}$/&,/'; }

packages() {
    package hammock hammock "$version" OPERATING-SYSTEM MIT "pkg:generic/hammock@$version"
    package init hammock-init "$version" APPLICATION MIT "pkg:generic/hammock-init@$version" \
        "$(files_of_package init)"
    package kernel linux "$(pin kernel-version)" OPERATING-SYSTEM "$license_linux" \
        "pkg:generic/linux@$(pin kernel-version)" "$(files_of_package kernel)"
    package kernel-source "$(pin kernel-package)" "$(pin kernel-version)" SOURCE "$license_linux" \
        "$(debian_purl "$(pin kernel-package)" "$(pin kernel-version)" all)" "$(kernel_package)"
    package kernel-patches hammock-kernel-patches "$version" SOURCE GPL-2.0-only \
        "pkg:generic/hammock-kernel-patches@$version" "$(files_of_package kernel-patches)"
    local musl
    musl=$("$root/scripts/build-package.sh" --list | awk '$1 == "musl" { print $2 }')
    package musl musl "$musl" LIBRARY MIT "$(debian_purl musl "$musl" source)"
    package swift-embedded swift-embedded-stdlib "$(swift_version)" LIBRARY "$license_swift" \
        "pkg:generic/swift@$(swift_version)"
    package compiler-rt compiler-rt "swift-$(swift_version)" LIBRARY "$license_compiler_rt" \
        "pkg:generic/swift@$(swift_version)"
    package swift swift "$(swift_version)" APPLICATION "$license_swift" \
        "pkg:generic/swift@$(swift_version)"
    local name
    for name in $(kernel_tools) $(image_tools); do debian_package "$name" APPLICATION NOASSERTION; done
}

# kernel_tools, image_tools: Debian's packages that make these.
kernel_tools() { echo binutils "gcc-$(gcc -dumpversion | cut -d. -f1)" lz4; }
image_tools() { echo cpio e2fsprogs; }

# package ID NAME VERSION PURPOSE LICENSE PURL [LINES]: LINES are more of its fields. LICENSE
# is what its authors declare; the licences of what is linked in may add to it.
package() {
    local concluded=$5
    case $1 in
        init) concluded=$license_init ;;
        hammock) concluded="$license_init AND $license_linux" ;;
    esac
    cat <<END
    {
      "SPDXID": "SPDXRef-Package-$1",
      "name": "$2",
      "versionInfo": "$3",
      "primaryPackagePurpose": "$4",
      "downloadLocation": "NOASSERTION",
      "licenseConcluded": "$concluded",
      "licenseDeclared": "$5",
      "copyrightText": "NOASSERTION",
      "externalRefs": [
        {
          "referenceCategory": "PACKAGE-MANAGER",
          "referenceType": "purl",
          "referenceLocator": "$6"
        }
      ],
${7:-      \"filesAnalyzed\": false}
    }
END
}

# debian_package NAME PURPOSE LICENSE
debian_package() {
    local version
    version=$(version_here "$1")
    package "$1" "$1" "$version" "$2" "$3" "$(debian_purl "$1" "$version" amd64)"
}

# debian_purl NAME VERSION ARCHITECTURE: a plus sign is escaped, because it would mean a space.
debian_purl() { printf 'pkg:deb/debian/%s@%s?arch=%s' "$1" "${2//+/%2B}" "$3"; }

# kernel_package: what the lock knows about the package that the kernel is built from.
kernel_package() {
    cat <<END
      "packageFileName": "$(basename "$(pin kernel-deb-path)")",
      "sourceInfo": "the tarball in it: sha256 $(pin kernel-tarball-sha256)",
      "checksums": [
        { "algorithm": "SHA1", "checksumValue": "$(pin kernel-deb-sha1)" },
        { "algorithm": "SHA256", "checksumValue": "$(pin kernel-deb-sha256)" }
      ],
      "filesAnalyzed": false
END
}

# files_of_package PACKAGE: the package has its files in the document.
files_of_package() {
    local code ids
    # As the specification says: the sorted SHA-1s, one behind the other.
    code=$(cd "$work/content/$1" && find . -type f -exec sha1sum {} + | cut -c1-40 | sort \
        | tr -d '\n' | sha1sum | cut -c1-40)
    ids=$(awk -v package="$1" '$1 == package { printf "%s\"%s\"", sep, $2; sep = ", " }' "$work/files")
    cat <<END
      "filesAnalyzed": true,
      "packageVerificationCode": { "packageVerificationCodeValue": "$code" },
      "licenseInfoFromFiles": ["NOASSERTION"],
      "hasFiles": [$ids]
END
}

files() {
    local package id path license type
    while read -r package id path; do
        case $package in
            init) license=$license_init ;;
            kernel) license=$license_linux ;;
            kernel-patches) license=GPL-2.0-only ;;
        esac
        case $path in ./config | *.patch) type=TEXT ;; *) type=BINARY ;; esac
        cat <<END
    {
      "SPDXID": "$id",
      "fileName": "$path",
      "fileTypes": ["$type"],
      "checksums": [
        { "algorithm": "SHA1", "checksumValue": "$(sha1sum <"$work/content/$package/$path" | cut -c1-40)" },
        { "algorithm": "SHA256", "checksumValue": "$(hash_of <"$work/content/$package/$path")" }
      ],
      "licenseConcluded": "$license",
      "licenseInfoInFiles": ["NOASSERTION"],
      "copyrightText": "NOASSERTION"
    }
END
    done <"$work/files"
}

relationships() {
    local package id path tool
    relationship DOCUMENT DESCRIBES Package-hammock
    relationship Package-hammock CONTAINS Package-init
    relationship Package-hammock CONTAINS Package-kernel
    while read -r package id path; do
        relationship "Package-$package" CONTAINS "${id#SPDXRef-}"
    done <"$work/files"
    relationship Package-kernel GENERATED_FROM Package-kernel-source
    relationship Package-kernel-patches PATCH_APPLIED Package-kernel-source
    for tool in musl swift-embedded compiler-rt; do
        relationship Package-init STATIC_LINK "Package-$tool"
    done
    relationship Package-swift BUILD_TOOL_OF Package-init
    for tool in $(kernel_tools); do relationship "Package-$tool" BUILD_TOOL_OF Package-kernel; done
    for tool in $(image_tools); do relationship "Package-$tool" BUILD_TOOL_OF Package-hammock; done
}

# relationship ONE TYPE OTHER
relationship() {
    printf '    { "spdxElementId": "SPDXRef-%s", "relationshipType": "%s", "relatedSpdxElement": "SPDXRef-%s" }\n' \
        "$1" "$2" "$3"
}

main "$@"
