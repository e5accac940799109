/// A program for UEFI that starts a kernel with its initramfs and its words: systemd's stub, and
/// behind it a section for each of them. UAPI group, Unified Kernel Image; Microsoft, PE format
enum UnifiedKernelImage {
    struct Section {
        /// At most eight bytes.
        var name: String
        var content: [UInt8]
    }

    /// - Throws: `HostError` if the stub is none, or has no room for more sections.
    static func make(stub: [UInt8], _ sections: [Section]) throws(HostError) -> [UInt8] {
        let wrong = HostError(
            "the stub is no program for UEFI on x86-64; reinstall systemd-boot-efi")
        var image = stub
        guard image.count > 64, image.starts(with: "MZ".utf8) else { throw wrong }
        let header = image.number32(at: 0x3c)
        let optional = header + 24
        guard image.count >= optional + 112,
            image[header..<header + 4].elementsEqual([80, 69, 0, 0]),
            image.number16(at: header + 4) == 0x8664, image.number16(at: optional) == 0x20b
        else { throw wrong }
        let count = image.number16(at: header + 6)
        let table = optional + image.number16(at: header + 20)
        let alignment = image.number32(at: optional + 32)
        let fileAlignment = image.number32(at: optional + 36)
        let end = table + 40 * (count + sections.count)
        guard alignment > 0, fileAlignment > 0, count > 0,
            end <= image.number32(at: optional + 60), end <= image.count
        else { throw wrong }
        // Behind the last byte of the sections that are there.
        var address = 0
        for index in 0..<count {
            let entry = table + 40 * index
            address = max(
                address, image.number32(at: entry + 8) + image.number32(at: entry + 12))
        }
        for (index, section) in sections.enumerated() {
            address = (address + alignment - 1) / alignment * alignment
            image.pad(to: fileAlignment)
            let place = image.count
            image += section.content
            image.pad(to: fileAlignment)
            var entry = Array(section.name.utf8.prefix(8))
            entry += [UInt8](repeating: 0, count: 8 - entry.count)
            entry.append(number32: section.content.count)
            entry.append(number32: address)
            entry.append(number32: image.count - place)
            entry.append(number32: place)
            entry += [UInt8](repeating: 0, count: 12)
            // Data that is there from the beginning, and is only read.
            entry.append(number32: 0x4000_0040)
            let start = table + 40 * (count + index)
            image.replaceSubrange(start..<start + 40, with: entry)
            address += section.content.count
        }
        image.set(number16: count + sections.count, at: header + 6)
        image.set(
            number32: (address + alignment - 1) / alignment * alignment, at: optional + 56)
        // Nobody checks the sum, and it is no longer true.
        image.set(number32: 0, at: optional + 64)
        return image
    }
}

extension [UInt8] {
    /// A number of two bytes, the lowest first.
    func number16(at place: Int) -> Int { Int(self[place]) | Int(self[place + 1]) << 8 }

    /// A number of four bytes, the lowest first.
    func number32(at place: Int) -> Int { number16(at: place) | number16(at: place + 2) << 16 }

    mutating func append(number32 number: Int) {
        for shift in [0, 8, 16, 24] { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    mutating func set(number16 number: Int, at place: Int) {
        self[place] = UInt8(truncatingIfNeeded: number)
        self[place + 1] = UInt8(truncatingIfNeeded: number >> 8)
    }

    mutating func set(number32 number: Int, at place: Int) {
        set(number16: number, at: place)
        set(number16: number >> 16, at: place + 2)
    }

    fileprivate mutating func pad(to alignment: Int) {
        while count % alignment != 0 { append(0) }
    }
}
