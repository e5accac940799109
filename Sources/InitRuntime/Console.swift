public import InitCore
public import KernelInterface

/// Brings `text` to a reader, as `Delivery` decides, and returns how that ended.
///
/// Takes seconds at the most (`Delivery.Limit`). Descriptors that it opens stay open: closing
/// a terminal can block until its output has drained, and PID 1 has no reason to.
@discardableResult
public func deliver<K: Kernel & ~Copyable>(
    _ text: StaticString, on kernel: inout K
) -> Delivery.Outcome {
    deliver(
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount),
        on: &kernel)
}

@discardableResult
func deliver<K: Kernel & ~Copyable>(
    _ text: UnsafeRawBufferPointer, on kernel: inout K
) -> Delivery.Outcome {
    var delivery = Delivery(length: text.count)
    var descriptor = FileDescriptor.standardOutput
    beginInterruptions(on: &kernel)
    while true {
        switch delivery.action {
        case .open(let sink):
            delivery.step(open(sink, as: &descriptor, on: &kernel))
        case .write(_, let offset):
            let rest = UnsafeRawBufferPointer(rebasing: text[offset...])
            delivery.step(write(rest, to: descriptor, on: &kernel))
        case .waitForRoom:
            // Whether there is room now, the next write will tell.
            _ = try? kernel.waitUntilWritable(
                descriptor, milliseconds: Delivery.Limit.waitMilliseconds)
            delivery.step(.waited)
        case .finish(let outcome):
            endInterruptions(on: &kernel)
            return outcome
        }
    }
}

/// A standard stream may be shared with others, so it is not made non-blocking. Instead an
/// alarm goes off at every interval, and a write that blocks fails with EINTR. Should there
/// be no alarm, what PID 1 has to say is worth the risk of blocking.
func beginInterruptions<K: Kernel & ~Copyable>(on kernel: inout K) {
    try? kernel.letThrough(.alarm, true)
    try? kernel.setAlarmInterval(milliseconds: Delivery.Limit.waitMilliseconds)
}

func endInterruptions<K: Kernel & ~Copyable>(on kernel: inout K) {
    try? kernel.setAlarmInterval(milliseconds: 0)
    try? kernel.letThrough(.alarm, false)
}

private func open<K: Kernel & ~Copyable>(
    _ sink: Sink, as descriptor: inout FileDescriptor, on kernel: inout K
) -> Delivery.Event {
    guard let path = sink.path else { return .opened }
    do throws(Errno) {
        descriptor = try kernel.openForWriting(path)
        return .opened
    } catch {
        return .openFailed(error)
    }
}

private func write<K: Kernel & ~Copyable>(
    _ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor, on kernel: inout K
) -> Delivery.Event {
    do throws(Errno) {
        return .wrote(try kernel.write(bytes, to: descriptor))
    } catch {
        return .writeFailed(error)
    }
}
