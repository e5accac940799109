public import InitCore

/// How long a shutdown can take, and what makes it long.
public struct StopBound {
    /// All services together, in milliseconds.
    public let services: UInt32
    /// The unit that takes the largest part; `nil` without services.
    public let unit: Int?
    /// Its part, in milliseconds.
    public let part: UInt32
    /// Its TimeoutStopSec=, in milliseconds.
    public let timeout: UInt32
    /// Where it names TimeoutStopSec=; empty, and line 0, if it does not.
    public let file: ByteView
    public let line: Int
}

extension Planner where Source: ~Copyable {
    /// How long a unit alone can take to stop, in milliseconds.
    ///
    /// - Parameter cap: what each TimeoutStopSec= is at most.
    @inline(never)
    private func stopTime(of unit: Int, cap: UInt32) -> UInt64 {
        guard room.units[unit].kind == .service else { return 0 }
        let timeout = UInt64(min(room.units[unit].stop, cap))
        let kill = UInt64(ServiceLimit.killMilliseconds)
        let stop = room.units[unit].stopCommands > 0 ? timeout : 0
        let clean = room.units[unit].cleanCommands > 0 ? timeout &+ kill : 0
        return stop &+ timeout &+ kill &+ clean
    }

    /// The longest stop of all services together: each stops when those that come after it have.
    mutating func findLongestStop() -> UInt32 { longestStop(cap: UInt32.max) }

    /// - Returns: milliseconds.
    @inline(never)
    private mutating func longestStop(cap: UInt32) -> UInt32 {
        var longest: UInt32 = 0
        let kept = kept
        var open = kept
        while let service = nextToStop(open) {
            open.remove(service)
            var most: UInt32 = 0
            var other = 0
            while other < unitCount {
                if kept.contains(Self.id(other)), units(.after, of: other).contains(service) {
                    most = max(most, room.units[other].longestStop)
                }
                other &+= 1
            }
            let sum = stopTime(of: service.index, cap: cap) &+ UInt64(most)
            let bound = UInt32(truncatingIfNeeded: min(sum, UInt64(UInt32.max)))
            room.units[service.index].longestStop = bound
            longest = max(longest, bound)
        }
        return longest
    }

    /// A unit of the set that no other one of it comes after.
    private func nextToStop(_ open: ServiceSet) -> ServiceID? {
        var later = ServiceSet()
        var rest = open
        while let service = rest.removeFirst() {
            later.formUnion(units(.after, of: service.index))
        }
        var free = open.subtracting(later)
        return free.removeFirst()
    }

    /// - Parameter cap: what each TimeoutStopSec= is at most, in milliseconds.
    @inline(never)
    public mutating func bound(cap: UInt32 = UInt32.max) -> StopBound {
        let services = longestStop(cap: cap)
        // Goes along the longest way, and looks for the unit with the largest part.
        var here: Int?
        var left = services
        var largest: Int?
        var part: UInt64 = 0
        while left > 0, let next = nextOnWay(behind: here, left) {
            let own = stopTime(of: next, cap: cap)
            if own > part { (largest, part) = (next, own) }
            here = next
            left = UInt32(truncatingIfNeeded: UInt64(left) &- min(own, UInt64(left)))
        }
        let stopPlace = largest.map { room.units[$0].stopPlace } ?? FilePlace()
        return StopBound(
            services: services, unit: largest, part: UInt32(truncatingIfNeeded: part),
            timeout: largest.map { min(room.units[$0].stop, cap) } ?? 0,
            file: text(stopPlace.path), line: Int(stopPlace.line))
    }

    /// The unit whose longest stop is this, and that comes after `here`.
    private func nextOnWay(behind here: Int?, _ left: UInt32) -> Int? {
        var unit = 0
        while unit < unitCount {
            let isBehind = here.map { units(.after, of: unit).contains(Self.id($0)) } ?? true
            if isBehind, !isRefused(unit), room.units[unit].longestStop == left {
                return unit
            }
            unit &+= 1
        }
        return nil
    }

    // MARK: The plan

    /// Leaves out what is refused, and writes sets and order.
    ///
    /// - Returns: the plan's bytes.
    @inline(never)
    mutating func write(longestStop: UInt32) -> ByteView {
        let kept = kept
        writer.keep(kept)
        var rest = kept
        var count: UInt8 = 0
        while let service = rest.removeFirst() {
            room.units[service.index].number = count
            count &+= 1
        }
        rest = kept
        while let service = rest.removeFirst() {
            let new = number(of: service)
            var relation: UInt8 = 0
            while let kind = Relation(rawValue: relation) {
                var others = units(kind, of: service.index).intersection(kept)
                while let other = others.removeFirst() {
                    writer.insert(number(of: other), as: kind, of: new)
                }
                relation &+= 1
            }
            if room.units[service.index].isWanted { writer.set(.isWanted, of: new) }
        }
        var open = kept
        var position = 0
        while let service = nextInOrder(open) {
            open.remove(service)
            writer.setOrder(position, number(of: service))
            position &+= 1
        }
        return writer.finish(longestStop: longestStop, refusals: refusals)
    }

    /// The number of a unit in the plan.
    private func number(of service: ServiceID) -> ServiceID {
        ServiceID(rawValue: room.units[service.index].number)
    }
}
