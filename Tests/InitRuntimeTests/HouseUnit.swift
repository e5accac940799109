@testable import InitCore

/// swift-testing has an `ExitStatus` as well.
typealias ProcessEnd = ExitStatus

/// A unit of a plan, as a test writes it.
struct HouseUnit {
    let name: String
    var settings: (inout PlanWriter, ServiceID) -> Void = { _, _ in }

    /// A service with one command, which starts when it is asked.
    init(
        _ name: String, _ settings: @escaping (inout PlanWriter, ServiceID) -> Void = { _, _ in }
    ) {
        self.name = name
        self.settings = settings
    }

    /// A plan of these units.
    static func plan(
        _ units: [HouseUnit], longestStop: UInt32 = 15_000, refusals: Int = 0
    ) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: PlanWriter.mostBytes, alignment: 8)
        defer { buffer.deallocate() }
        var writer = PlanWriter(buffer, count: units.count)
        for (index, unit) in units.enumerated() {
            let service = ServiceID(rawValue: UInt8(index))
            (Array(unit.name.utf8) + [0]).withUnsafeBufferPointer {
                writer.setName(ByteView(cString: $0.baseAddress!), of: service)
            }
            let isTarget = unit.name.hasSuffix(".target")
            writer.set(isTarget ? .target : .service, of: service)
            if !isTarget { writer.setCommandCount(.main, 1, of: service) }
            unit.settings(&writer, service)
            writer.setOrder(index, service)
        }
        let bytes = writer.finish(longestStop: longestStop, refusals: refusals)
        return (0..<bytes.count).map { bytes[$0] }
    }
}

extension PlanWriter {
    /// PIDFile= of a unit, which has no other recipe.
    mutating func setPIDFile(_ path: String, of service: ServiceID) {
        set(UnitFlags.hasPIDFile, of: service)
        beginRecipe(of: service)
        (Array(path.utf8) + [0]).withUnsafeBufferPointer {
            append(.pidFile, ByteView(cString: $0.baseAddress!), to: service)
        }
    }
}
