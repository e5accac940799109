import InitCore
import KernelInterface

// What a service says about itself.

extension Services {
    /// Whether the service may say anything, by sd_notify(3).
    private func hearsNotices(_ service: ServiceID) -> Bool {
        let plan = table.plan
        return plan.kind(of: service) == .service && plan.notifyAccess(of: service) != .none
    }

    mutating func openNotices<K: Kernel & ~Copyable>(
        _ service: ServiceID, on kernel: inout K
    ) throws(Errno) {
        guard hearsNotices(service), holdings[service.index].notices == nil,
            let invocation = holdings[service.index].invocation
        else { return }
        try ServicePaths.socket(invocation).use { (path) throws(Errno) in
            holdings[service.index].notices = try kernel.bind(path, .datagram, mode: 0o666)
        }
    }

    mutating func closeNotices<K: Kernel & ~Copyable>(
        _ service: ServiceID, on kernel: inout K
    ) {
        guard let socket = holdings[service.index].notices.take() else { return }
        kernel.close(socket)
        guard let invocation = holdings[service.index].invocation else { return }
        try? ServicePaths.socket(invocation).use { (path) throws(Errno) in
            try kernel.removeFile(at: path)
        }
    }

    /// Reads the datagrams that have come, at most 32 of them: a service that never stops must
    /// not hold up PID 1.
    @inline(never)
    mutating func readNotices<K: Kernel & ~Copyable>(
        of service: ServiceID, on kernel: inout K, log: inout ServiceLog
    ) {
        var buffer = [4096 of UInt8](repeating: 0)
        var left = 32
        while left > 0, let socket = holdings[service.index].notices {
            left &-= 1
            let received: Received
            do throws(Errno) {
                received = try withUnsafeMutableBytes(of: &buffer) { (bytes) throws(Errno) in
                    try kernel.receive(bytes, from: socket)
                }
            } catch {
                // One that is too long is passed over.
                if error == .wouldBlock { return }
                continue
            }
            guard mayTell(received, service) else { continue }
            withUnsafeMutableBytes(of: &buffer) { bytes in
                guard let start = bytes.baseAddress else { return }
                var reader = NoticeReader(
                    ByteView(
                        start: start.assumingMemoryBound(to: UInt8.self), count: received.count))
                while let notice = reader.next() {
                    if case .mainIs(let process) = notice,
                        !mayBeMain(process, of: service, by: received, on: &kernel)
                    {
                        continue
                    }
                    tell(.noticed(service, notice), on: &kernel, log: &log)
                }
            }
        }
    }

    /// Whether NotifyAccess= lets this sender speak for the service. Only who was told the name of
    /// the socket can send to it.
    private mutating func mayTell(_ received: Received, _ service: ServiceID) -> Bool {
        let state = table.state(of: service)
        switch table.plan.notifyAccess(of: service) {
        case .none: return false
        case .main: return received.process != nil && received.process == state.main
        case .exec:
            return received.process != nil
                && (received.process == state.main || received.process == state.control)
        case .all: return true
        }
    }

    /// Whether the sender may call this the service's main process. PID 1 sends signals to that
    /// one, and must not do so to others' processes for a user who may not.
    private mutating func mayBeMain<K: Kernel & ~Copyable>(
        _ process: ProcessID, of service: ServiceID, by sender: Received, on kernel: inout K
    ) -> Bool {
        if sender.process == process { return true }
        // The end of one that is not there would never be seen, and its number may become another's.
        if sender.user == 0 { return stat(of: process, on: &kernel) != nil }
        return belongs(process, to: service, childOf: sender.process, on: &kernel)
    }

    // MARK: s6's descriptor

    /// - Returns: the end of the pipe that the child is to get.
    mutating func openReadiness<K: Kernel & ~Copyable>(
        _ service: ServiceID, _ stage: Stage, on kernel: inout K
    ) throws(Errno) -> FileDescriptor? {
        guard stage == .main, table.plan.notificationDescriptor(of: service) != nil else {
            return nil
        }
        if let old = holdings[service.index].readiness.take() { kernel.close(old) }
        let pipe = try kernel.pipe(writerWaits: true)
        holdings[service.index].readiness = pipe.reading
        return pipe.writing
    }

    /// A newline says that the service is ready, and the end of the pipe that it will say no more.
    mutating func readReadiness<K: Kernel & ~Copyable>(
        of service: ServiceID, on kernel: inout K, log: inout ServiceLog
    ) {
        guard let descriptor = holdings[service.index].readiness else { return }
        var buffer = [64 of UInt8](repeating: 0)
        var isReady = false
        var isOver = true
        withUnsafeMutableBytes(of: &buffer) { bytes in
            do throws(Errno) {
                let count = try kernel.read(bytes, from: descriptor)
                var index = 0
                while index < count {
                    if bytes[index] == UInt8(ascii: "\n") { isReady = true }
                    index &+= 1
                }
                isOver = count == 0 || isReady
            } catch {
                isOver = error != .wouldBlock && error != .interrupted
            }
        }
        if isOver {
            holdings[service.index].readiness = nil
            kernel.close(descriptor)
        }
        if isReady { tell(.noticed(service, .ready), on: &kernel, log: &log) }
    }
}
