import Glibc
import InitCore
import SimulatedShim

// The terminal, and what the shim's own code asks of it. tty(4)

/// Who has the terminal's foreground.
enum ForegroundGroup {
    case inits, programs, anothers
}

extension World {
    private static let terminalDescriptor = 50

    /// As `LinuxKernel` does it, with the shim's own probe.
    func terminal() -> Terminal {
        let foreground = isInForeground()
        var terminal = scenario.terminal
        if terminal.isThere != (foreground >= 0) { fail("init does not see its terminal") }
        terminal.isForeground = foreground > 0
        return terminal
    }

    func lendTerminal() -> Bool {
        if foregroundGroup == .programs { return true }
        guard isInForeground() > 0 else { return false }
        foregroundGroup = .programs
        return true
    }

    func reclaimTerminal() {
        if foregroundGroup == .programs { foregroundGroup = .inits }
    }

    /// Runs the shim's code, which asks this world.
    private func isInForeground() -> Int32 {
        simulated_is_in_foreground(
            { world, number, a, b, c in
                Unmanaged<World>.fromOpaque(world!).takeUnretainedValue()
                    .answer(number, a, b, c)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func answer(_ number: Int, _ a: Int, _ b: Int, _ c: Int) -> Int {
        switch simulated_call(rawValue: UInt32(number)) {
        case simulated_open: openTerminal(flags: b)
        case simulated_read: readTerminal(descriptor: a, count: c)
        case simulated_close: 0
        case simulated_getpgrp: Int(initPid)
        case simulated_ioctl: tellForegroundGroup(request: b, to: c)
        default: refuse("system call \(number) to learn about the terminal")
        }
    }

    private func refuse(_ what: String) -> Int {
        fail("init makes \(what)")
        return -Int(ENOSYS)
    }

    /// Opens /dev/tty, which some containers lack.
    private func openTerminal(flags: Int) -> Int {
        if !scenario.terminal.isThere { return -Int(ENXIO) }
        if !scenario.hasTerminalDevice { return -Int(ENOENT) }
        terminalBlocks = flags & Int(O_NONBLOCK) == 0
        return Self.terminalDescriptor
    }

    /// n_tty_read() in drivers/tty/n_tty.c: the foreground is checked first, then the read lock,
    /// which another reader of the foreground group may hold until someone types a line.
    private func readTerminal(descriptor: Int, count: Int) -> Int {
        // A standard stream is a description that other processes share.
        let blocks = descriptor != Self.terminalDescriptor || terminalBlocks
        if foregroundGroup != .inits { return -Int(EIO) }
        if count > 0 { fail("init takes what is typed for another process") }
        if !scenario.hasReader { return 0 }
        if blocks { hangOnTerminal() }
        return -Int(EAGAIN)
    }

    func hangOnTerminal() { fail("init hangs: another process holds the terminal's read lock") }

    /// TIOCGPGRP of standard input, ioctl_tty(2)
    private func tellForegroundGroup(request: Int, to group: Int) -> Int {
        guard request == Int(TIOCGPGRP) else { return refuse("ioctl(2) \(request)") }
        if !scenario.terminal.isThere { return -Int(ENOTTY) }
        let number: Int32 =
            switch foregroundGroup {
            case .inits: initPid
            case .programs: promises.program?.pid ?? 0
            case .anothers: 0
            }
        UnsafeMutablePointer<Int32>(bitPattern: group)!.pointee = number
        return 0
    }
}
