import InitCore
import KernelInterface
import SimulatedKernel
import Testing

@testable import InitRuntime

/// A unit of a test: entries of a recipe, and the command /bin/prog.
struct Unit {
    var entries: [(RecipeKey, String)]
    var stage = Stage.main
    /// The words behind argv[0].
    var words: [String] = []
    var flags = ""
    var file = "/bin/prog"
    /// What the plan says of the unit, beside its recipe.
    var settings: (inout PlanWriter, ServiceID) -> Void = { _, _ in }
    var context = RecipeContext()
    var kernel = SimulatedKernel(devices: ["2": .init(), "report": .init()])
    /// What is open beside the standard streams and the report.
    var extraDescriptors: [Int32: String] = [:]

    init(_ entries: [(RecipeKey, String)] = []) { self.entries = entries }

    init(_ key: RecipeKey, _ text: String = "") { self.init([(key, text)]) }

    /// What has come of the recipe.
    struct Outcome {
        let code: Int32
        let kernel: SimulatedKernel

        /// What the child did, without what each child does.
        var deeds: [String] { kernel.deeds.filter { !Unit.common.contains($0) } }
        var arguments: [String] { kernel.service.arguments }
        var environment: [String] { kernel.service.environment.sorted() }
        var message: String { kernel.devices["2"]!.text }
        var report: ServiceReport? {
            var copy = kernel
            return try? copy.readServiceReport(FileDescriptor(rawValue: 100))
        }

        subscript(variable: String) -> String? {
            environment.first { $0.hasPrefix(variable + "=") }
                .map { String($0.dropFirst(variable.count + 1)) }
        }
    }

    static let common = [
        "resetSignals ignoring 13", "fillRandomly", "newSession", "setUmask 22",
        "open /dev/null 0", "duplicate /dev/null as 0", "changeDirectory /",
        "closeDescriptors 3", "unblockSignals", "execute /bin/prog",
    ]

    /// Runs the recipe.
    func run() -> Outcome {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 66_000, alignment: 8)
        defer { buffer.deallocate() }
        var writer = PlanWriter(buffer, count: 1)
        let service = ServiceID(rawValue: 0)
        withView("test.service") { writer.setName($0, of: service) }
        settings(&writer, service)
        writer.setOrder(0, service)
        writer.beginRecipe(of: service)
        for (key, text) in entries {
            withView(text) { writer.append(key, $0, to: service) }
        }
        withView(command) { writer.append(.command, $0, to: service) }
        let bytes = writer.finish(longestStop: 0)
        let plan = try! Plan(bytes)
        // 0 to 2 are open, as PID 1 has made sure.
        var kernel = kernel
        kernel.openPaths = [0: "own input", 1: "own output", 2: "2", 100: "report"]
        if context.log != nil { kernel.openPaths[50] = "log" }
        kernel.openPaths.merge(extraDescriptors) { $1 }
        let code = RecipeChild.become(
            0, of: stage, of: service, in: plan, context,
            reportingTo: FileDescriptor(rawValue: 100), on: &kernel)
        return Outcome(code: code, kernel: kernel)
    }

    /// The text of the command's entry.
    private var command: String {
        let fields = ["\(stage.rawValue)", flags, file, file] + words
        return fields.map { $0 + "\0" }.joined()
    }
}

/// Calls `body` with a view of the text, which lives as long as that takes.
func withView<Result>(_ text: String, _ body: (ByteView) -> Result) -> Result {
    (Array(text.utf8) + [0]).withUnsafeBufferPointer {
        body(ByteView(start: $0.baseAddress!, count: $0.count - 1))
    }
}

/// A view of a text that lives for ever.
func view(_ text: String) -> ByteView {
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: text.utf8.count + 1)
    for (index, byte) in text.utf8.enumerated() { bytes[index] = byte }
    bytes[text.utf8.count] = 0
    return ByteView(start: bytes, count: text.utf8.count)
}
