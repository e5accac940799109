import InitCore
import KernelInterface

/// The logger, as PID 1 knows it.
struct LoggerProcess {
    /// `nil` while there is none.
    var process: ProcessID?
    /// When it is to be started again.
    var restart: Instant?
    /// How often it has ended in a row, which makes the next start later.
    var ends: Int64 = 0
    /// PID 1 has asked it to end, for good or to start another.
    var isEnding = false
    var isRenewed = false
    /// Whether one was started when nobody else was left.
    var isLast = false
}

extension Services {
    /// Starts the logger, with a pipe for each service. The pipes stay when it ends.
    @inline(never)
    mutating func startLogger<K: Kernel & ~Copyable>(
        on kernel: inout K, log: inout ServiceLog
    ) {
        logger.restart = nil
        do throws(Errno) {
            try openOutputs(for: table.plan, on: &kernel)
            let process = try forkLogger(on: &kernel)
            logger.process = process
            // An update has asked for it, and a stop came behind that: it writes what is there.
            if logger.isEnding { try? kernel.send(.terminate, to: .process(process)) }
        } catch {
            log.say("no logger", error, on: &kernel)
            planLoggerRestart(at: kernel.now())
        }
    }

    private mutating func openOutputs<K: Kernel & ~Copyable>(
        for plan: Plan, on kernel: inout K
    ) throws(Errno) {
        var index = 0
        while index < plan.count {
            let service = ServiceID(index: index)
            if plan.kind(of: service) == .service, holdings[index].output == nil {
                holdings[index].output = try kernel.pipe(writerWaits: true)
            }
            index &+= 1
        }
    }

    private mutating func forkLogger<K: Kernel & ~Copyable>(
        on kernel: inout K
    ) throws(Errno) -> ProcessID {
        try withUnsafeMutablePointer(to: &self) { (services) throws(Errno) in
            try kernel.fork { kernel in
                var logger = Logger()
                var index = 0
                while index < services.pointee.table.plan.count {
                    if let pipe = services.pointee.holdings[index].output {
                        let service = ServiceID(index: index)
                        let plan = services.pointee.table.plan
                        logger.add(
                            LogPipe(
                                name: plan.name(of: service), pipe: pipe,
                                size: LogPipe.size(by: plan.recipe(of: service))))
                    }
                    index &+= 1
                }
                return logger.run(on: &kernel)
            }
        }
    }

    /// The lines are in the pipes, and the next logger finds them there.
    @inline(never)
    mutating func loggerEnded<K: Kernel & ~Copyable>(on kernel: inout K) {
        logger.process = nil
        if logger.isRenewed {
            logger.isRenewed = false
            logger.restart = kernel.now()
        } else if !logger.isEnding {
            planLoggerRestart(at: kernel.now())
        }
    }

    /// Has a logger for the units of this plan take the place of the one that works. That one
    /// writes first what is in its pipes.
    mutating func renewLogger<K: Kernel & ~Copyable>(
        for plan: Plan, on kernel: inout K, log: inout ServiceLog
    ) {
        do throws(Errno) {
            try openOutputs(for: plan, on: &kernel)
        } catch {
            log.say("no pipe for a log", error, on: &kernel)
        }
        guard let process = logger.process else { return }
        logger.isRenewed = true
        try? kernel.send(.terminate, to: .process(process))
    }

    private mutating func planLoggerRestart(at now: Instant) {
        logger.ends = min(logger.ends &+ 1, 100)
        logger.restart = now.advanced(byMilliseconds: 100 &* logger.ends)
    }

    /// Nobody is left who could write. What the last processes have written since the logger
    /// went, or since it was killed with them, is still in the pipes: another logger writes it.
    ///
    /// - Returns: whether there is one. Its end comes before PID 1 goes on.
    mutating func startLastLogger<K: Kernel & ~Copyable>(
        on kernel: inout K, log: inout ServiceLog
    ) -> Bool {
        guard settings.keepsLogs, !logger.isLast, table.plan.count > 0 else { return false }
        logger.isLast = true
        logger.isEnding = true
        startLogger(on: &kernel, log: &log)
        return logger.process != nil
    }
}
