import Glibc
import KernelInterface
import SimulatedKernel
import Testing

@testable import InitCore
@testable import InitRuntime

/// PID 1 with services on a simulated kernel. The test plays the children.
final class House {
    var runtime: Runtime<SimulatedKernel>
    private let record = UnsafeMutablePointer<EventRecord>.allocate(capacity: 1)
    private let memory: UnsafeMutableRawBufferPointer
    /// The code that PID 1 has exited with.
    private(set) var code: UInt8?

    /// - Parameter words: of a container, behind `init --services`.
    init(
        _ role: Role = .machine, words: [String] = [],
        kernel change: (inout SimulatedKernel) -> Void = { _ in }
    ) {
        var kernel = SimulatedKernel(devices: ["1": .init(), "2": .init(), "/dev/kmsg": .init()])
        kernel.offspring.staysAlive = true
        kernel.offspring.groups = []
        kernel.idleSignal = .urgent
        kernel.commandLine = "hammock.services hammock.log=debug"
        change(&kernel)
        record.initialize(to: EventRecord())
        memory = .allocate(
            byteCount: 2 * PlanLayout.mostBytes + 256 + Services.size, alignment: 64)
        var pointers: [UnsafeMutablePointer<CChar>?] = (["init", "--services"] + words).map {
            strdup($0)
        }
        pointers.append(nil)
        let argv = UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>.allocate(
            capacity: pointers.count)
        _ = argv.initialize(from: pointers)
        runtime = Runtime(
            kernel: kernel, role: role,
            words: Words(count: Int32(words.count + 2), first: argv.baseAddress), record: record,
            serviceMemory: memory)
        if role != .machine { code = runtime.readArguments() }
        code = code ?? runtime.begin()
    }

    /// A house whose services have begun.
    convenience init(
        _ units: [HouseUnit], _ role: Role = .machine, words: [String] = [],
        kernel change: (inout SimulatedKernel) -> Void = { _ in }
    ) {
        self.init(role, words: words, kernel: change)
        deliver(HouseUnit.plan(units))
    }

    deinit {
        memory.deallocate()
        record.deallocate()
    }

    var kernel: SimulatedKernel {
        get { runtime.kernel }
        set { runtime.kernel = newValue }
        _modify { yield &runtime.kernel }
    }

    var services: UnsafeMutablePointer<Services> { runtime.services! }

    // MARK: What happens

    /// PID 1 works until it would sleep.
    func settle(sourceLocation: SourceLocation = #_sourceLocation) {
        let idles = kernel.idleCount
        for _ in 0..<5_000 where code == nil {
            code = runtime.turn()
            if kernel.idleCount > idles { return }
        }
        if code == nil { Issue.record("PID 1 does not rest", sourceLocation: sourceLocation) }
    }

    /// PID 1 does what one descriptor asks for.
    func takeOne() {
        // What there is for the core stays where it is.
        _ = runtime.nextServiceEvent(services, milliseconds: 0)
    }

    /// Time goes by, and PID 1 does what is due.
    func pass(_ milliseconds: Int32) {
        kernel.sleep(milliseconds: milliseconds)
        settle()
    }

    /// The planner hands over these bytes, and ends.
    func deliver(_ bytes: [UInt8], exits code: UInt8 = 0) {
        guard let planner = planner else { return }
        kernel.logs.write(bytes, into: planner.pipe)
        kernel.logs.hangUp(planner.pipe)
        settle()
        end(planner.process, .exited(code))
    }

    /// The planner, which was started last of all children.
    var planner: (process: ProcessID, pipe: Pipe)? {
        guard services.pointee.planner != nil, let pipe = kernel.logs.lastPipe else {
            return nil
        }
        return (lastChild, pipe)
    }

    var lastChild: ProcessID { ProcessID(rawValue: Int32(kernel.children + 1)) }

    func end(_ process: ProcessID?, _ status: ProcessEnd = .exited(0)) {
        guard let process else { return }
        kernel.offspring.groups?.remove(process.rawValue)
        kernel.end(process, status)
        settle()
    }

    /// The child becomes its program.
    func execute(_ process: ProcessID?) {
        guard let process else { return }
        kernel.offspring.execute(process)
        settle()
    }

    /// A client of the control socket asks.
    ///
    /// - Returns: its place among the connections.
    @discardableResult
    func ask(_ text: String) -> Int {
        let client = kernel.sockets.connect(saying: "hammock/1 \(text)\n")
        settle()
        return client
    }

    func answer(to client: Int) -> String { kernel.sockets.connections[client].text }

    /// A service starts, and is up if it need say nothing.
    ///
    /// - Returns: its main process.
    @discardableResult
    func start(_ name: String) -> ProcessID? {
        ask("start \(name)")
        let main = main(name)
        execute(main)
        return main
    }

    /// The plan is made anew.
    @discardableResult
    func update(
        _ units: [HouseUnit], refusals: Int = 0, exits code: UInt8 = 0, restarts: Bool = false
    ) -> Int {
        let client = ask(restarts ? "update restart" : "update")
        deliver(HouseUnit.plan(units, refusals: refusals), exits: code)
        return client
    }

    // MARK: How it is

    func id(_ name: String) -> ServiceID? {
        name.withCString { text in
            text.withMemoryRebound(to: UInt8.self, capacity: name.utf8.count + 1) {
                services.pointee.table.plan.unit(called: ByteView(cString: $0))
            }
        }
    }

    func state(_ name: String) -> ServiceState {
        id(name).map { services.pointee.table.state(of: $0) } ?? ServiceState()
    }

    func phase(_ name: String) -> ServicePhase { state(name).phase }
    func main(_ name: String) -> ProcessID? { state(name).main }
    func control(_ name: String) -> ProcessID? { state(name).control }

    /// What PID 1 did from now on.
    func deeds(_ body: () -> Void) -> [String] {
        let before = kernel.deeds.count
        body()
        return Array(kernel.deeds[before...])
    }

    /// The signals among deeds.
    func signals(_ body: () -> Void) -> [String] {
        deeds(body).filter { $0.contains(" gets ") }.map {
            $0.replacing("InitCore.ProcessID(rawValue: ", with: "").replacing("))", with: ")")
        }
    }
}

extension House {
    var core: InitCore { runtime.core }
}
