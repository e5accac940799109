import InitCore

/// What the child of a service does before execve(2), in this order.
enum RecipeStep: UInt8 {
    case recipe, signals, condition, assertion, controlGroup, user, group, environment, words
    case runtimeDirectory, stateDirectory, cacheDirectory, logsDirectory, configurationDirectory
    case session, standardInput, standardOutput, standardError
    case limits, priority, ioPriority, scheduling, oomScore
    case root, workingDirectory, descriptors, signalMask, execution

    /// Of each step, in their order, the code that the child exits with if it fails, and what a
    /// message calls it. systemd.exec(5), PROCESS EXIT CODES. A condition that does not hold is no
    /// failure.
    private static var table: ByteView {
        """
        203 recipe
        207 signals
        0 condition
        1 assertion
        219 cgroup
        217 user
        216 group
        203 environment
        203 words of the command
        233 runtime directory
        238 state directory
        239 cache directory
        240 logs directory
        241 configuration directory
        220 session
        208 standard input
        209 standard output
        222 standard error
        205 limit
        201 nice
        211 io priority
        214 scheduling
        206 oom score
        210 root directory
        200 working directory
        202 descriptors
        207 signals
        203 execution
        """
    }

    var code: Int32 {
        var line = RecipeStep.table.line(Int(rawValue))
        return line.removeFirst(upTo: UInt8(ascii: " ")).integer(upTo: 255) ?? 0
    }

    var name: ByteView {
        var line = RecipeStep.table.line(Int(rawValue))
        _ = line.removeFirst(upTo: UInt8(ascii: " "))
        return line
    }
}

extension ByteView {
    /// A line of a table of lines.
    @inline(never)
    func line(_ number: Int) -> ByteView {
        var rest = self
        var left = number
        while left > 0 {
            _ = rest.removeFirst(upTo: UInt8(ascii: "\n"))
            left &-= 1
        }
        return rest.removeFirst(upTo: UInt8(ascii: "\n"))
    }
}

extension Errno {
    /// No system call has failed: a condition did not hold.
    static let none = Errno(rawValue: 0)
}

extension Line {
    /// Appends `: ` and why a step has failed.
    mutating func append(_ error: Errno, of step: RecipeStep) {
        if error == .none {
            append(": does not hold")
        } else if error == .tooLarge {
            append(": more than there is room for")
        } else if error == .noSuchProcess {
            append(": no such ")
            append(step.name)
        } else if error == .invalidArgument {
            append(": not valid")
        } else {
            error.append(to: &self)
        }
    }
}
