import InitCore
import KernelInterface

/// The environment of a service while it is being made. environ(7)
struct Environment {
    /// Where programs are.
    static var path: ByteView { "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" }

    var texts: Texts
    private var table: TextTable

    init(_ texts: Texts, _ table: TextTable) {
        self.texts = texts
        self.table = table
    }

    /// As execve(2) takes it.
    var start: UnsafePointer<UnsafeMutablePointer<CChar>?> { UnsafePointer(table.start) }

    /// Sets a variable, in place of one of the same name.
    ///
    /// - Returns: the value, which stays as it is.
    @inline(never)
    @discardableResult
    mutating func set(_ name: ByteView, to value: ByteView) throws(Errno) -> ByteView {
        texts.append(name)
        texts.append(byte: UInt8(ascii: "="))
        texts.append(value)
        return try commit().dropping(name.count &+ 1)
    }

    @inline(never)
    mutating func set(_ name: ByteView, to number: UInt64) throws(Errno) {
        texts.append(name)
        texts.append(byte: UInt8(ascii: "="))
        texts.append(number: number)
        try commit()
    }

    /// Sets the variable `NAME=VALUE` that was appended to `texts`.
    @inline(never)
    @discardableResult
    mutating func commit() throws(Errno) -> ByteView {
        let name = texts.current.length(before: UInt8(ascii: "="))
        let text = try texts.finish()
        let variable = ByteView(cString: text)
        if let index = index(of: variable.slice(0, name)) {
            table.replace(index, by: text)
        } else {
            try table.append(text)
        }
        return variable
    }

    @inline(never)
    func value(of name: ByteView) -> ByteView? {
        index(of: name).map { table[$0].dropping(name.count &+ 1) }
    }

    /// Removes a variable.
    ///
    /// - Parameter variable: its name, or `NAME=VALUE` for a variable of just this value.
    mutating func remove(_ variable: ByteView) {
        let name = variable.length(before: UInt8(ascii: "="))
        guard let index = index(of: variable.slice(0, name)) else { return }
        if name == variable.count || table[index].equals(variable) { table.remove(index) }
    }

    @inline(never)
    private func index(of name: ByteView) -> Int? {
        var index = 0
        while index < table.count {
            let variable = table[index]
            if variable.hasPrefix(name), variable[name.count] == UInt8(ascii: "=") {
                return index
            }
            index &+= 1
        }
        return nil
    }
}

extension Recipe {
    /// Makes the environment. A later source overrides an earlier one, in the order of
    /// systemd.exec(5): what is known of the service, PassEnvironment=, Environment=,
    /// EnvironmentFile=.
    @inline(never)
    mutating func makeEnvironment<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        begin(.environment)
        try environment.set("PATH", to: Environment.path)
        try describeRun(on: &kernel)
        if stage == .stop || stage == .clean { try describeEnd() }
        try nameDirectories()
        try readPassed()
        var reader = RecipeReader(entries)
        while let variable = reader.next(.environment) {
            environment.texts.append(variable)
            try environment.commit()
        }
        reader = RecipeReader(entries)
        while let file = reader.next(.environmentFile) { try readFile(file, on: &kernel) }
        reader = RecipeReader(entries)
        while let variable = reader.next(.unsetEnvironment) { environment.remove(variable) }
    }

    @inline(never)
    private mutating func describeRun<K: Kernel & ~Copyable>(
        on kernel: inout K
    ) throws(Errno) {
        if let process = context.mainProcess {
            try environment.set("MAINPID", to: UInt64(UInt32(bitPattern: process.rawValue)))
        }
        if context.notifySocket.count > 0, mayNotify {
            try environment.set("NOTIFY_SOCKET", to: context.notifySocket)
        }
        let watchdog = plan.time(.watchdog, of: service)
        if watchdog > 0, watchdog < UnitTime.infinity, stage == .main {
            try environment.set("WATCHDOG_USEC", to: UInt64(watchdog) &* 1000)
            let process = UInt32(bitPattern: kernel.ownProcess().rawValue)
            try environment.set("WATCHDOG_PID", to: UInt64(process))
        }
        if usesTerminal { try environment.set("TERM", to: "linux") }
        let invocation = context.invocation ?? InvocationID.make(on: &kernel)
        environment.texts.append("INVOCATION_ID=")
        appendHexadecimal(invocation.high)
        appendHexadecimal(invocation.low)
        try environment.commit()
    }

    private var mayNotify: Bool {
        switch plan.notifyAccess(of: service) {
        case .none: false
        case .main: stage == .main
        case .exec, .all: true
        }
    }

    private mutating func appendHexadecimal(_ number: UInt64) {
        var shift: UInt64 = 64
        while shift > 0 {
            shift &-= 4
            let digit = UInt8(truncatingIfNeeded: number >> shift & 15)
            environment.texts.append(byte: digit &+ (digit < 10 ? 0x30 : 0x57))
        }
    }

    /// What systemd.exec(5) promises to ExecStop= and ExecStopPost=.
    private mutating func describeEnd() throws(Errno) {
        try environment.set("SERVICE_RESULT", to: context.outcome.result)
        guard let status = context.mainStatus else { return }
        switch status {
        case .exited(let code):
            try environment.set("EXIT_CODE", to: "exited")
            try environment.set("EXIT_STATUS", to: UInt64(code))
        case .killed(let signal):
            try environment.set("EXIT_CODE", to: "killed")
            if let name = SignalName.name(of: signal) {
                try environment.set("EXIT_STATUS", to: name)
            } else {
                let number = UInt32(bitPattern: signal.rawValue)
                try environment.set("EXIT_STATUS", to: UInt64(number))
            }
        }
    }

    /// `RUNTIME_DIRECTORY=/run/a:/run/b`, and so on.
    private mutating func nameDirectories() throws(Errno) {
        var number: UInt8 = 0
        while let kind = DirectoryKind(rawValue: number) {
            var reader = RecipeReader(entries)
            var isFirst = true
            while let directory = reader.next(kind.key) {
                environment.texts.append(isFirst ? kind.variable : ":")
                if isFirst { environment.texts.append("DIRECTORY=") }
                environment.texts.append(kind.place)
                environment.texts.append(directory)
                isFirst = false
            }
            if !isFirst { try environment.commit() }
            number &+= 1
        }
    }

    private mutating func readPassed() throws(Errno) {
        var reader = RecipeReader(entries)
        while let name = reader.next(.passEnvironment) {
            guard let value = context.environment.value(of: name) else { continue }
            try environment.set(name, to: value)
        }
    }

    @inline(never)
    private mutating func readFile<K: Kernel & ~Copyable>(
        _ file: ByteView, on kernel: inout K
    ) throws(Errno) {
        let mayBeMissing = file[0] == UInt8(ascii: "-")
        let path = mayBeMissing ? file.dropping(1) : file
        begin(.environment, path)
        var parser = EnvironmentFile()
        do throws(Errno) {
            try kernel.readParts(at: path.start) { _, bytes in
                parser.take(bytes, into: &environment)
            }
        } catch {
            guard mayBeMissing, error == .noSuchFile else { throw error }
        }
        try parser.finish(into: &environment)
    }
}

extension ServiceOutcome {
    /// systemd.exec(5), $SERVICE_RESULT
    fileprivate var result: ByteView {
        // In the order of the cases.
        let results: ByteView = """
            success
            success
            exec-condition
            exit-code
            signal
            oom-kill
            exit-code
            resources
            protocol
            timeout
            timeout
            timeout
            watchdog
            resources
            start-limit-hit
            """
        return results.line(Int(rawValue))
    }
}
