import InitCore
import KernelInterface
import SimulatedKernel
import Testing

@testable import InitRuntime

/// Users and groups, found line by line.
@Suite struct IdentityTests {
    static let users = """
        root:x:0:0:root:/root:/bin/bash
        +::::::
        broken
        www:x
        www:x:a:b:::
        :x:5:5:::

        www:x:33:44:www,,,:/var/www:/usr/sbin/nologin
        www:x:1:1:second::
        last:x:99:98::/home/last:
        """
    static let groups = """
        root:x:0:
        broken
        www:x:44:
        www:x:44:www
        video:x:45:other,www
        audio:x:46:wwww,ww
        cdrom:x:x:www
        video2:x:47:www,other
        last:x:98:
        """

    private func unit(
        _ entries: [(RecipeKey, String)], users: String? = users, groups: String? = groups
    ) -> Unit {
        var unit = Unit(entries)
        unit.kernel.service.texts["/etc/passwd"] = users
        unit.kernel.service.texts["/etc/group"] = groups
        return unit
    }

    private func identity(_ unit: Unit) -> [String] {
        unit.run().deeds.filter { $0.hasPrefix("set") }
    }

    @Test func `a user has the groups that name it, and its environment`() {
        let outcome = unit([(.user, "www")]).run()
        #expect(
            outcome.deeds.filter { $0.hasPrefix("set") } == [
                "setGroups 44,45,47", "setGroup 44", "setUser 33",
            ])
        #expect(outcome["USER"] == "www")
        #expect(outcome["LOGNAME"] == "www")
        #expect(outcome["HOME"] == "/var/www")
        #expect(outcome["SHELL"] == "/usr/sbin/nologin")
    }

    @Test func `the last line needs no newline`() {
        let outcome = unit([(.user, "last")]).run()
        #expect(outcome.deeds.contains("setUser 99"))
        #expect(outcome["HOME"] == "/home/last")
        #expect(outcome["SHELL"] == nil)
    }

    @Test func `a user is found by number, too, and then has its name`() {
        #expect(identity(unit([(.user, "33")])).last == "setUser 33")
        #expect(unit([(.user, "33")]).run()["USER"] == "www")
        #expect(
            identity(unit([(.user, "1234"), (.group, "5")])) == [
                "setGroups", "setGroup 5", "setUser 1234",
            ])
        #expect(unit([(.user, "1234")]).run().code == 217)
        let missing = unit([(.user, "1234"), (.group, "5")], users: nil).run()
        #expect(missing.code == 0)
        #expect(missing["USER"] == "1234")
        #expect(missing["HOME"] == nil)
    }

    @Test func `root needs no file`() {
        for name in ["root", "0"] {
            let outcome = unit([(.user, name)], users: nil, groups: nil).run()
            #expect(
                outcome.deeds.filter { $0.hasPrefix("set") } == [
                    "setGroups", "setGroup 0", "setUser 0",
                ])
            #expect(outcome["HOME"] == "/root")
        }
        #expect(identity(unit([(.group, "root")], groups: nil)) == ["setGroups", "setGroup 0"])
    }

    @Test func `another group takes the place of the user's own`() {
        let both = unit([(.user, "www"), (.group, "video"), (.supplementaryGroup, "last")])
        #expect(identity(both) == ["setGroups 45,44,47,98", "setGroup 45", "setUser 33"])
    }

    @Test(
        arguments: [
            (.user, "nobody", 217, "user: nobody: no such user"),
            (.user, "WWW", 217, "user: WWW: no such user"),
            (.user, "ww", 217, "user: ww: no such user"),
            (.user, "broken", 217, "user: broken: no such user"),
            (.user, "", 217, "user: no such user"),
            (.user, "4294967295", 217, "user: 4294967295: no such user"),
            (.group, "cdrom", 216, "group: cdrom: no such group"),
            (.supplementaryGroup, "none", 216, "group: none: no such group"),
        ] as [(RecipeKey, String, Int32, String)])
    func `a name that no good line has is not found`(
        key: RecipeKey, name: String, code: Int32, message: String
    ) {
        let outcome = unit([(key, name)]).run()
        #expect(outcome.code == code)
        #expect(outcome.message == "test.service: \(message)\n")
    }

    @Test func `without the file no name is found`() {
        let outcome = unit([(.user, "www")], users: nil).run()
        #expect(outcome.code == 217)
        #expect(outcome.message.hasSuffix("user: www: no such file or directory\n"))
        #expect(unit([(.group, "www")], groups: nil).run().code == 216)
        // That nothing says which groups the user has is no failure.
        #expect(
            identity(unit([(.user, "www")], groups: nil)) == [
                "setGroups 44", "setGroup 44", "setUser 33",
            ])
    }

    @Test func `a line of 4 KiB is read, and a longer one is an error`() {
        let rest = "last:x:1:2::/:"
        let longest = String(repeating: "x", count: 4096)
        let good = unit([(.user, "last")], users: longest + "\n" + rest)
        #expect(good.run().code == 0)
        let bad = unit([(.user, "last")], users: longest + "x\n" + rest).run()
        #expect(bad.code == 217)
        #expect(bad.report?.errno == 7)
    }

    @Test func `64 groups are taken, and 65 are an error`() {
        let lines = { (count: Int) in (1...count).map { "g\($0):x:\(100 + $0):www\n" }.joined() }
        #expect(unit([(.user, "www")], groups: lines(63)).run().code == 0)
        let outcome = unit([(.user, "www")], groups: lines(64)).run()
        #expect(outcome.code == 216)
        #expect(outcome.report?.errno == 7)
    }
}
