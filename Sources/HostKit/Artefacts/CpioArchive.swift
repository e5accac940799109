/// The form "newc" of cpio, of which the kernel makes its first root directory. Several archives,
/// one behind the other, are one for the kernel.
enum CpioArchive {
    struct File {
        var name: String
        var mode: UInt32
        var content: [UInt8]
    }

    private static let headerSize = 110

    /// An archive of regular files that belong to root.
    static func make(_ files: [File]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, file) in files.enumerated() {
            append(
                name: file.name, number: index + 1, mode: 0o100000 | file.mode, links: 1,
                file.content, to: &bytes)
        }
        append(name: "TRAILER!!!", number: 0, mode: 0, links: 1, [], to: &bytes)
        // Whole blocks, as cpio itself writes them.
        bytes += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
        return bytes
    }

    private static func append(
        name: String, number: Int, mode: UInt32, links: Int, _ content: [UInt8],
        to bytes: inout [UInt8]
    ) {
        let fields = [
            number, Int(mode), 0, 0, links, 0, content.count, 0, 0, 0, 0, name.utf8.count + 1, 0,
        ]
        bytes += "070701".utf8
        for field in fields {
            let digits = String(field, radix: 16, uppercase: true)
            bytes += (String(repeating: "0", count: 8 - digits.count) + digits).utf8
        }
        bytes += name.utf8
        bytes.append(0)
        pad(&bytes)
        bytes += content
        pad(&bytes)
    }

    private static func pad(_ bytes: inout [UInt8]) {
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    /// The content of a file in an archive; `nil` if the archive has none of this name.
    static func content(of name: String, in archive: [UInt8]) -> [UInt8]? {
        var place = 0
        while archive.count - place >= headerSize,
            archive[place..<place + 6].elementsEqual("070701".utf8)
        {
            guard let size = field(6, at: place, in: archive),
                let nameSize = field(11, at: place, in: archive), nameSize > 0
            else { return nil }
            let start = aligned(place + headerSize + nameSize)
            let end = start + size
            guard end <= archive.count else { return nil }
            let found = archive[place + headerSize..<place + headerSize + nameSize - 1]
            if found.elementsEqual(name.utf8) { return Array(archive[start..<end]) }
            place = aligned(end)
        }
        return nil
    }

    private static func aligned(_ place: Int) -> Int { (place + 3) & ~3 }

    private static func field(_ index: Int, at place: Int, in archive: [UInt8]) -> Int? {
        let start = place + 6 + 8 * index
        return Int(String(decoding: archive[start..<start + 8], as: UTF8.self), radix: 16)
    }
}
