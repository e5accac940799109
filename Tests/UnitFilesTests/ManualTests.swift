import Glibc
import InitCore
import Testing

@testable import UnitFiles

/// docs/man/hammock.service.5, a line each.
private func manual() throws -> [String] {
    let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let file = try #require(fopen("/\(path)/docs/man/hammock.service.5", "r"))
    defer { fclose(file) }
    var text: [UInt8] = []
    while case let byte = fgetc(file), byte >= 0 { text.append(UInt8(byte)) }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
}

@Suite struct ManualTests {
    /// The directives of each subsection: `.Ic NAME` or `.It Ic NAME`.
    private func namesOfManual() throws -> [String: Set<String>] {
        var names: [String: Set<String>] = [:]
        var heading = ""
        for line in try manual() {
            let words = line.split(separator: " ").map(String.init)
            if words.first == ".Ss" || words.first == ".Sh" {
                heading = words.dropFirst().joined(separator: " ")
            } else if words.first == ".Ic" {
                names[heading, default: []].insert(words[1])
            } else if words.starts(with: [".It", "Ic"]) {
                names[heading, default: []].insert(words[2])
            }
        }
        return names
    }

    @Test func `the manual has each directive below what becomes of it, and no other`() throws {
        let names = try namesOfManual()
        var expected: [String: Set<String>] = [:]
        for number in 0..<Directive.count {
            let row = Directive.row(number)
            let heading: String
            switch row.verdict {
            case .done: heading = row.section == .hammock ? "X-Hammock" : "Done"
            case .silent: heading = "Silent"
            case .warned: heading = "Warned"
            case .refused: heading = "Refused"
            }
            let name = row.section == .condition ? "Condition\(row.name)" : "\(row.name)"
            expected[heading, default: []].insert(name)
        }
        #expect(Set(names.keys) == Set(expected.keys))
        for (heading, rows) in expected {
            let written = names[heading] ?? []
            #expect(written.subtracting(rows) == [], "too many below \(heading)")
            #expect(rows.subtracting(written) == [], "too few below \(heading)")
        }
    }

    @Test func `the manual has each limit that the planner tells of`() throws {
        let text = try manual().joined(separator: "\n")
        for limit in [
            "units Ta 128", "drop-ins Ta 32 KiB", "drop-ins of a unit Ta 63", "name Ta 96",
            "commands of a unit Ta 16", "words of a command Ta 256", "environment Ta 128",
            "environment files of a unit Ta 8", "groups of a unit Ta 64", "in a list Ta 8",
            "in all units Ta 512", "of all units Ta 63 KiB",
        ] {
            #expect(text.contains(limit), "\(limit)")
        }
    }
}
