import InitCore

/// The paths that belong to a run of a service. They are made where they are needed, from the name
/// and from the number of the run.
struct ServicePaths {
    /// The socket for notices; empty if there is none.
    private var socket = Line()
    /// The cgroup's directory; empty if there is none.
    private var controlGroup = Line()

    init(
        _ name: ByteView, _ invocation: InvocationID?, _ hasNotices: Bool, _ hasControlGroup: Bool
    ) {
        if hasNotices, let invocation { socket = ServicePaths.socket(invocation) }
        if hasControlGroup { controlGroup = ServicePaths.controlGroup(name, "") }
        socket.append(byte: 0)
        controlGroup.append(byte: 0)
    }

    /// Puts the paths into a context, for as long as `body` runs.
    func use(by context: inout RecipeContext, _ body: (RecipeContext) -> Int32) -> Int32 {
        var context = context
        return socket.withBytes { socket in
            controlGroup.withBytes { group in
                context.notifySocket = text(socket)
                context.controlGroup = text(group)
                return body(context)
            }
        }
    }

    private func text(_ bytes: UnsafeRawBufferPointer) -> ByteView {
        guard let start = bytes.baseAddress else { return .empty }
        return ByteView(cString: start.assumingMemoryBound(to: UInt8.self))
    }

    /// The socket of a run: a name that nobody can guess who was not told.
    static func socket(_ invocation: InvocationID) -> Line {
        var line = Line()
        line.append("/run/hammock/notify/")
        line.append(hex: invocation.high)
        line.append(hex: invocation.low)
        return line
    }

    /// A file in the cgroup of a service.
    @inline(never)
    static func controlGroup(_ name: ByteView, _ file: ByteView) -> Line {
        var line = Line()
        line.append("/sys/fs/cgroup/hammock/")
        line.append(name)
        line.append(file)
        return line
    }
}

extension Line {
    /// Appends 16 digits.
    @inline(never)
    fileprivate mutating func append(hex number: UInt64) {
        var shift: UInt64 = 64
        while shift > 0 {
            shift &-= 4
            let digit = UInt8(truncatingIfNeeded: number >> shift) & 15
            append(byte: digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
        }
    }

    /// Calls `body` with the line as a path, a C string.
    @inline(never)
    func asPath(_ body: (UnsafePointer<UInt8>) throws(Errno) -> Void) throws(Errno) {
        try Path(self).use(body)
    }
}
