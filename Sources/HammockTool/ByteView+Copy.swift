import InitCore

extension ByteView {
    /// Copies the bytes to memory that has room for them.
    ///
    /// - Returns: how many they are.
    @discardableResult
    @inline(never)
    func copy(to memory: UnsafeMutablePointer<UInt8>) -> Int {
        UnsafeMutableRawPointer(memory).copyMemory(from: start, byteCount: count)
        return count
    }
}
