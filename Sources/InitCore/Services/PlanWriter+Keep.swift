// The planner knows which units it keeps only when it has read all of them. So it writes a record
// for each that it reads, and takes out those that it refuses.

extension PlanWriter {
    /// Where the heap ends: the next name or recipe begins there.
    public var heapEnd: Int { heapSize }

    /// Takes back what was written about the unit that was written last.
    ///
    /// - Parameter heapEnd: where the heap ended before.
    public mutating func rewind(_ service: ServiceID, to heapEnd: Int) {
        heapSize = min(max(heapEnd, 0), heapSize)
        overflowed = false
        begin(service)
    }

    /// Keeps only these units. The n-th of them becomes unit n, and its name and recipe move.
    ///
    /// Names and recipes must have been written unit by unit, in the order of their numbers. Sets
    /// and the order are not renumbered, so they must be written afterwards.
    public mutating func keep(_ units: ServiceSet) {
        let oldHeap = heapStart
        var rest = units
        var kept = 0
        // The new heap may begin where records are now, so all of these move first.
        while let service = rest.removeFirst(), service.index < count {
            move(PlanLayout.recordSize, from: PlanLayout.record(of: service), to: record(kept))
            kept &+= 1
        }
        count = kept
        heapSize = 0
        kept = 0
        while kept < count {
            let size = byte(record(kept) &+ PlanLayout.nameSizeOffset)
            moveText(kept, PlanLayout.nameStartOffset, Int(size), from: oldHeap)
            let recipe = number(PlanLayout.recipeSizeOffset, of: kept)
            moveText(kept, PlanLayout.recipeStartOffset, recipe, from: oldHeap)
            kept &+= 1
        }
    }

    private func record(_ index: Int) -> Int {
        PlanLayout.record(of: ServiceID(index: index))
    }

    private func number(_ offset: Int, of index: Int) -> Int {
        Int(byte(record(index) &+ offset)) | Int(byte(record(index) &+ offset &+ 1)) << 8
    }

    /// Moves a text of the old heap behind those that were moved before it.
    ///
    /// - Parameter start: where the record has the text's place.
    private mutating func moveText(_ index: Int, _ start: Int, _ size: Int, from oldHeap: Int) {
        move(size, from: oldHeap &+ number(start, of: index), to: heapStart &+ heapSize)
        put16(UInt16(truncatingIfNeeded: heapSize), at: record(index) &+ start)
        heapSize &+= size
    }

    /// Moves bytes of the buffer.
    private mutating func move(_ size: Int, from: Int, to: Int) {
        guard let target = place(to, size), let source = place(from, size) else { return }
        target.copyMemory(from: source, byteCount: size)
    }
}
