#!/usr/bin/env bash
# Writes the bill of materials: out/hammock.spdx.json lists, in SPDX 2.3, Hammock's files with
# their hashes, and says from what and with which tools each was built.
#
#   scripts/build-sbom.sh
#   scripts/build-sbom.sh --help
#
# First builds kernel, image and packages if they are missing. The same Hammock makes the same
# bytes. The date is SOURCE_DATE_EPOCH, or without that variable the date in toolchain/inputs.lock.

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

recipes=$root/toolchain/packages

main() {
    case ${1-} in
        '') ;;
        -h | --help) help; exit ;;
        *) usage_error "unknown option '$1'" ;;
    esac
    HAMMOCK_NESTED=yes "$root/scripts/build-image.sh"
    HAMMOCK_NESTED=yes "$root/scripts/build-kernel.sh"
    HAMMOCK_NESTED=yes "$root/scripts/build-package.sh" --all
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
    local package path number=0 name
    mkdir -p "$work"/content/{init,kernel,kernel-patches}
    # The initramfs has the same content as the disk, and needs no root to be unpacked.
    (cd "$work/content/init" && cpio -id --quiet --no-absolute-filenames) <"$out/initramfs.cpio"
    cp "$out"/kernel/{bzImage,vmlinux,config} "$work/content/kernel/"
    cp "$root"/toolchain/kernel/patches/*.patch "$work/content/kernel-patches/"
    "$root/scripts/build-package.sh" --list >"$work/userspace"
    while read -r name _; do collect_package "$name"; done <"$work/userspace"
    for package in "$work"/content/*; do
        package=${package##*/}
        (cd "$work/content/$package" && find . -type f | sort) | while IFS= read -r path; do
            [[ $path =~ ^[][A-Za-z0-9_./+@,:=\ ~-]+$ ]] \
                || die "$exit_failed" "no name for a bill of materials: '$path'"
            number=$((number + 1))
            printf '%s SPDXRef-File-%s-%d %s\n' "$package" "$package" "$number" "$path"
        done
    done >"$work/files"
}

# collect_package NAME: its programs, or its libraries; and its patches. One that has only headers
# has no files in the document.
collect_package() {
    local built=$out/packages/$1 content=$work/content/userspace-$1
    if [ -e "$built/bin" ]; then
        mkdir "$content"
        cp -R "$built/bin" "$content/"
    elif [ -e "$built/usr/lib" ]; then
        mkdir -p "$content/usr"
        cp -R "$built/usr/lib" "$content/usr/"
    fi
    [ ! -e "$recipes/$1/patches" ] || cp -R "$recipes/$1/patches" "$content-patches"
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
    local name its_version
    while read -r name its_version; do userspace "$name" "$its_version"; done <"$work/userspace"
    package swift-embedded swift-embedded-stdlib "$(swift_version)" LIBRARY "$license_swift" \
        "pkg:generic/swift@$(swift_version)"
    package compiler-rt compiler-rt "swift-$(swift_version)" LIBRARY "$license_compiler_rt" \
        "pkg:generic/swift@$(swift_version)"
    package swift swift "$(swift_version)" APPLICATION "$license_swift" \
        "pkg:generic/swift@$(swift_version)"
    for name in $(kernel_tools) $(image_tools); do debian_package "$name" APPLICATION NOASSERTION; done
}

# kernel_tools, image_tools: Debian's packages that make these.
kernel_tools() { echo binutils "gcc-$(gcc -dumpversion | cut -d. -f1)" lz4; }
image_tools() { echo cpio e2fsprogs; }

# userspace NAME VERSION: a package of toolchain/packages, its source and its patches.
userspace() {
    local sha256 sha1 path license purpose purl files='' id=userspace-$1
    read -r sha256 sha1 path <"$recipes/$1/source"
    license=$(cat "$recipes/$1/license")
    purpose=LIBRARY
    [ ! -e "$out/packages/$1/bin" ] || purpose=APPLICATION
    [ ! -e "$work/content/$id" ] || files=$(files_of_package "$id")
    package "$id" "$1" "$2" "$purpose" "$license" "pkg:generic/hammock-$1@$2" "$files"
    # The kernel's source is there already.
    [ "$sha256" != kernel ] || return 0
    purl=$(debian_purl "$(basename "${path%/*}")" "$2" source)
    package "$id-source" "$1-source" "$2" SOURCE "$license" "$purl" "$(source_file)"
    [ -e "$work/content/$id-patches" ] || return 0
    package "$id-patches" "hammock-$1-patches" "$version" SOURCE "$license" \
        "pkg:generic/hammock-$1-patches@$version" "$(files_of_package "$id-patches")"
}

# source_file: what `path`, `sha1` and `sha256` say of a source.
source_file() {
    cat <<END
      "packageFileName": "${path##*/}",
      "checksums": [
        { "algorithm": "SHA1", "checksumValue": "$sha1" },
        { "algorithm": "SHA256", "checksumValue": "$sha256" }
      ],
      "filesAnalyzed": false
END
}

# all_of LICENCE...: all of them together, each once.
all_of() {
    printf '%s AND ' "$@" | awk -v RS=' AND ' '!seen[$0]++ { printf "%s%s", sep, $0; sep = " AND " }'
}

# license_of ID: of the files of a package, with the licences of what is linked in.
license_of() {
    local name=${1#userspace-}
    case $1 in
        init) echo "$license_init" ;;
        kernel) echo "$license_linux" ;;
        kernel-patches) echo GPL-2.0-only ;;
        userspace-*-patches) cat "$recipes/${name%-patches}/license" ;;
        userspace-*)
            if [ -e "$out/packages/$name/bin" ]; then
                all_of "$(cat "$recipes/$name/license")" "$(cat "$recipes/musl/license")" \
                    "$license_compiler_rt"
            else
                cat "$recipes/$name/license"
            fi
            ;;
    esac
}

# license_of_all: of Hammock as a whole.
license_of_all() {
    local id licenses=()
    for id in "$work"/content/*; do licenses+=("$(license_of "${id##*/}")"); done
    all_of "${licenses[@]}"
}

# package ID NAME VERSION PURPOSE LICENSE PURL [LINES]: LINES are more of its fields. LICENSE
# is what its authors declare; the licences of what is linked in may add to it.
package() {
    local concluded=$5
    case $1 in
        *-source) ;;
        init | userspace-*) concluded=$(license_of "$1") ;;
        hammock) concluded=$(license_of_all) ;;
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
        license=$(license_of "$package")
        case $path in ./config | *.patch) type=TEXT ;; *.a) type=ARCHIVE ;; *) type=BINARY ;; esac
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
    local package id path tool name
    relationship DOCUMENT DESCRIBES Package-hammock
    relationship Package-hammock CONTAINS Package-init
    relationship Package-hammock CONTAINS Package-kernel
    while read -r package id path; do
        relationship "Package-$package" CONTAINS "${id#SPDXRef-}"
    done <"$work/files"
    relationship Package-kernel GENERATED_FROM Package-kernel-source
    relationship Package-kernel-patches PATCH_APPLIED Package-kernel-source
    while read -r name _; do relationships_of "$name"; done <"$work/userspace"
    for tool in userspace-musl swift-embedded compiler-rt; do
        relationship Package-init STATIC_LINK "Package-$tool"
    done
    relationship Package-swift BUILD_TOOL_OF Package-init
    for tool in $(kernel_tools); do relationship "Package-$tool" BUILD_TOOL_OF Package-kernel; done
    for tool in $(image_tools); do relationship "Package-$tool" BUILD_TOOL_OF Package-hammock; done
}

# relationships_of NAME: of a package of toolchain/packages.
relationships_of() {
    local needed id=Package-userspace-$1
    relationship Package-swift BUILD_TOOL_OF "$id"
    if [ "$(cat "$recipes/$1/source")" = kernel ]; then
        relationship "$id" GENERATED_FROM Package-kernel-source
    else
        relationship "$id" GENERATED_FROM "$id-source"
    fi
    [ ! -e "$recipes/$1/patches" ] || relationship "$id-patches" PATCH_APPLIED "$id-source"
    if [ -e "$out/packages/$1/bin" ]; then
        relationship Package-hammock CONTAINS "$id"
        relationship "$id" STATIC_LINK Package-compiler-rt
    fi
    [ -e "$recipes/$1/needs" ] || return 0
    while read -r needed; do
        if [ -e "$out/packages/$needed/usr/lib" ]; then
            relationship "$id" STATIC_LINK "Package-userspace-$needed"
        else
            relationship "Package-userspace-$needed" BUILD_DEPENDENCY_OF "$id"
        fi
    done <"$recipes/$1/needs"
}

# relationship ONE TYPE OTHER
relationship() {
    printf '    { "spdxElementId": "SPDXRef-%s", "relationshipType": "%s", "relatedSpdxElement": "SPDXRef-%s" }\n' \
        "$1" "$2" "$3"
}

main "$@"
