import InitCore
import InitRuntime
import KernelInterface

private typealias Arguments = UnsafePointer<UnsafeMutablePointer<CChar>?>

/// Runs the command that the arguments say. See main.c.
///
/// - Returns: the code of the child; 2 if the arguments make no sense.
@c(recipe_child_run)
public func recipeChildRun(
    _ count: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>?,
    _ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
    let words = Words(count: count, first: arguments)
    var kernel = LinuxKernel()
    guard let stage = words[1].decimal(upTo: 6).flatMap({ Stage(rawValue: UInt8($0)) }),
        (try? kernel.catchSignals()) != nil
    else { return 2 }
    var memory = [4096 of UInt64](repeating: 0)
    return withUnsafeMutableBytes(of: &memory) { bytes in
        var context = RecipeContext()
        context.environment = Words(count: .max, first: environment)
        guard let plan = makePlan(words, in: bytes, &context, on: &kernel) else { return 2 }
        return run(stage, plan, context, words, on: &kernel)
    }
}

/// Writes the plan of one unit.
private func makePlan(
    _ words: Words, in bytes: UnsafeMutableRawBufferPointer, _ context: inout RecipeContext,
    on kernel: inout LinuxKernel
) -> Plan? {
    var writer = PlanWriter(bytes, count: 1)
    let service = ServiceID(rawValue: 0)
    writer.setName("test.service", of: service)
    writer.setOrder(0, service)
    writer.beginRecipe(of: service)
    var index = 2
    while index < words.count {
        let text = words[index &+ 1]
        if words[index].equals("cgroup") {
            context.controlGroup = text
        } else if words[index].equals("log") {
            context.log = try? kernel.open(
                at: text.start, .writing.union(.making).union(.appending), mode: 0o644)
        } else {
            guard let number = words[index].decimal(upTo: 255),
                let key = RecipeKey(rawValue: UInt8(number))
            else { return nil }
            // The arguments may be written to.
            let start = UnsafeMutablePointer(mutating: text.start)
            var offset = 0
            while offset < text.count {
                if start[offset] == UInt8(ascii: "|") { start[offset] = 0 }
                offset &+= 1
            }
            writer.append(key, text, to: service)
        }
        index &+= 2
    }
    return try? Plan(writer.finish(longestStop: 0))
}

/// Forks the child, says what it reports, and waits for its end.
private func run(
    _ stage: Stage, _ plan: Plan, _ given: RecipeContext, _ words: Words,
    on kernel: inout LinuxKernel
) -> Int32 {
    var context = given
    var cgroup: FileDescriptor?
    if context.controlGroup.count > 0 {
        cgroup = try? kernel.open(at: context.controlGroup.start, .reading, mode: 0)
    }
    let forked = try? kernel.forkService(into: cgroup) { kernel, report, isInside in
        context.isInControlGroup = isInside
        return RecipeChild.become(
            0, of: stage, of: ServiceID(rawValue: 0), in: plan, context, reportingTo: report,
            on: &kernel)
    }
    guard let child = forked else { return 2 }
    // A signal may come first: that the child has ended.
    while (try? kernel.wait(for: child.report, milliseconds: nil)) != .readable {}
    if let report = try? kernel.readServiceReport(child.report) {
        var line = Line()
        line.append("report ")
        line.append(number: report.code)
        line.append(" ")
        line.append(number: report.errno)
        line.end()
        line.withBytes { bytes in _ = try? kernel.write(bytes, to: .standardError) }
    }
    while true {
        if case .child(child.process, let status)? = try? kernel.reap() {
            return Int32(status.code)
        }
        _ = try? kernel.wait(for: nil, milliseconds: 100)
    }
}
