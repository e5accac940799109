import InitCore
import KernelInterface

/// The bytes of a plan while they come.
struct PlanBytes {
    /// Of `PlanLayout.mostBytes`.
    let memory: UnsafeMutableRawBufferPointer
    var count = 0

    var view: ByteView { ByteView(UnsafeMutableRawBufferPointer(rebasing: memory[..<count])) }
}

extension Services {
    /// Starts the planner: a child that hands over a plan, and can fail in any way it likes.
    ///
    /// - Parameter isUpdate: whether the planner says each of its warnings.
    mutating func startPlanner<K: Kernel & ~Copyable>(
        isUpdate: Bool, on kernel: inout K
    ) throws(Errno) -> ProcessID {
        if let old = planner.take() { kernel.close(old) }
        planBytes.count = 0
        let pipe = try kernel.pipe(writerWaits: true)
        do throws(Errno) {
            let child = PlannerChild(
                target: settings.target, isStrict: settings.isStrict, isUpdate: isUpdate,
                pipe: pipe.writing)
            let process = try kernel.fork { kernel in child.work(on: &kernel) }
            kernel.close(pipe.writing)
            planner = pipe.reading
            return process
        } catch {
            kernel.close(pipe.writing)
            kernel.close(pipe.reading)
            throw error
        }
    }

    /// Reads what the planner has written. At the end of that the plan is checked.
    mutating func readPlan<K: Kernel & ~Copyable>(on kernel: inout K) {
        guard let planner else { return }
        let room = UnsafeMutableRawBufferPointer(rebasing: planBytes.memory[planBytes.count...])
        do throws(Errno) {
            // A plan that fills all of the room is one, unless it goes on.
            let count =
                room.count > 0
                ? try kernel.read(room, from: planner) : try readMore(from: planner, on: &kernel)
            if count == 0 {
                endPlanning(try? Plan(planBytes.view), on: &kernel)
            } else if room.count > 0 {
                planBytes.count &+= count
            } else {
                endPlanning(nil, on: &kernel)
            }
        } catch {
            if error != .wouldBlock, error != .interrupted {
                endPlanning(nil, on: &kernel)
            }
        }
    }

    /// - Returns: 0 if nothing comes any more.
    private func readMore<K: Kernel & ~Copyable>(
        from planner: FileDescriptor, on kernel: inout K
    ) throws(Errno) -> Int {
        var byte: UInt8 = 0
        return try withUnsafeMutableBytes(of: &byte) { (bytes) throws(Errno) in
            try kernel.read(bytes, from: planner)
        }
    }

    @inline(never)
    private mutating func endPlanning<K: Kernel & ~Copyable>(
        _ plan: Plan?, on kernel: inout K
    ) {
        stopPlanning(on: &kernel)
        if update != nil {
            updateIsRead(plan)
            return
        }
        if let plan {
            let cap = table.stopCap
            table = ServiceTable(plan: plan)
            table.stopCap = cap
            holdings.initialize(repeating: ServiceHoldings(), count: plan.count)
        }
        events.planned = .planned(longestStop: plan.map { Int64($0.longestStop) })
    }

    /// Nobody waits for a plan any longer.
    mutating func stopPlanning<K: Kernel & ~Copyable>(on kernel: inout K) {
        if let planner = planner.take() { kernel.close(planner) }
    }
}

/// The child that hands over a plan.
struct PlannerChild {
    /// Empty for all units of /etc/hammock.
    let target: Line
    let isStrict: Bool
    /// Whether it says each of its warnings. At a boot the console is spared them.
    let isUpdate: Bool
    /// Where the plan goes.
    let pipe: FileDescriptor

    /// A plan that was made before. It is used where no target is named.
    private static var plan: StaticString { "/etc/hammock/plan" }
    /// Where the tool may be that reads unit files.
    private static var tools: ByteView { "/usr/bin/hammock\0/sbin/hammock\0/hammock\0" }

    /// - Returns: the code to exit with. Only if there is no tool, or the plan was copied.
    func work<K: Kernel & ~Copyable>(on kernel: inout K) -> Int32 {
        do throws(Errno) {
            if target.count == 0, try copyPlan(on: &kernel) { return 0 }
            try kernel.duplicate(pipe, as: .standardOutput)
            try kernel.resetSignals(ignoring: nil)
            kernel.closeDescriptors(from: FileDescriptor(rawValue: 3), keeping: nil, nil)
            try kernel.unblockSignals()
            try becomeTool(on: &kernel)
        } catch {
            var line = Line()
            line.append("init: hammock, which reads unit files, cannot be run as /sbin/hammock")
            error.append(to: &line)
            line.end()
            line.withBytes { _ = try? kernel.write($0, to: .standardError) }
        }
        return 1
    }

    /// - Returns: false if there is none.
    private func copyPlan<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) -> Bool {
        guard let file = try? kernel.open(at: Self.plan.utf8Start, .reading, mode: 0) else {
            return false
        }
        var buffer = [4096 of UInt8](repeating: 0)
        while true {
            let isOver = try withUnsafeMutableBytes(of: &buffer) { (bytes) throws(Errno) in
                let count = try kernel.read(bytes, from: file)
                var sent = 0
                while sent < count {
                    sent &+= try kernel.write(
                        UnsafeRawBufferPointer(rebasing: bytes[sent..<count]), to: pipe)
                }
                return count == 0
            }
            if isOver { return true }
        }
    }

    private func becomeTool<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        var target = target
        target.append(byte: 0)
        var words = [9 of UnsafeMutablePointer<CChar>?](repeating: nil)
        var count = 0
        add("hammock\0", to: &words, &count)
        add("plan\0", to: &words, &count)
        add(isUpdate ? "--partial\0" : "--boot\0", to: &words, &count)
        add("-o\0", to: &words, &count)
        add("-\0", to: &words, &count)
        if isStrict { add("--strict\0", to: &words, &count) }
        try target.withBytes { (bytes) throws(Errno) in
            if bytes.count > 1 {
                add("--target\0", to: &words, &count)
                words[count] = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?
                    .assumingMemoryBound(to: CChar.self)
            }
            try execute(&words, on: &kernel)
        }
    }

    private func add(
        _ text: ByteView, to words: inout [9 of UnsafeMutablePointer<CChar>?],
        _ count: inout Int
    ) {
        words[count] = UnsafeMutableRawPointer(mutating: text.start)
            .assumingMemoryBound(to: CChar.self)
        count &+= 1
    }

    private func execute<K: Kernel & ~Copyable>(
        _ words: inout [9 of UnsafeMutablePointer<CChar>?], on kernel: inout K
    ) throws(Errno) {
        try withUnsafeMutableBytes(of: &words) { (bytes) throws(Errno) in
            guard let base = bytes.baseAddress else { throw .invalidArgument }
            let table = base.assumingMemoryBound(to: UnsafeMutablePointer<CChar>?.self)
            // An empty environment: the NULL that ends the words.
            let environment = table + 8
            var failure = Errno.noSuchFile
            var tools = Self.tools
            while tools.count > 0 {
                let tool = tools.removeFirst(upTo: 0)
                do throws(Errno) {
                    return try kernel.execute(tool.start, table, environment)
                } catch {
                    if error != .noSuchFile { failure = error }
                }
            }
            throw failure
        }
    }
}
