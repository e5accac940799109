/// Who a program runs as. The meaning is docker's and podman's.
public struct UserLookup: Equatable, Sendable {
    public var uid: UInt32
    public var gid: UInt32
    /// The further groups, in the order of the file.
    public var groups: [UInt32]
    /// The home directory, or `/`.
    public var home: String

    /// Finds out who `user` is.
    ///
    /// - Parameters:
    ///   - user: `USER` or `USER:GROUP`, names or numbers. Empty is root. A number need not be in
    ///     a file.
    ///   - passwd: The image's `/etc/passwd`. passwd(5)
    ///   - group: The image's `/etc/group`. group(5)
    /// - Throws: `HostError` (125) that names what the image does not know.
    public static func resolve(
        _ user: String, passwd: String, group: String
    ) throws -> UserLookup {
        let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            .map(String.init)
        let name = parts.first.flatMap { $0.isEmpty ? nil : $0 } ?? "0"
        let groupName = parts.count > 1 && !parts[1].isEmpty ? parts[1] : nil
        let accounts = lines(of: passwd, fields: 7)
        let account =
            accounts.first { $0[0] == name }
            ?? number(name).flatMap { uid in accounts.first { number($0[2]) == uid } }
        guard let uid = account.map({ number($0[2]) }) ?? number(name) else {
            throw HostError(
                "the image has no user '\(name)' in /etc/passwd; a number needs no entry: --user"
                    + " 1000:1000")
        }
        var found = UserLookup(
            uid: uid, gid: account.flatMap { number($0[3]) } ?? 0, groups: [],
            home: account.flatMap { $0[5].isEmpty ? nil : $0[5] } ?? "/")
        let all = lines(of: group, fields: 4)
        if let groupName {
            guard
                let gid = all.first(where: { $0[0] == groupName }).flatMap({ number($0[2]) })
                    ?? number(groupName)
            else {
                throw HostError(
                    "the image has no group '\(groupName)' in /etc/group; a number needs no entry:"
                        + " --user 1000:1000")
            }
            found.gid = gid
        } else if let account {
            found.groups = all.filter { $0[3].split(separator: ",").contains { $0 == account[0] } }
                .compactMap { number($0[2]) }.filter { $0 != found.gid }
        }
        return found
    }

    private static func lines(of text: String, fields: Int) -> [[String]] {
        text.split(separator: "\n").compactMap { line in
            if line.hasPrefix("#") { return nil }
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
                .map(String.init)
            return parts.count >= fields && !parts[0].isEmpty ? parts : nil
        }
    }

    /// 0 to 4294967294: the highest number means nobody. chown(2)
    private static func number(_ text: String) -> UInt32? {
        guard let first = text.utf8.first, first != UInt8(ascii: "+") else { return nil }
        return UInt32(text).flatMap { $0 == .max ? nil : $0 }
    }
}
