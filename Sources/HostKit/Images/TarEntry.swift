/// An entry of a tar archive, as its headers tell.
struct TarEntry {
    enum Kind: Equatable {
        case file, directory, symbolicLink, hardLink, device, fifo
    }

    /// Below the root, without a slash at either end: `usr/bin/env`. Empty is the root itself.
    var path: [UInt8]
    var kind: Kind
    /// How many bytes of content follow the headers.
    var size: Int
    /// How large the file is. It differs from `size` for a sparse file.
    var realSize: Int
    /// As written in the archive.
    var linkTarget: [UInt8]
    /// The header blocks, the long names and extended records before the main one included.
    var headers: [UInt8]
    /// Where the main header is in `headers`.
    var mainOffset: Int
    /// The extended records that hold for the entry.
    var records: [PaxRecord]
    /// Whether `headers` do not say by themselves what the entry is.
    var needsNewHeaders: Bool
}

/// A keyword and its value of an extended header. POSIX.1-2017, pax(1)
struct PaxRecord: Equatable {
    var key: String
    var value: [UInt8]

    /// The names of extended attributes that squashfs can hold begin with one of these.
    private static let attributeNames = ["user.", "trusted.", "security."]
    private static let attributeKeys = ["SCHILY.xattr.", "LIBARCHIVE.xattr."]

    /// Whether the record is an extended attribute that squashfs cannot hold, such as a POSIX ACL.
    var isForeignAttribute: Bool {
        guard let prefix = Self.attributeKeys.first(where: { key.hasPrefix($0) }) else {
            return false
        }
        let name = key.dropFirst(prefix.count)
        return !Self.attributeNames.contains { name.hasPrefix($0) }
    }

    /// Parses the content of an extended header: `27 path=some/long/name\n`, one after another.
    /// None if it is not well-formed.
    static func parse(_ bytes: [UInt8]) -> [PaxRecord]? {
        var records: [PaxRecord] = []
        var start = 0
        while start < bytes.count {
            guard let space = bytes[start...].firstIndex(of: UInt8(ascii: " ")),
                space - start <= 8,
                let length = Int(String(decoding: bytes[start..<space], as: UTF8.self)),
                length > space - start, start + length <= bytes.count,
                bytes[start + length - 1] == UInt8(ascii: "\n"),
                let equals = bytes[space..<start + length].firstIndex(of: UInt8(ascii: "=")),
                equals > space + 1
            else { return nil }
            let key = String(decoding: bytes[space + 1..<equals], as: UTF8.self)
            records.append(
                PaxRecord(key: key, value: Array(bytes[equals + 1..<start + length - 1])))
            start += length
        }
        return records
    }

    /// The record as an extended header holds it.
    var bytes: [UInt8] {
        let rest = [UInt8](" \(key)=".utf8) + value + [UInt8(ascii: "\n")]
        // The length counts its own digits.
        var length = rest.count + 1
        while rest.count + String(length).utf8.count != length {
            length = rest.count + String(length).utf8.count
        }
        return [UInt8](String(length).utf8) + rest
    }
}

extension [PaxRecord] {
    /// The last value for `key`. An empty one takes an earlier one back.
    func value(of key: String) -> [UInt8]? {
        last { $0.key == key }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    /// A whole number in decimal digits.
    func number(of key: String) -> Int? {
        value(of: key).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }
}

/// Paths of an archive, which are bytes and no text.
enum TarPath {
    /// Longer ones no program could open. limits.h(0p), PATH_MAX
    static let maximumLength = 4096
    /// What a directory of squashfs can hold.
    static let maximumNameLength = 255

    enum Problem: String, Error {
        case leavesRoot = "has '..' in its path"
        case tooLong = "has a path of more than 4096 bytes, or a name of more than 255"
        case holdsZero = "has a zero byte in its path"
    }

    /// `/a/./b//` is `a/b`.
    static func normalise(_ path: [UInt8]) throws -> [UInt8] {
        guard path.count <= maximumLength else { throw Problem.tooLong }
        guard !path.contains(0) else { throw Problem.holdsZero }
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        for name in path.split(separator: UInt8(ascii: "/")) {
            if name.elementsEqual(".".utf8) { continue }
            if name.elementsEqual("..".utf8) { throw Problem.leavesRoot }
            guard name.count <= maximumNameLength else { throw Problem.tooLong }
            if !result.isEmpty { result.append(UInt8(ascii: "/")) }
            result.append(contentsOf: name)
        }
        return result
    }

    /// For a message: control characters, which could change a terminal, are shown as `?`.
    static func shown(_ path: [UInt8]) -> String {
        let shown = path.map { $0 < 0x20 || $0 == 0x7f ? UInt8(ascii: "?") : $0 }
        return "'\(String(decoding: shown, as: UTF8.self))'"
    }
}
