import Testing

@testable import InitCore
@testable import UnitFiles

/// A plan of two units, with something in each part of it.
private let small = Planned([
    "a.service": """
    [Unit]
    After=b.service
    Requires=b.service
    [Service]
    ExecStart=/bin/a
    SuccessExitStatus=3 SIGINT
    """,
    "b.service": "[Service]\nType=notify\nExecStart=-/bin/b\nUser=www\n",
])

private func check(_ bytes: [UInt8]) -> Result<Int, PlanProblem> {
    // In a block of just this size, so that a sanitizer sees each byte outside.
    let block = UnsafeMutablePointer<UInt8>.allocate(capacity: max(bytes.count, 1))
    defer { block.deallocate() }
    for (offset, byte) in bytes.enumerated() { block[offset] = byte }
    do throws(PlanProblem) {
        let plan = try Plan(ByteView(start: block, count: bytes.count))
        return .success(readAll(plan))
    } catch {
        return .failure(error)
    }
}

/// Asks the plan for all that it holds. It must have an answer.
private func readAll(_ plan: Plan) -> Int {
    var sum = Int(plan.longestStop & 1)
    for index in 0..<plan.count {
        let unit = ServiceID(rawValue: UInt8(index))
        sum += plan.name(of: unit).count + plan.recipe(of: unit).count
        for stage in 0..<UInt8(7) {
            guard let stage = Stage(rawValue: stage) else { continue }
            for command in 0..<plan.commandCount(stage, of: unit) {
                if plan.ignoresFailure(stage, command, of: unit) { sum += 1 }
            }
        }
        for relation in 0..<UInt8(8) {
            guard let relation = Relation(rawValue: relation) else { continue }
            if !plan.units(relation, of: unit).isEmpty { sum += 1 }
        }
        sum += Int(plan.unit(inOrder: index).rawValue)
    }
    return sum
}

@Suite struct PlanTests {
    @Test func `the small plan checks`() {
        guard case .success = check(small.bytes) else {
            Issue.record("it does not")
            return
        }
        #expect(small.order == ["b.service", "a.service"])
    }

    @Test func `no part of a plan is a plan`() {
        for length in 0..<small.bytes.count {
            if case .success = check(Array(small.bytes[..<length])) {
                Issue.record("\(length) bytes of \(small.bytes.count)")
            }
        }
        if case .success = check(small.bytes + [0]) { Issue.record("a byte more") }
    }

    @Test func `a plan with any bit changed is no plan, or says the same`() {
        for offset in small.bytes.indices {
            for bit in 0..<8 {
                var bytes = small.bytes
                bytes[offset] ^= 1 << bit
                guard case .success = check(bytes) else { continue }
                // The hash covers all but the header, and that has numbers that nobody can check:
                // the longest stop, and what is kept for later.
                let isFree = (20..<24).contains(offset) || (32..<64).contains(offset)
                if !isFree { Issue.record("byte \(offset), bit \(bit)") }
            }
        }
    }

    @Test func `a plan with any byte changed and its hash put right is no plan, or can be read`() {
        // Who writes a wrong plan can write its hash, too.
        var accepted = 0
        for offset in PlanLayout.headerSize..<small.bytes.count {
            for value in [0, 1, 2, 0x7f, 0x80, 0xff] as [UInt8] {
                var bytes = small.bytes
                if bytes[offset] == value { continue }
                bytes[offset] = value
                var hash: UInt64 = 0xcbf2_9ce4_8422_2325
                for byte in bytes[PlanLayout.headerSize...] {
                    hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
                }
                for place in 0..<8 {
                    bytes[24 + place] = UInt8(truncatingIfNeeded: hash >> (8 * place))
                }
                if case .success = check(bytes) { accepted += 1 }
            }
        }
        // A name is a name whatever its letters are, so some must be accepted.
        #expect(accepted > 0)
    }

    @Test func `the planner asks three things for a unit, and for no name that is not there`() {
        func calls(_ count: Int, hidesNames: Bool) -> Int {
            var tree = Tree(["/usr/bin/program": "", "/usr/lib/systemd/system/x.wants/y": ""])
            tree["/bin"] = .link("usr/bin")
            tree["/lib"] = .link("usr/lib")
            for number in 1...count {
                tree["/etc/hammock/unit\(number).service"] = .file(
                    Array("[Service]\nExecStart=/bin/program".utf8))
            }
            tree.hidesNames = hidesNames
            var options = PlannerOptions()
            options.checksPrograms = true
            let planned = Planned(tree, options)
            #expect(planned.units.count == count)
            #expect(planned.problems == [])
            return planned.calls
        }
        // A file's kind, the file, and the kind of the program.
        #expect(calls(50, hidesNames: false) - calls(10, hidesNames: false) <= 40 * 3 + 4)
        // Drop-ins, wants and requires, in two directories.
        #expect(calls(50, hidesNames: true) - calls(10, hidesNames: true) == 40 * 9)
    }

    @Test func `the hash of a plan is FNV-1a, whatever zeros are in it`() {
        for size in 0..<40 {
            for pattern in 0..<UInt64(64) {
                // Runs of zeros of all lengths at all places.
                let bytes: [UInt8] = (0..<size).map { place in
                    let run = UInt64(place / 4 % 6)
                    return (pattern >> run) & 1 == 0 ? 0 : UInt8(place + 1)
                }
                var expected: UInt64 = 0xcbf2_9ce4_8422_2325
                for byte in bytes { expected = (expected ^ UInt64(byte)) &* 0x100_0000_01b3 }
                let hash = bytes.withUnsafeBufferPointer {
                    Plan.hash(of: $0.baseAddress.map { ByteView(start: $0, count: size) } ?? "")
                }
                #expect(hash == expected)
            }
        }
    }

    @Test func `what the writer has written the plan says`() throws {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: PlanWriter.mostBytes, alignment: 8)
        defer { memory.deallocate() }
        var writer = PlanWriter(memory, count: 3)
        for number in 0..<UInt8(3) {
            let unit = ServiceID(rawValue: number)
            writer.setName(["a.service", "bb.target", "c.service"][Int(number)], of: unit)
            writer.beginRecipe(of: unit)
            writer.append(.user, ["x", "", "yy"][Int(number)], to: unit)
            writer.set(.restart, UInt32(number) * 1_000_000, of: unit)
            writer.setOrder(Int(number), unit)
        }
        writer.set(.success, 7, .signal(.kill), of: ServiceID(rawValue: 2))
        let plan = try Plan(writer.finish(longestStop: 77))
        #expect(plan.longestStop == 77)
        #expect(plan.name(of: ServiceID(rawValue: 1)).string == "bb.target")
        #expect(plan.entries(of: ServiceID(rawValue: 2)).map(\.text) == ["yy"])
        #expect(plan.time(.restart, of: ServiceID(rawValue: 2)) == 2_000_000)
        #expect(
            plan.list(.success, of: ServiceID(rawValue: 2), contains: .killed(.kill)))
    }

    @Test func `a writer keeps the units that it is told to, with all that is theirs`() throws {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: PlanWriter.mostBytes, alignment: 8)
        defer { memory.deallocate() }
        for kept in 0..<UInt64(1 << 6) {
            var writer = PlanWriter(memory, count: 128)
            for number in 0..<UInt8(6) {
                let unit = ServiceID(rawValue: number)
                let before = writer.heapEnd
                writer.setName("lost", of: unit)
                writer.setStartLimitBurst(99, of: unit)
                writer.rewind(unit, to: before)
                writer.setName(["a", "bb", "ccc", "d", "ee", "fff"][Int(number)], of: unit)
                writer.beginRecipe(of: unit)
                writer.append(.user, ["1", "22", "333", "4", "55", "666"][Int(number)], to: unit)
                writer.set(.stop, UInt32(number), of: unit)
            }
            writer.keep(ServiceSet(low: kept, high: 0))
            let expected = (0..<6).filter { kept >> UInt64($0) & 1 == 1 }
            for place in expected.indices {
                writer.setOrder(place, ServiceID(rawValue: UInt8(place)))
            }
            let plan = try Plan(writer.finish(longestStop: 0))
            #expect(plan.count == expected.count)
            for (place, number) in expected.enumerated() {
                let unit = ServiceID(rawValue: UInt8(place))
                #expect(plan.name(of: unit).string == ["a", "bb", "ccc", "d", "ee", "fff"][number])
                #expect(
                    plan.entries(of: unit).map(\.text)
                        == [["1", "22", "333", "4", "55", "666"][number]])
                #expect(plan.time(.stop, of: unit) == UInt32(number))
                #expect(plan.startLimitBurst(of: unit) == 5)
            }
        }
    }
}
