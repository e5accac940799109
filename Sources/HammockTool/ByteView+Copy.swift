import InitCore

extension ByteView {
    /// Copies the bytes to memory that has room for them.
    ///
    /// - Returns: how many they are.
    @discardableResult
    @inline(never)
    func copy(to memory: UnsafeMutablePointer<UInt8>) -> Int {
        var offset = 0
        while offset < count {
            memory[offset] = self[offset]
            offset &+= 1
        }
        return count
    }
}
