import AgentProtocol
import InitCore

extension Errno {
    /// EPROTO: the other side speaks another language.
    static let protocolError = Errno(rawValue: 71)
}

/// The lines that the agent says on standard error, which is the machine's console.
enum Complaint {
    private static func begin() -> Line {
        var line = Line()
        line.append("hammock-agent: ")
        return line
    }

    static var usage: Line {
        var line = Line()
        line.append("usage: hammock-agent PORT (or - where standard input is the port)")
        line.append(" or hammock-agent --description FILE [--reboot]")
        line.end()
        return line
    }

    /// There is no port to open.
    static func noPort(_ path: ByteView, _ error: Errno) -> Line {
        var line = begin()
        line.append("cannot open ")
        line.append(word: path)
        error.append(to: &line)
        line.append(" (the machine needs a virtio port there: -device virtserialport)")
        line.end()
        return line
    }

    /// The port is there, and nobody has opened its other end.
    static func noHost(_ path: ByteView) -> Line {
        var line = begin()
        line.append(word: path)
        line.append(": nobody is at the other end")
        line.end()
        return line
    }

    static var hostHasGone: Line {
        var line = begin()
        line.append("the host has closed the port")
        line.end()
        return line
    }

    static func portFailed(_ error: Errno) -> Line {
        var line = begin()
        line.append("cannot read from the port")
        error.append(to: &line)
        line.end()
        return line
    }

    /// - Parameter kind: the first byte of the message.
    static func badMessage(kind: UInt8) -> Line {
        var line = begin()
        line.append("the host sent a message of kind ")
        line.append(number: Int32(kind))
        line.append(" that makes no sense: the agent and the host's tool differ")
        line.end()
        return line
    }

    static func cannotRead(_ path: ByteView, _ error: Errno) -> Line {
        var line = begin()
        line.append("cannot read ")
        line.append(word: path)
        error.append(to: &line)
        line.end()
        return line
    }

    static func noDescription(_ path: ByteView) -> Line {
        var line = begin()
        line.append(word: path)
        line.append(" is no description for this agent; hammock build makes one")
        line.end()
        return line
    }

    static var badDescription: Line {
        var line = begin()
        line.append("the description is damaged; hammock build makes another one")
        line.end()
        return line
    }

    /// What a description asks for has failed.
    static func failed(_ kind: FrameKind, _ subject: ByteView, _ error: Errno) -> Line {
        var line = begin()
        switch kind {
        case .mount: line.append("cannot mount ")
        case .enter: line.append("cannot enter ")
        case .locate: line.append("no disk has the image's files, for ")
        case .network: line.append("cannot give the network ")
        default: line.append("cannot make ")
        }
        line.append(word: subject)
        error.append(to: &line)
        line.end()
        return line
    }

    /// The program of a description could not be started.
    static func notStarted(_ program: ByteView, _ failure: StepFailure) -> Line {
        var line = begin()
        line.append("cannot start ")
        line.append(word: program)
        switch failure.step {
        case .workingDirectory: line.append(" in its directory")
        case .groups, .group, .user: line.append(" as its user")
        default: break
        }
        failure.error.append(to: &line)
        line.end()
        return line
    }
}
