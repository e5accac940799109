/// The program whose place init takes, by the name that init was called by. Each of the peers
/// has its own options, variables, exit codes and lines; docs/drop-in.md has the table.
public enum Personality: UInt8, Equatable, Sendable {
    /// Init itself, for every name that is not below.
    case hammock
    case tini
    case dumbInit
    case catatonit

    public init(calledBy name: ByteView) {
        let position = name.position(in: "dumb-init catatonit tini tini-static docker-init")
        switch position {
        case nil: self = .hammock
        case 0: self = .dumbInit
        case 1: self = .catatonit
        default: self = .tini
        }
    }

    /// The code to exit with in place of the program's, given the error of execve(2).
    public func code(for error: Errno) -> UInt8 {
        switch (self, error) {
        case (.dumbInit, _): 2
        case (.catatonit, _): 1
        case (_, .noSuchFile): 127
        case (.tini, .permissionDenied), (.hammock, _): 126
        case (.tini, _): 1
        }
    }

    /// The options, as `OptionScanner` reads them. A letter means the same in each.
    var grammar: ByteView {
        let grammars: ByteView = """
            s.subreaper g.group p:parent-death e:remap w.warn v.verbose r:rewrite G=grace \
            S-services t=target x-strict o=stop W=wait m=logs l.license h.help V-version
            s. g. p: e: w. v. l. h. V-version
            c.single-child r:rewrite v.verbose h.help V.version
            g. P. L. h. V.version
            """
        return Template(Int(rawValue), of: grammars).text
    }
}

extension Words {
    /// The name that the program was called by, without its directories.
    var baseName: ByteView {
        var name = self[0]
        while case let length = name.length(before: UInt8(ascii: "/")), length < name.count {
            name = name.dropping(length &+ 1)
        }
        return name
    }
}
