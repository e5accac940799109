public import InitCore

/// How bad a problem is.
public enum Severity: UInt8, Equatable, Sendable {
    /// The unit does not start.
    case refused
    /// The unit starts.
    case warned
}

/// What is wrong with a unit. The text of each is in `Problem.describe`.
public enum ProblemKind: UInt8, Equatable, Sendable {
    // The file.
    case isDirectory
    case isPipe
    case isDevice
    case isSocket
    case linkLoop
    case leadsNowhere
    case noPermission
    case notReadable
    case pathTooLong
    case notText
    case changed

    // Its syntax.
    case noSectionName
    case noEqualsSign
    case noDirective
    case outsideSection
    case unknownSection
    case unknownDirective
    case otherSection

    // Values.
    case notDone
    case refusedDirective
    case badValue
    case badSpecifier
    case noHostName
    case openQuote
    case badEscape
    case unknownEscape
    case notAUnit
    case notAbsolute
    case notRelative
    case separator
    case noProgram
    case fileMissing
    case notHere
    case limit

    // What belongs together.
    case noCommand
    case severalStarts
    case oneshotRestart
    case oneshotBinding
    case descriptorAndType
    case reloadAndNotify
    case countsAsExecuted
    case ownName

    // Other units.
    case unitMissing
    case targetMissing
    case unitMasked
    case unitRefused
    case cycle
    case conflict
    case noSockets
    case otherKind
    case internalFault
}

/// A problem of a unit, with all that it takes to find the place.
public struct Problem {
    public let severity: Severity
    /// The name of the unit.
    public let unit: ByteView
    /// The path of the file, or of whatever is in its place; empty where it is no file's fault.
    public let file: ByteView
    /// From 1; 0 if it is about no line.
    public let line: Int
    /// The directive's name, empty if it is about none.
    public let directive: ByteView
    public let kind: ProblemKind
    /// A value, the name of another unit, a limit: whatever the text has a place for.
    public let word: ByteView

    /// Calls `put` with the parts of the text, one after the other: a sentence without a full stop.
    public func describe(_ put: (ByteView) -> Void) {
        var rest = Problem.text(kind)
        while rest.count > 0 {
            let length = rest.length(before: UInt8(ascii: "%"))
            put(rest.slice(0, length))
            guard length < rest.count else { return }
            switch rest[length &+ 1] {
            case UInt8(ascii: "d"): put(directive)
            case UInt8(ascii: "w"): put(word)
            default: put("%")
            }
            rest = rest.dropping(length &+ 2)
        }
    }

    /// `%d` is the directive, `%w` the word.
    private static func text(_ kind: ProblemKind) -> ByteView {
        switch kind {
        case .isDirectory: "a directory is in the place of the file"
        case .isPipe: "a named pipe is in the place of the file"
        case .isDevice: "a device is in the place of the file"
        case .isSocket: "a socket is in the place of the file"
        case .linkLoop: "the symbolic links lead in a circle"
        case .leadsNowhere: "the symbolic link leads nowhere"
        case .noPermission: "the file cannot be read: permission denied"
        case .notReadable: "the file cannot be read: the kernel answers with an error %w"
        case .pathTooLong: "the path is too long"
        case .notText: "this line is no UTF-8 text"
        case .changed: "the file was removed while it was read"
        case .noSectionName: "this names no section: %w"
        case .noEqualsSign: "this line has no '=': %w"
        case .noDirective: "nothing stands before the '=': %w"
        case .outsideSection: "%d= stands before the first section"
        case .unknownSection: "the section [%w] is not known"
        case .unknownDirective: "%d= is not known"
        case .otherSection: "%d= does not belong in [%w]"
        case .notDone: "%d= is not enforced"
        case .refusedDirective:
            "%d= is not done, and the program would do something else without it"
        case .badValue: "%d= cannot be '%w'"
        case .badSpecifier: "%d= has a specifier that is not done: %w"
        case .noHostName: "%d= has %%H, and the plan is made where the host's name is not known"
        case .openQuote: "%d= has a quote that does not end"
        case .badEscape: "%d= has a backslash with nothing that it could stand for"
        case .unknownEscape: "%d= has an escape that does not exist, and keeps its backslash"
        case .notAUnit: "%d= has a word that names no unit: %w"
        case .notAbsolute: "%d= has a path that is not absolute: %w"
        case .notRelative: "%d= has a path that is not below its directory: %w"
        case .separator: "%d= has a ';' between commands; give each command a line"
        case .noProgram: "%d= names no program"
        case .fileMissing: "%d= runs a program that is not there: %w"
        case .notHere: "%d= runs a program that is in no directory of the PATH: %w"
        case .limit: "this is more than %w"
        case .noCommand: "there is no ExecStart="
        case .severalStarts: "there is more than one ExecStart=, and Type= is not oneshot"
        case .oneshotRestart: "Type=oneshot does not go with Restart=always or on-success"
        case .oneshotBinding: "BindsTo= names a oneshot that does not remain: %w"
        case .descriptorAndType: "NotificationFD= does not go with this Type="
        case .reloadAndNotify: "ExecReload= does not go with Type=notify-reload"
        case .countsAsExecuted: "Type=dbus counts as ready when its program runs"
        case .ownName: "%d= names the unit itself"
        case .unitMissing: "it needs %w, which is not there"
        case .targetMissing: "there is no file of this target, and no link to a unit that it wants"
        case .unitMasked: "it needs %w, which is masked"
        case .unitRefused: "it needs %w, which is refused"
        case .cycle: "it comes after itself: %w"
        case .conflict: "it needs or starts with %w, and the two conflict"
        case .noSockets: "Hammock opens no sockets yet; the service does without"
        case .otherKind: "Hammock has no units of this kind"
        case .internalFault: "the plan does not check"
        }
    }
}

/// A problem before its place is known.
struct Trouble: Error, @unchecked Sendable {
    let kind: ProblemKind
    let word: ByteView

    init(_ kind: ProblemKind, _ word: ByteView = .empty) {
        self.kind = kind
        self.word = word
    }
}
