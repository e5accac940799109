public import InitCore
public import KernelInterface

/// Brings `text` to a reader, as `Delivery` decides, and returns the outcome.
///
/// Takes seconds at most (`Delivery.Limit`). Descriptors that it opens stay open: closing a
/// terminal can block until its output has drained, and PID 1 has no reason to close it.
@discardableResult
public func deliver<K: Kernel & ~Copyable>(
    _ text: StaticString, on kernel: inout K
) -> Delivery.Outcome {
    deliver(
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount),
        on: &kernel)
}

@inline(never)
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
            // The next write tells whether there is room now.
            _ = try? kernel.waitUntilWritable(
                descriptor, milliseconds: Delivery.Limit.waitMilliseconds)
            delivery.step(.waited)
        case .finish(let outcome):
            endInterruptions(on: &kernel)
            return outcome
        }
    }
}

/// Other processes may share a standard stream, so PID 1 does not make it non-blocking. Instead an
/// alarm interrupts a blocking write at every interval, with EINTR. If the alarm cannot be set, PID
/// 1's words are worth the risk of blocking.
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
