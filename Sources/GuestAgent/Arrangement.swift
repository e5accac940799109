import AgentProtocol
import InitCore
import KernelInterface

/// What came of a request that makes the root directory.
enum Arrangement {
    case done
    /// What it was about has failed.
    case failed(Errno, subject: ByteView)
    /// It is no such request.
    case nonsense

    /// Does what the request says. It is called in two places.
    @inline(never)
    init<S: AgentSystem & ~Copyable>(
        _ kind: FrameKind, _ payload: ByteView, _ memory: AgentMemory, on system: inout S
    ) {
        self = .nonsense
        var subject = ByteView.empty
        do throws(Errno) {
            switch kind {
            case .mount:
                guard let request = MountRequest(payload) else { return }
                subject = request.target
                try system.mount(request, memory)
            case .directory:
                guard let request = EntryRequest(payload), request.content.count == 0 else {
                    return
                }
                subject = request.path
                try system.makeDirectory(request, memory)
            case .file:
                guard let request = EntryRequest(payload) else { return }
                subject = request.path
                try system.writeFile(request, memory)
            case .link:
                guard let request = LinkRequest(payload) else { return }
                subject = request.path
                try system.makeLink(request, memory)
            case .enter:
                guard let request = EnterRequest(payload) else { return }
                subject = request.path
                try system.enter(request.path)
            case .locate:
                guard let request = LocateRequest(payload) else { return }
                subject = request.path
                try system.locate(request, memory)
            case .network:
                guard let request = NetworkRequest(payload) else { return }
                subject = request.subject
                try system.askNetwork(request.message)
            default: return
            }
            self = .done
        } catch {
            self = .failed(error, subject: subject)
        }
    }
}
