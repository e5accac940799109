@testable import InitCore

extension World {
    /// All of a state that makes a difference to later steps. Moments are distances from now.
    struct Key: Hashable {
        fileprivate var words: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
        /// The actions that are still to be performed.
        fileprivate var toDo: [String] = []

        static func == (left: Key, right: Key) -> Bool {
            left.words == right.words && left.toDo == right.toDo
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(words.0)
            hasher.combine(words.1)
            hasher.combine(words.2)
            hasher.combine(words.3)
            hasher.combine(words.4)
            hasher.combine(toDo)
        }
    }

    var key: Key {
        var core = Packer()
        core.add(UInt64(self.core.phase.letter), below: 256)
        core.add(UInt64(self.core.code), below: 256)
        core.add(self.core.ending.index, below: 3)
        core.add(self.core.program == nil ? 0 : 1, below: 2)
        core.add(
            self.core.spawnError == nil ? 0 : self.core.spawnError == .noSuchFile ? 1 : 2, below: 3)
        core.add(UInt64(self.core.stoppedBy?.rawValue ?? 0), below: 24)
        core.add(index(of: self.core.helper), below: 3)
        core.add(distance(to: self.core.deadline?.milliseconds), below: 1 << 17)
        core.add(distance(to: self.core.phaseEnd?.milliseconds), below: 1 << 17)

        var around = Packer()
        around.add(programExists ? 1 : 0, below: 2)
        around.add(index(of: helper), below: 3)
        around.add(index(of: stolenHelper), below: 3)
        around.add(UInt64(others), below: 8)
        around.add(indexOfAwaited, below: 32)
        around.add((isReportDue ? 1 : 0) + (isReaping ? 2 : 0) + (hasSpawned ? 4 : 0), below: 8)
        around.add(endOfProgram.map { UInt64($0) + 1 } ?? 0, below: 257)
        around.add(UInt64(limit == nil ? 0 : inPhase), below: 1 << 17)
        around.add(UInt64(overrun), below: 1 << 7)

        return Key(
            words: (core.value, around.value, naiveKey, writingKey, servicesKey),
            toDo: self.core.actions.all.map { "\($0)" })
    }

    /// What the core, the world and the naive model know of the services.
    private var servicesKey: UInt64 {
        var packer = Packer()
        packer.add(core.longestStop == nil ? 0 : 1, below: 2)
        packer.add(isPlanDue ? 1 : 0, below: 2)
        packer.add((haveServicesBegun ? 1 : 0) + (haveServicesStopped ? 2 : 0), below: 4)
        packer.add(UInt64(codeAsked), below: 256)
        packer.add(naive.hasStarted ? 1 : 0, below: 2)
        packer.add(naive.longestStop == nil ? 0 : 1, below: 2)
        packer.add(naive.planUntil == nil ? 0 : 1, below: 2)
        packer.add(naive.waitUntil == nil ? 0 : 1, below: 2)
        packer.add(distance(to: naive.servicesMoment), below: 1 << 17)
        return packer.value
    }

    /// What the core, the world and the naive model know of the disks.
    private var writingKey: UInt64 {
        var packer = Packer()
        packer.add(index(of: core.unwritten), below: 4)
        // Before the phase's end it makes no difference any more.
        let flushEnd = max(core.flushEnd?.milliseconds ?? 0, core.phaseEnd?.milliseconds ?? 0)
        packer.add(distance(to: isWriting ? flushEnd : nil), below: 1 << 17)
        packer.add(index(of: unwritten), below: 4)
        packer.add(wroteLast == nil ? 0 : 1, below: 2)
        packer.add(distance(to: isWriting ? naive.asksUntil : nil), below: 1 << 17)
        packer.add(index(of: naive.left), below: 4)
        packer.add(distance(to: isWriting ? naive.until : nil), below: 1 << 17)
        return packer.value
    }

    /// Whether the moments of the disks still matter.
    private var isWriting: Bool { core.phase == .unmounting || core.phase == .syncing }

    private func index(of size: Int64?) -> UInt64 { size.map { UInt64($0 / 5) + 1 } ?? 0 }

    private var naiveKey: UInt64 {
        var packer = Packer()
        packer.add(UInt64(naive.step), below: 8)
        packer.add(UInt64(naive.duties), below: 16)
        packer.add(naive.program == nil ? 0 : 1, below: 2)
        packer.add(index(of: naive.worker), below: 3)
        packer.add(UInt64(naive.result), below: 256)
        packer.add(naive.wish.index, below: 3)
        packer.add(naive.hasExited ? 1 : 0, below: 2)
        packer.add(UInt64(naive.stop ?? 0), below: 24)
        packer.add(naive.failure == nil ? 0 : naive.failure == 127 ? 1 : 2, below: 3)
        packer.add(distance(to: naive.step == 0 ? naive.slowAt : naive.since), below: 1 << 17)
        packer.add(distance(to: naive.nextTry), below: 1 << 17)
        return packer.value
    }

    private func index(of helper: ProcessID?) -> UInt64 {
        switch helper {
        case nil: 0
        case World.program?: 1
        case .some: 2
        }
    }

    private var indexOfAwaited: UInt64 {
        switch awaited {
        case nil: 0
        case .spawn?: 1
        case .start?: 2
        case .leave?: 3
        case .measureUnwritten?: 30
        case .perform(.openStandardStreams)?: 4
        case .perform(.readCommandLine)?: 5
        case .perform(.setHostName)?: 6
        case .perform(.bringUpLoopback)?: 7
        case .perform(.mount(let number))?: UInt64(8 + number)
        default: 31
        }
    }

    /// No moment that counts is more than a minute away.
    private func distance(to moment: Int64?) -> UInt64 {
        guard let moment else { return 0 }
        return UInt64(moment - now + 60_000 + 1)
    }
}

/// Packs small numbers into one. Different numbers make different results.
private struct Packer {
    private(set) var value: UInt64 = 0
    private var room: UInt64 = 1

    mutating func add(_ number: UInt64, below limit: UInt64) {
        precondition(number < limit)
        // Both trap rather than lose anything.
        value += number * room
        room *= limit
    }
}

extension Ending {
    fileprivate var index: UInt64 {
        switch self {
        case .powerOff: 0
        case .reboot: 1
        case .halt: 2
        }
    }
}
