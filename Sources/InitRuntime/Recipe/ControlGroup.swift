import InitCore
import KernelInterface

extension Recipe {
    /// Enters the cgroup, if clone3(2) could not, and sets its limits. Without a cgroup there is
    /// nothing to do: PID 1 has said once that there are none.
    @inline(never)
    mutating func enterControlGroup<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        guard context.controlGroup.count > 0 else { return }
        if !context.isInControlGroup {
            begin(.controlGroup, "cgroup.procs")
            // 0 is the process that writes. cgroups(7)
            try write("0", to: "cgroup.procs", on: &kernel)
        }
        var reader = RecipeReader(entries)
        while var value = reader.next(.cgroupFile) {
            let file = value.removeFirst(upTo: UInt8(ascii: " "))
            begin(.controlGroup, file)
            do throws(Errno) {
                try write(value, to: file, on: &kernel)
            } catch {
                // This kernel or this container lacks the controller.
                guard error == .noSuchFile else { throw error }
                say(error, on: &kernel)
            }
        }
    }

    /// Gives the cgroup to the user. Delegate=
    @inline(never)
    mutating func giveControlGroup<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        guard context.controlGroup.count > 0, identity.user != nil, text(.delegate) != nil else {
            return
        }
        var files: ByteView = "cgroup.procs cgroup.subtree_control cgroup.threads"
        var file = ByteView.empty
        while true {
            begin(.controlGroup, file)
            let text = try controlGroupPath(file)
            try kernel.setOwner(of: text, to: identity.user, identity.group)
            guard files.count > 0 else { return }
            file = files.removeFirst(upTo: UInt8(ascii: " "))
        }
    }

    private mutating func write<K: Kernel & ~Copyable>(
        _ value: ByteView, to file: ByteView, on kernel: inout K
    ) throws(Errno) {
        let text = try controlGroupPath(file)
        try kernel.writeFile(
            at: text, UnsafeRawBufferPointer(start: value.start, count: value.count))
    }

    @inline(never)
    private mutating func controlGroupPath(
        _ file: ByteView
    ) throws(Errno) -> UnsafeMutablePointer<UInt8> {
        path.reset()
        path.append(context.controlGroup)
        path.append(byte: UInt8(ascii: "/"))
        path.append(file)
        return try path.finish()
    }
}
