import FoundationEssentials

/// What an artefact is made of, in SPDX 2.3.
struct BillOfMaterials {
    struct Part {
        /// Letters, digits and hyphens.
        var id: String
        var name: String
        var version: String
        var purpose: String
        var license: String
        /// Of the file that it came from.
        var sha256: String?
    }

    var name: String
    /// When it was made, in seconds since 1970.
    var epoch: Int
    var parts: [Part]

    /// The document.
    ///
    /// - Parameter sum: of all that is in the artefact: another content needs another name.
    func json(sum: String) -> JSONValue {
        let artefact = Part(
            id: "artefact", name: name, version: "sha256:\(sum)", purpose: "OPERATING-SYSTEM",
            license: "NOASSERTION", sha256: nil)
        let contains = parts.map { part in
            relationship("Package-artefact", "CONTAINS", "Package-\(part.id)")
        }
        return [
            "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "dataLicense": "CC0-1.0",
            "name": .string(name),
            "documentNamespace": .string("urn:hammock:build:\(name):\(sum)"),
            "creationInfo": [
                "created": .string(isoDate(epoch)),
                "creators": ["Organization: The Hammock authors", "Tool: hammock-build"],
            ],
            "documentDescribes": ["SPDXRef-Package-artefact"],
            "packages": .array(([artefact] + parts).map(package)),
            "relationships": .array(
                [relationship("DOCUMENT", "DESCRIBES", "Package-artefact")] + contains),
        ]
    }

    private func package(_ part: Part) -> JSONValue {
        var package: JSONValue = [
            "SPDXID": .string("SPDXRef-Package-\(part.id)"), "name": .string(part.name),
            "versionInfo": .string(part.version),
            "primaryPackagePurpose": .string(part.purpose), "downloadLocation": "NOASSERTION",
            "licenseConcluded": "NOASSERTION", "licenseDeclared": .string(part.license),
            "copyrightText": "NOASSERTION", "filesAnalyzed": false,
        ]
        if let sum = part.sha256 {
            package["checksums"] = [["algorithm": "SHA256", "checksumValue": .string(sum)]]
        }
        return package
    }

    private func relationship(_ one: String, _ type: String, _ other: String) -> JSONValue {
        [
            "spdxElementId": .string("SPDXRef-\(one)"), "relationshipType": .string(type),
            "relatedSpdxElement": .string("SPDXRef-\(other)"),
        ]
    }
}

/// A date as JSON's documents have it: `1980-01-01T00:00:00Z`.
func isoDate(_ epoch: Int) -> String {
    Date(timeIntervalSince1970: Double(epoch)).formatted(.iso8601)
}
