import Glibc
import InitCore
import Testing

@testable import UnitFiles

/// A row of Tests/Units/verdicts.tsv: what `hammock check` says of a service of Debian's.
private struct Row {
    var package: String
    var unit: String
    var verdict: String
    /// Directives, and sockets.
    var warned: [String]
    var reason: String?

    init?(_ line: String) {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 6, !fields.contains("") else { return nil }
        package = fields[0]
        unit = fields[2]
        verdict = fields[3]
        warned = fields[4] == "-" ? [] : fields[4].split(separator: ",").map(String.init)
        reason = fields[5] == "-" ? nil : fields[5]
    }
}

/// A file of the repository, a line each.
private func lines(of name: String) throws -> [String] {
    let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let file = try #require(fopen("/\(path)/\(name)", "r"))
    defer { fclose(file) }
    var text: [UInt8] = []
    while case let byte = fgetc(file), byte >= 0 { text.append(UInt8(byte)) }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
}

private func table() throws -> [String] { try lines(of: "Tests/Units/verdicts.tsv") }

private func rows() throws -> [Row] {
    try table().filter { !$0.hasPrefix("#") }.map { try #require(Row($0), "\($0)") }
}

extension [Row] {
    /// How many have this verdict.
    fileprivate func count(_ verdict: String) -> Int { filter { $0.verdict == verdict }.count }
}

/// Values that units of Debian's have, where the planner takes others of the same directive.
private let values = ["TasksMax": "99%", "Type": "dbus", "StandardInput": "socket"]

/// The problems of a service that has this directive.
private func problems(_ directive: String) -> [Tree.Found] {
    let isOfUnit = (0..<Directive.count).map { Directive.row($0) }.contains {
        $0.section == .unit && "\($0.name)" == directive
            || $0.section == .condition && "Condition\($0.name)" == directive
    }
    // Type=dbus needs a name, which is warned of too.
    let name = directive == "Type" ? "BusName=a.b\n" : ""
    return Planned([
        "a.service": """
        [Service]
        ExecStart=/bin/true
        \(name)[\(isOfUnit ? "Unit" : "Service")]
        \(directive)=\(values[directive] ?? "yes")

        """
    ]).problems
}

@Suite struct VerdictTests {
    @Test func `each row of the table has a verdict, and what belongs to it`() throws {
        for row in try rows() {
            switch row.verdict {
            case "runs": #expect(row.warned == [] && row.reason == nil, "\(row.unit)")
            case "warned": #expect(row.warned != [] && row.reason == nil, "\(row.unit)")
            case "refused": #expect(row.reason != nil, "\(row.unit)")
            default: Issue.record("\(row.unit) has the verdict \(row.verdict)")
            }
            #expect(row.unit.hasSuffix(".service"))
            #expect(!row.unit.contains("@.service"), "a template does not run")
            #expect(row.warned == Set(row.warned).sorted(), "\(row.unit)")
        }
    }

    @Test func `the table is in order, and has each unit once`() throws {
        let lines = try table()
        let rows = try rows()
        #expect(Set(rows.map(\.unit)).count == rows.count)
        let keys = rows.map { "\($0.package)\t\($0.unit)" }
        #expect(keys == keys.sorted())
        // Comments stand above the rows and below them.
        let first = try #require(lines.firstIndex { !$0.hasPrefix("#") })
        #expect(!lines[first..<(first + rows.count)].contains { $0.hasPrefix("#") })
    }

    @Test func `the counts below the table are those of its rows`() throws {
        let rows = try rows()
        let packages = Set(rows.map(\.package)).count
        #expect(packages == 60)
        var expected = [
            "#",
            "# \(rows.count) units of \(packages) packages: \(rows.count("runs")) run, "
                + "\(rows.count("warned")) run with warnings, \(rows.count("refused")) are refused.",
            "# In how many units each is warned of:",
        ]
        var counts: [String: Int] = [:]
        for name in rows.flatMap(\.warned) { counts[name, default: 0] += 1 }
        expected += counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "# \($0.value) \($0.key)" }
        #expect(try table().suffix(expected.count) == expected[...])
    }

    @Test func `README has the counts of the table`() throws {
        let readme = try lines(of: "README.md").joined(separator: " ")
        let rows = try rows()
        let sentence =
            "Of the \(rows.count) services of 60 packages of Debian 12, \(rows.count("runs")) run as "
            + "written, \(rows.count("warned")) run with warnings, and \(rows.count("refused")) are refused"
        #expect(readme.contains(sentence))
    }

    @Test func `the planner warns of each directive that the table says is warned of`() throws {
        for name in Set(try rows().flatMap(\.warned)).sorted() where !name.hasSuffix(".socket") {
            let found = problems(name).filter { $0.text.hasPrefix("\(name)=") }
            #expect(found.map(\.severity) == [.warned], "\(name)")
        }
    }

    @Test func `the planner warns of a socket, as the table says`() throws {
        for name in Set(try rows().flatMap(\.warned)).sorted() where name.hasSuffix(".socket") {
            let planned = Planned([
                "a.service": "[Unit]\nRequires=\(name)\n[Service]\nExecStart=/bin/true\n",
                "/usr/lib/systemd/system/\(name)": "[Socket]\nListenStream=/run/x\n",
            ])
            #expect(planned.problems.map(\.unit) == [name])
            #expect(planned.kinds == [.noSockets])
            #expect(planned.order == ["a.service"])
        }
    }

    @Test func `the planner refuses with each reason that the table has`() throws {
        for reason in Set(try rows().compactMap(\.reason)).sorted() {
            let directive = try #require(reason.split(separator: "=").first.map(String.init))
            let refused = problems(directive).filter { $0.severity == .refused }
            #expect(refused.map(\.text) == [reason], "\(directive)")
        }
    }
}
