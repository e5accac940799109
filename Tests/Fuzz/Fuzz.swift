/// libFuzzer calls this. One executable has all targets, and its name selects one. So
/// `out/fuzz/options INPUT` repeats an input.
///
/// Built by scripts/test.sh from this directory, Sources/InitCore, Sources/UnitFiles and
/// Sources/AgentProtocol as one module, with the checks of an unoptimised build and with
/// AddressSanitizer. A target gives a parser memory of just the right size. It calls `fatalError` if
/// a second, naive implementation has another answer.
private let targets: [String: @Sendable (UnsafeBufferPointer<UInt8>) -> Void] = [
    "agent": fuzzAgent,
    "description": fuzzDescription,
    "kernel-command-line": fuzzKernelCommandLine,
    "logs": fuzzLogs,
    "notices": fuzzNotices,
    "options": fuzzOptions,
    "peers": fuzzPeers,
    "planner": fuzzPlanner,
    "power-command": fuzzPowerCommand,
    "signal-name": fuzzSignalName,
    "unit-text": fuzzUnitText,
    "unit-values": fuzzUnitValues,
]

nonisolated(unsafe) private var target: @Sendable (UnsafeBufferPointer<UInt8>) -> Void = { _ in }

@c(LLVMFuzzerInitialize)
public func initialize(
    _ argc: UnsafeMutablePointer<Int32>?,
    _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> Int32 {
    guard let path = argv?.pointee?.pointee.map({ String(cString: $0) }),
        let name = path.split(separator: "/").last, let chosen = targets[String(name)]
    else { fatalError("call this by the name of a target: \(targets.keys.sorted())") }
    target = chosen
    return 0
}

@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    target(UnsafeBufferPointer(start: bytes, count: count))
    return 0
}
