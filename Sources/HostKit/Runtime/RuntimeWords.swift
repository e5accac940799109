/// The command line that an engine gives to an OCI runtime, as runc has it.
///
/// Words that only the runtime behind this one understands stay where they are.
public struct RuntimeWords: Equatable, Sendable {
    /// Options before the command.
    public var global: [String] = []
    /// `create`, `start` and so on; empty if there is none.
    public var command = ""
    /// What stands behind the command.
    public var rest: [String] = []

    /// Options before the command that take a value of their own, if it is not put behind a `=`.
    private static let globalValues: Set<String> = [
        "root", "log", "log-format", "criu", "rootless",
    ]
    /// The same behind `create` and `exec`.
    private static let values: Set<String> = [
        "bundle", "b", "console-socket", "pid-file", "preserve-fds", "process", "p", "cwd", "env",
        "e", "user", "u", "additional-gids", "g", "apparmor", "process-label", "cap", "c",
        "cgroup",
    ]

    public init(_ words: [String]) {
        var index = 0
        while index < words.count, words[index].hasPrefix("-") {
            global.append(words[index])
            if Self.takesNext(words[index], Self.globalValues), index + 1 < words.count {
                index += 1
                global.append(words[index])
            }
            index += 1
        }
        if index < words.count {
            command = words[index]
            rest = Array(words[(index + 1)...])
        }
    }

    /// All of it, for the runtime behind this one.
    public var all: [String] { global + (command.isEmpty ? [] : [command]) + rest }

    /// The value of an option before the command, such as `log`.
    public func globalValue(of name: String) -> String? { Self.value(of: [name], in: global) }

    /// The value of an option behind the command.
    ///
    /// - Parameter names: its names, without hyphens.
    public func value(of names: [String]) -> String? {
        Self.value(of: names, in: Array(rest[..<endOfOptions]))
    }

    /// Gives an option behind the command another value, or adds it.
    public mutating func set(_ names: [String], to value: String) {
        var options = Array(rest[..<endOfOptions])
        let others = rest[endOfOptions...]
        var index = 0
        while index < options.count {
            if let (name, inner) = Self.split(options[index]), names.contains(name) {
                let ownsNext = inner == nil && index + 1 < options.count
                options.removeSubrange(index...(ownsNext ? index + 1 : index))
            } else {
                index += Self.takesNext(options[index], Self.values) ? 2 : 1
            }
        }
        rest = ["--\(names[0])", value] + options + others
    }

    /// What is no option: the container's identifier, and what follows it.
    public var operands: [String] {
        let operands = Array(rest[endOfOptions...])
        return operands.first == "--" ? Array(operands.dropFirst()) : operands
    }

    private var endOfOptions: Int {
        var index = 0
        while index < rest.count, rest[index].hasPrefix("-"), rest[index] != "--" {
            index += Self.takesNext(rest[index], Self.values) ? 2 : 1
        }
        return min(index, rest.count)
    }

    private static func value(of names: [String], in words: [String]) -> String? {
        var index = 0
        while index < words.count {
            if let (name, inner) = split(words[index]), names.contains(name) {
                return inner ?? (index + 1 < words.count ? words[index + 1] : nil)
            }
            index += takesNext(words[index], values.union(globalValues)) ? 2 : 1
        }
        return nil
    }

    /// `--name=value`, `--name` and `-name`: the engines' runtimes take one hyphen for two.
    private static func split(_ word: String) -> (name: String, value: String?)? {
        guard word.hasPrefix("-") else { return nil }
        let parts = word.drop { $0 == "-" }.split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first else { return nil }
        return (String(name), parts.count == 2 ? String(parts[1]) : nil)
    }

    private static func takesNext(_ word: String, _ names: Set<String>) -> Bool {
        guard let (name, value) = split(word) else { return false }
        return value == nil && names.contains(name)
    }
}
