import InitCore
import KernelInterface
import SimulatedKernel
import Testing

@testable import InitRuntime

/// Conditions and assertions, before the first command.
@Suite struct ConditionTests {
    /// A unit with these conditions, in a world with a file of each kind.
    private func unit(_ conditions: [(String, String, String)]) -> Unit {
        var unit = Unit(conditions.map { (.condition, "\($0.0)\0\($0.1)\0\($0.2)\0") })
        unit.kernel.service.statuses = [
            "/dir": FileStatus(mode: 0o040755), "/empty": FileStatus(mode: 0o040755),
            "/file": FileStatus(mode: 0o100644, size: 1), "/none": FileStatus(mode: 0o100644),
            "/prog": FileStatus(mode: 0o100755, size: 9), "/link": FileStatus(mode: 0o120777),
        ]
        unit.kernel.service.emptyDirectories = ["/empty"]
        unit.kernel.service.mountPoints = ["/dir"]
        unit.kernel.service.readOnly = ["/file"]
        unit.kernel.service.files = [
            "/proc/cmdline": "root=/dev/vda quiet hammock.x=1\n",
            "/proc/cpuinfo": "model name : QEMU TCG CPU\nflags\t: fpu hypervisor\n",
        ]
        unit.kernel.service.texts["/proc/self/status"] = "Name:\tx\nCapBnd:\t0000003fffffffff\n"
        return unit
    }

    @Test(
        arguments: [
            ("PathExists", "/file", true), ("PathExists", "/gone", false),
            ("PathIsDirectory", "/dir", true), ("PathIsDirectory", "/file", false),
            ("PathIsSymbolicLink", "/link", true), ("PathIsSymbolicLink", "/file", false),
            ("PathIsMountPoint", "/dir", true), ("PathIsMountPoint", "/empty", false),
            ("PathIsReadWrite", "/dir", true), ("PathIsReadWrite", "/file", false),
            ("PathIsReadWrite", "/gone", true),
            ("FileNotEmpty", "/file", true), ("FileNotEmpty", "/none", false),
            ("FileNotEmpty", "/dir", false), ("FileNotEmpty", "/gone", false),
            ("FileIsExecutable", "/prog", true), ("FileIsExecutable", "/file", false),
            ("FileIsExecutable", "/dir", false),
            ("DirectoryNotEmpty", "/dir", true), ("DirectoryNotEmpty", "/empty", false),
            ("DirectoryNotEmpty", "/file", false), ("DirectoryNotEmpty", "/gone", false),
            ("KernelCommandLine", "quiet", true), ("KernelCommandLine", "root", true),
            ("KernelCommandLine", "root=/dev/vda", true), ("KernelCommandLine", "root=", false),
            ("KernelCommandLine", "hammock.x", true), ("KernelCommandLine", "hammock", false),
            ("Capability", "CAP_CHOWN", true), ("Capability", "CAP_AUDIT_READ", true),
            ("Capability", "CAP_PERFMON", false), ("Capability", "CAP_NONE", false),
            ("Capability", "CHOWN", false),
            ("Virtualization", "yes", true), ("Virtualization", "no", false),
            ("Virtualization", "vm", true), ("Virtualization", "container", false),
            ("Virtualization", "qemu", true), ("Virtualization", "kvm", false),
        ] as [(String, String, Bool)])
    func `each kind holds or does not, and the other way round with !`(
        kind: String, argument: String, holds: Bool
    ) {
        #expect(unit([(kind, "", argument)]).run().arguments.isEmpty == !holds)
        #expect(unit([(kind, "!", argument)]).run().arguments.isEmpty == holds)
    }

    @Test func `a condition that does not hold is reported, and is no failure`() {
        let outcome = unit([("PathExists", "", "/gone")]).run()
        #expect(outcome.code == 0)
        #expect(outcome.report == .conditionFailed)
        #expect(outcome.message == "test.service: condition: /gone: does not hold\n")
    }

    @Test func `an assertion that does not hold is a failure`() {
        let outcome = unit([("PathExists", "=", "/gone")]).run()
        #expect(outcome.code == 1)
        #expect(outcome.report == ServiceReport(code: 1, errno: 0))
        #expect(outcome.message == "test.service: assertion: /gone: does not hold\n")
        #expect(unit([("PathExists", "=!", "/gone")]).run().code == 0)
    }

    @Test(
        arguments: [
            ([("", true), ("", true)], true), ([("", true), ("", false)], false),
            ([("|", false), ("|", true)], true), ([("|", false), ("|", false)], false),
            ([("|", true), ("", false)], false), ([("|", true), ("", true)], true),
            ([("|", false), ("", true)], false), ([("|=", true), ("|", false)], false),
            ([("|!", false), ("", true)], true),
        ] as [([(String, Bool)], Bool)])
    func `all have to hold, and one of the triggers`(
        conditions: [(String, Bool)], holds: Bool
    ) {
        let outcome = unit(
            conditions.map { ("PathExists", $0.0, $0.1 ? "/file" : "/gone") }
        ).run()
        #expect(outcome.arguments.isEmpty == !holds)
    }

    @Test func `only the first command of a start checks them`() {
        var unit = unit([("PathExists", "", "/gone")])
        unit.stage = .prepare
        #expect(unit.run().arguments.isEmpty)
        for stage in [Stage.settle, .reload, .probe, .stop, .clean] {
            unit.stage = stage
            #expect(unit.run().arguments == ["/bin/prog"])
        }
        unit.stage = .main
        unit.settings = { $0.setCommandCount(.prepare, 1, of: $1) }
        #expect(unit.run().arguments == ["/bin/prog"])
    }

    @Test func `a kind that there is not is refused`() {
        #expect(unit([("Host", "", "x")]).run().message.contains("condition: x: not valid"))
    }

    @Test(
        arguments: [
            (nil, [], "container-other"), ("container=oci", ["/.dockerenv"], "docker"),
            (nil, ["/run/.containerenv"], "podman"), ("container=lxc", ["/.dockerenv"], "lxc"),
        ] as [(String?, [String], String)])
    func `a container is told from others, and is no machine`(
        variable: String?, files: [String], name: String
    ) {
        withWords([variable].compactMap { $0 }) { words in
            for (argument, holds) in [
                (name, true), ("container", true), ("vm", false), ("yes", true), ("qemu", false),
            ] {
                var unit = unit([("Virtualization", "", argument)])
                unit.context.isContainer = true
                unit.context.environment = words
                for file in files {
                    unit.kernel.service.statuses[file] = FileStatus(mode: 0o100644)
                }
                #expect(unit.run().arguments.isEmpty == !holds, "\(argument)")
            }
        }
    }

    @Test(arguments: [
        ("Standard PC (Q35 + ICH9, 2009)", "QEMU", "kvm"), ("x", "innotek GmbH", "oracle"),
        ("x", "y", "vm-other"), ("VMware7,1", "VMware, Inc.", "vmware"),
    ])
    func `a machine is told by its firmware's names`(
        product: String, vendor: String, name: String
    ) {
        var unit = unit([("Virtualization", "", name)])
        unit.kernel.service.files["/proc/cpuinfo"] = "flags : hypervisor lm\n"
        unit.kernel.service.files["/sys/class/dmi/id/product_name"] = product + "\n"
        unit.kernel.service.files["/sys/class/dmi/id/sys_vendor"] = vendor + "\n"
        #expect(unit.run().arguments == ["/bin/prog"])
        unit.kernel.service.files["/proc/cpuinfo"] = "flags : lm\n"
        #expect(unit.run().arguments == [])
    }
}
