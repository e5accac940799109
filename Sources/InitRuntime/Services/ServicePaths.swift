import InitCore

/// The paths that belong to a run of a service. They are made where they are needed, from the name
/// and from the number of the run.
struct ServicePaths {
    /// The socket for notices; empty if there is none.
    private var socket = Path("", "")
    /// The cgroup's directory; empty if there is none.
    private var controlGroup = Path("", "")

    init(
        _ name: ByteView, _ invocation: InvocationID?, _ hasNotices: Bool, _ hasControlGroup: Bool
    ) {
        if hasNotices, let invocation { socket = ServicePaths.socket(invocation) }
        if hasControlGroup { controlGroup = ServicePaths.controlGroup(name, "") }
    }

    /// Puts the paths into a context, for as long as `body` runs.
    ///
    /// - Returns: what `body` returns; the code of a recipe that makes no sense if a path is longer
    ///   than any can be.
    func use(by context: inout RecipeContext, _ body: (RecipeContext) -> Int32) -> Int32 {
        var context = context
        var code = RecipeStep.recipe.code
        try? socket.use { (socket) throws(Errno) in
            try controlGroup.use { (group) throws(Errno) in
                context.notifySocket = ByteView(cString: socket)
                context.controlGroup = ByteView(cString: group)
                code = body(context)
            }
        }
        return code
    }

    /// The socket of a run: a name that nobody can guess who was not told.
    static func socket(_ invocation: InvocationID) -> Path {
        var line = Line()
        line.append("/run/hammock/notify/")
        line.append(hex: invocation.high)
        line.append(hex: invocation.low)
        return Path(line)
    }

    /// A file in the cgroup of a service.
    static func controlGroup(_ name: ByteView, _ file: ByteView) -> Path {
        Path("/sys/fs/cgroup/hammock/", name, file)
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
}
