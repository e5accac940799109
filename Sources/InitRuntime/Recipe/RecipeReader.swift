import InitCore

/// The entries of a recipe, one after the other.
struct RecipeReader {
    private var rest: ByteView

    init(_ recipe: ByteView) { rest = recipe }

    /// The next entry, or `nil` at the end, and where the bytes are no entry.
    @inline(never)
    mutating func next() -> (key: RecipeKey, text: ByteView)? {
        let size = Int(rest[1]) | Int(rest[2]) << 8
        // The NUL makes the text a C string, too.
        guard rest.count >= size &+ 4, rest[size &+ 3] == 0,
            let key = RecipeKey(rawValue: rest[0])
        else { return nil }
        let text = rest.slice(3, 3 &+ size)
        rest = rest.dropping(size &+ 4)
        return (key, text)
    }

    /// The text of the next entry that has this key, or `nil` if there is none.
    @inline(never)
    mutating func next(_ key: RecipeKey) -> ByteView? {
        while let entry = next() {
            if entry.key == key { return entry.text }
        }
        return nil
    }

    /// Whether these bytes are entries and nothing else.
    static func isWhole(_ recipe: ByteView) -> Bool {
        var reader = RecipeReader(recipe)
        while reader.next() != nil {}
        return reader.rest.count == 0
    }
}

/// A command of a recipe.
struct RecipeCommand {
    /// Letters of `CommandFlag`.
    private let flags: ByteView
    /// What to execute, a C string.
    let file: ByteView
    /// The words from argv[0] on, each ended by a NUL.
    let words: ByteView

    static var none: RecipeCommand {
        RecipeCommand(flags: .empty, file: .empty, words: .empty)
    }

    private init(flags: ByteView, file: ByteView, words: ByteView) {
        (self.flags, self.file, self.words) = (flags, file, words)
    }

    /// - Returns: `nil` if the recipe has no such command.
    init?(_ command: UInt8, of stage: Stage, in recipe: ByteView) {
        var reader = RecipeReader(recipe)
        var left = command
        while var text = reader.next(.command) {
            let digit = text.removeFirst(upTo: 0)
            guard digit.count == 1, digit[0] == UInt8(ascii: "0") &+ stage.rawValue else {
                continue
            }
            if left == 0 {
                let flags = text.removeFirst(upTo: 0)
                let file = text.removeFirst(upTo: 0)
                self.init(flags: flags, file: file, words: text)
                return
            }
            left &-= 1
        }
        return nil
    }

    func has(_ flag: CommandFlag) -> Bool {
        flags.length(before: flag.rawValue) < flags.count
    }

    /// Whether the command runs as PID 1's own user.
    var isRoots: Bool { has(.isPrivileged) || has(.keepsUser) }
}

extension ByteView {
    /// The number, if these are only octal digits, and it is a mode. chmod(2)
    func mode() -> UInt32? {
        var value: UInt32 = 0
        var offset = 0
        while offset < count {
            let digit = self[offset] &- UInt8(ascii: "0")
            guard digit < 8 else { return nil }
            value = value << 3 | UInt32(digit)
            guard value <= 0o7777 else { return nil }
            offset &+= 1
        }
        return count > 0 ? value : nil
    }

    /// The number, if these are only decimal digits, maybe behind a `-`.
    func integer(upTo limit: Int) -> Int32? {
        let isNegative = self[0] == UInt8(ascii: "-")
        guard let value = dropping(isNegative ? 1 : 0).decimal(upTo: limit) else { return nil }
        let number = Int32(truncatingIfNeeded: value)
        return isNegative ? 0 &- number : number
    }
}
