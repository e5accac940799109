import InitCore
import KernelInterface

/// The user and the groups that a service runs as.
struct Identity {
    /// `nil`: as PID 1 does.
    var user: UInt32?
    /// `nil`: as PID 1 does.
    var group: UInt32?
    /// How many groups there are beside it, in the recipe's memory.
    fileprivate(set) var groupCount = 0

    @inline(never)
    fileprivate mutating func add(
        _ group: UInt32, to groups: UnsafeMutablePointer<UInt32>
    ) throws(Errno) {
        var index = 0
        while index < groupCount {
            if groups[index] == group { return }
            index &+= 1
        }
        guard groupCount < RecipeMemory.mostGroups else { throw .tooLarge }
        groups[groupCount] = group
        groupCount &+= 1
    }
}

/// A line of /etc/passwd. passwd(5)
private struct UserLine {
    let name: ByteView
    let user: UInt32
    let group: UInt32
    let home: ByteView
    let shell: ByteView

    /// - Returns: `nil` if the line is none.
    init?(_ line: ByteView) {
        var rest = line
        name = rest.removeFirst(upTo: UInt8(ascii: ":"))
        _ = rest.removeFirst(upTo: UInt8(ascii: ":"))
        guard name.count > 0,
            let user = rest.removeFirst(upTo: UInt8(ascii: ":")).identifier(),
            let group = rest.removeFirst(upTo: UInt8(ascii: ":")).identifier()
        else { return nil }
        _ = rest.removeFirst(upTo: UInt8(ascii: ":"))
        self.user = user
        self.group = group
        home = rest.removeFirst(upTo: UInt8(ascii: ":"))
        shell = rest.removeFirst(upTo: UInt8(ascii: ":"))
    }

    /// The first user, who is there without any file.
    static var root: ByteView { "root:x:0:0:root:/root:/bin/sh" }
}

/// A line of /etc/group. group(5)
private struct GroupLine {
    let name: ByteView
    let group: UInt32
    private let members: ByteView

    /// - Returns: `nil` if the line is none.
    init?(_ line: ByteView) {
        var rest = line
        name = rest.removeFirst(upTo: UInt8(ascii: ":"))
        _ = rest.removeFirst(upTo: UInt8(ascii: ":"))
        guard name.count > 0,
            let group = rest.removeFirst(upTo: UInt8(ascii: ":")).identifier()
        else { return nil }
        self.group = group
        members = rest
    }

    func has(member: ByteView) -> Bool {
        var rest = members
        while rest.count > 0 {
            if rest.removeFirst(upTo: UInt8(ascii: ",")).equals(member) { return true }
        }
        return false
    }
}

extension ByteView {
    /// The number of a user or a group. The highest one means none.
    fileprivate func identifier() -> UInt32? {
        decimal(upTo: Int(UInt32.max) &- 1).map { UInt32(truncatingIfNeeded: $0) }
    }
}

extension Recipe {
    /// Finds user and groups. Puts what the environment says of the user into it.
    @inline(never)
    mutating func findIdentity<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        var name = ByteView.empty
        if let user = text(.user) {
            begin(.user, user)
            name = try findUser(user, on: &kernel)
        }
        if let group = text(.group) {
            begin(.group, group)
            identity.group = try findGroup(group, on: &kernel)
        }
        // Of a number that no line has, the group is not known either.
        if identity.user != nil, identity.group == nil { throw .noSuchProcess }
        begin(.group, name)
        if name.count > 0, let group = identity.group, group != 0 {
            try identity.add(group, to: memory.groups)
            try addGroups(of: name, on: &kernel)
        }
        var reader = RecipeReader(entries)
        while let group = reader.next(.supplementaryGroup) {
            begin(.group, group)
            try identity.add(try findGroup(group, on: &kernel), to: memory.groups)
        }
    }

    /// - Returns: the user's name; empty if only the number is known.
    @inline(never)
    private mutating func findUser<K: Kernel & ~Copyable>(
        _ user: ByteView, on kernel: inout K
    ) throws(Errno) -> ByteView {
        let number = user.identifier()
        var isFound = false
        if number == 0 || user.equals("root") {
            isFound = try takeUser(UserLine.root, "root", nil)
        } else {
            do throws(Errno) {
                isFound = try search("/etc/passwd", for: .user(user, number), on: &kernel)
            } catch {
                guard number != nil, error == .noSuchFile else { throw error }
            }
        }
        if isFound { return environment.value(of: "USER") ?? .empty }
        guard let number else { throw .noSuchProcess }
        identity.user = number
        try environment.set("USER", to: user)
        try environment.set("LOGNAME", to: user)
        return .empty
    }

    /// - Returns: whether this is the user's line.
    @inline(never)
    mutating func takeUser(
        _ text: ByteView, _ name: ByteView, _ number: UInt32?
    ) throws(Errno) -> Bool {
        guard let line = UserLine(text),
            number.map({ $0 == line.user }) ?? line.name.equals(name)
        else { return false }
        identity.user = line.user
        identity.group = line.group
        try environment.set("USER", to: line.name)
        try environment.set("LOGNAME", to: line.name)
        if line.home.count > 0 { try environment.set("HOME", to: line.home) }
        if line.shell.count > 0 { try environment.set("SHELL", to: line.shell) }
        return true
    }

    @inline(never)
    private mutating func findGroup<K: Kernel & ~Copyable>(
        _ group: ByteView, on kernel: inout K
    ) throws(Errno) -> UInt32 {
        if let number = group.identifier() { return number }
        if group.equals("root") { return 0 }
        guard try search("/etc/group", for: .group(group), on: &kernel) else {
            throw .noSuchProcess
        }
        return UInt32(truncatingIfNeeded: found)
    }

    /// - Returns: whether this is the group's line.
    mutating func takeGroup(_ text: ByteView, _ name: ByteView) -> Bool {
        guard let line = GroupLine(text), line.name.equals(name) else { return false }
        found = UInt64(line.group)
        return true
    }

    /// Adds the groups that the user is a member of.
    private mutating func addGroups<K: Kernel & ~Copyable>(
        of user: ByteView, on kernel: inout K
    ) throws(Errno) {
        do throws(Errno) {
            _ = try search("/etc/group", for: .groups(user), on: &kernel)
        } catch {
            guard error == .noSuchFile else { throw error }
        }
    }

    mutating func takeMembership(_ text: ByteView, _ member: ByteView) throws(Errno) {
        guard let line = GroupLine(text), line.has(member: member) else { return }
        try identity.add(line.group, to: memory.groups)
    }

    /// Becomes the user.
    @inline(never)
    mutating func takeIdentity<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        guard identity.user != nil || identity.group != nil || identity.groupCount > 0 else {
            return
        }
        begin(.group, text(.group) ?? text(.user) ?? .empty)
        try kernel.setGroups(
            UnsafeBufferPointer(start: memory.groups, count: identity.groupCount))
        if let group = identity.group { try kernel.setGroup(group) }
        guard let user = identity.user else { return }
        begin(.user, text(.user) ?? .empty)
        try kernel.setUser(user)
    }
}
