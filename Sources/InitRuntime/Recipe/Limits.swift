import InitCore
import KernelInterface

extension Recipe {
    @inline(never)
    mutating func setLimits<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        var reader = RecipeReader(entries)
        while let limit = reader.next(.limit) {
            begin(.limits, limit)
            try setLimit(limit, on: &kernel)
        }
        try setPriority(on: &kernel)
        if let priority = text(.ioPriority) {
            begin(.ioPriority, priority)
            try kernel.setIOPriority(try number(priority))
        }
        if var policy = text(.scheduling) {
            begin(.scheduling, policy)
            let name = policy.removeFirst(upTo: UInt8(ascii: " "))
            try kernel.setScheduling(policy: try number(name), priority: try number(policy))
        }
        try setOOMScore(on: &kernel)
    }

    private func number(_ text: ByteView) throws(Errno) -> Int32 {
        guard let number = text.integer(upTo: Int(Int32.max)) else { throw .invalidArgument }
        return number
    }

    private func bound(_ text: ByteView) throws(Errno) -> UInt64 {
        if text.equals("-") { return .max }
        // A number this large needs no check for an overflow at its last digit.
        guard let bound = text.decimal(upTo: Int.max / 16) else { throw .invalidArgument }
        return UInt64(bound)
    }

    /// A process that may not raise its limits gets as much as it may have, as under systemd: a
    /// container is often such a one, and its limits are high enough.
    @inline(never)
    private mutating func setLimit<K: Kernel & ~Copyable>(
        _ limit: ByteView, on kernel: inout K
    ) throws(Errno) {
        var rest = limit
        let resource = try number(rest.removeFirst(upTo: UInt8(ascii: " ")))
        let soft = try bound(rest.removeFirst(upTo: UInt8(ascii: " ")))
        let hard = try bound(rest)
        do throws(Errno) {
            try kernel.setLimit(resource, soft: soft, hard: hard)
        } catch {
            guard error == .notPermitted else { throw error }
            let most = try kernel.limit(of: resource).hard
            try kernel.setLimit(resource, soft: min(soft, most), hard: min(hard, most))
        }
    }

    @inline(never)
    private mutating func setPriority<K: Kernel & ~Copyable>(
        on kernel: inout K
    ) throws(Errno) {
        guard let priority = text(.nice) else { return }
        begin(.priority, priority)
        do throws(Errno) {
            try kernel.setPriority(try number(priority))
        } catch {
            guard error == .permissionDenied || error == .notPermitted else { throw error }
            say(error, on: &kernel)
        }
    }

    @inline(never)
    private mutating func setOOMScore<K: Kernel & ~Copyable>(
        on kernel: inout K
    ) throws(Errno) {
        guard let score = text(.oomScore) else { return }
        begin(.oomScore, score)
        let file: StaticString = "/proc/self/oom_score_adj"
        do throws(Errno) {
            try kernel.writeFile(
                at: file.utf8Start, UnsafeRawBufferPointer(start: score.start, count: score.count))
        } catch {
            // A user namespace forbids it.
            guard error == .permissionDenied || error == .notPermitted else { throw error }
            say(error, on: &kernel)
        }
    }
}
