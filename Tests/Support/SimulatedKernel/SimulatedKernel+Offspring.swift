import InitCore
import KernelInterface

/// The children of services in a simulated kernel, for tests of PID 1 and not of the children.
public struct SimulatedOffspring {
    /// A child that was forked, and has not been executed yet.
    struct Descendant {
        let process: ProcessID
        /// The directory of the cgroup that it was forked into.
        let cgroup: String?
        var isReportOpen = true
        /// Whether the report can be read.
        var isReady = false
        /// What it says; `nil` if its program runs.
        var report: ServiceReport?
    }

    /// Whether a child does nothing of itself, and lives until the test ends it. Otherwise it runs
    /// at once to its end, in this kernel.
    public var staysAlive = false
    /// The process groups that there are; `nil` if it does not matter.
    public var groups: Set<Int32>?
    private var descendants: [Descendant] = []

    private var randoms: UInt8 = 0

    static let firstReport: Int32 = 5000

    public init() {}

    // MARK: What tests ask

    /// The processes that were forked for services, in order.
    public var processes: [ProcessID] { descendants.map(\.process) }

    /// The cgroup that the child was forked into.
    public func cgroup(of process: ProcessID) -> String? {
        descendants.first { $0.process == process }?.cgroup
    }

    /// The child has become its program, or has ended before that without a word.
    public mutating func execute(_ process: ProcessID) { report(nil, of: process) }

    /// The child says why it did not become its program.
    public mutating func report(_ report: ServiceReport?, of process: ProcessID) {
        for index in descendants.indices where descendants[index].process == process {
            descendants[index].isReady = true
            descendants[index].report = report
        }
    }

    // MARK: What the kernel does

    mutating func add(_ process: ProcessID, into cgroup: String?) -> Child {
        descendants.append(Descendant(process: process, cgroup: cgroup))
        groups?.insert(process.rawValue)
        return Child(
            process: process, descriptor: nil,
            report: FileDescriptor(rawValue: Self.firstReport + Int32(descendants.count - 1)))
    }

    mutating func nextRandom() -> UInt8 {
        randoms &+= 1
        return randoms
    }

    private func place(_ descriptor: FileDescriptor) -> Int? {
        let place = Int(descriptor.rawValue - Self.firstReport)
        return descendants.indices.contains(place) && descendants[place].isReportOpen
            ? place : nil
    }

    func knows(_ descriptor: FileDescriptor) -> Bool { place(descriptor) != nil }

    func isReady(_ descriptor: FileDescriptor) -> Bool {
        place(descriptor).map { descendants[$0].isReady } ?? false
    }

    func report(at descriptor: FileDescriptor) -> ServiceReport? {
        place(descriptor).flatMap { descendants[$0].report }
    }

    mutating func close(_ descriptor: FileDescriptor) {
        if let place = place(descriptor) { descendants[place].isReportOpen = false }
    }

    /// The reports that are open, by name.
    var open: [String] {
        descendants.filter(\.isReportOpen).map { "report of \($0.process.rawValue)" }
    }

    /// Throws if there is no such process group.
    func check(_ target: SignalTarget) throws(Errno) {
        if case .group(let leader) = target, let groups, !groups.contains(leader.rawValue) {
            throw .noSuchProcess
        }
    }
}

extension SimulatedKernel {
    /// All descriptors that init has open, by name.
    public var openDescriptors: [String] {
        openPaths.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            + logs.open + sockets.open + offspring.open
    }

    func isOpenSomewhere(_ descriptor: FileDescriptor) -> Bool {
        openPaths[descriptor.rawValue] != nil || logs.isFile(descriptor)
            || logs.hasOpen(descriptor) || sockets.knows(descriptor)
            || offspring.knows(descriptor)
    }

    /// Whether poll(2) finds it ready.
    func isReady(_ watched: Watched) -> Bool {
        let descriptor = watched.watchedDescriptor
        if sockets.knows(descriptor) {
            return sockets.isReady(descriptor, forWriting: watched.isForWriting)
        }
        if offspring.knows(descriptor) { return offspring.isReady(descriptor) }
        // What the program's child reports is there at once.
        if descriptor.rawValue == 100 { return true }
        return logs.isReady(descriptor)
    }
}
