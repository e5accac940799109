import InitCore
import Testing

@testable import UnitFiles

private let service = "[Service]\nExecStart=/bin/true\n"
private let systemd = "/usr/lib/systemd/system/"

private func wanting(_ names: String) -> String { "[Unit]\nWants=\(names)\n" + service }

/// A tree of files; a name without a slash is one of /etc/hammock.
private func tree(_ nodes: [String: Tree.Node]) -> Tree {
    var tree = Tree([:])
    for (path, node) in nodes { tree[path.hasPrefix("/") ? path : "/etc/hammock/" + path] = node }
    return tree
}

private func file(_ text: String) -> Tree.Node { .file(Array(text.utf8)) }

@Suite struct NameTests {
    @Test func `every unit of etc-hammock is wanted but templates and those that say no`() {
        let planned = Planned([
            "a.service": service, "b.target": "", "c@.service": service,
            "d.service": service + "[X-Hammock]\nStart=no\n", "README": "text",
            "e.service.d/x.conf": "",
        ])
        #expect(planned.problems == [])
        #expect(planned.order == ["a.service", "d.service"])
        #expect(planned.wanted == ["a.service"])
    }

    @Test func `a target that is named is wanted, although its file says no`() {
        let planned = Planned(
            [
                "a.target": "[Unit]\nRequires=a.service\n[X-Hammock]\nStart=no\n",
                "a.service": service + "[X-Hammock]\nStart=no\n", "b.service": service,
            ], target: "a.target")
        #expect(planned.problems == [])
        #expect(planned.wanted == ["a.service", "a.target"])
    }

    @Test func `without etc-hammock and without a target there is nothing`() {
        let planned = Planned([systemd + "a.service": service])
        #expect(planned.problems == [])
        #expect(planned.units == [])
        #expect(planned.order == [])
    }

    @Test func `the first directory wins`() {
        let places = [
            "/etc/hammock/", "/run/hammock/units/", "/etc/systemd/system/",
            "/usr/local/lib/systemd/system/", "/usr/lib/systemd/system/",
        ]
        for first in places.indices {
            var files = ["/etc/hammock/z.target": "[Unit]\nWants=a.service\n"]
            for place in places[first...] {
                files[place + "a.service"] = "[Service]\nExecStart=\(place)x\n"
            }
            let planned = Planned(files)
            #expect(planned.recipe(.file) == [places[first] + "a.service"])
        }
    }

    @Test func `lib is looked in where it is no link, and not twice where it is`() {
        var own = tree(["/lib/systemd/system/a.service": file(service)])
        own["/lib/systemd/system/t.target.wants/a.service"] = .link("../a.service")
        var options = PlannerOptions()
        options.target = "t.target"
        #expect(Planned(own, options).order == ["a.service", "t.target"])
        var linked = tree([
            systemd + "a.service": file(service), "/lib": .link("usr/lib"),
            systemd + "t.target.wants/a.service": .link("../a.service"),
        ])
        #expect(Planned(linked, options).order == ["a.service", "t.target"])
        linked["/lib"] = .link("/usr/lib/")
        #expect(Planned(linked, options).recipe(.file) == [systemd + "a.service"])
    }

    @Test func `a target needs no file, only links`() {
        let planned = Planned(
            [
                systemd + "a.service": service,
                "/etc/systemd/system/multi-user.target.wants/a.service": "",
                "/etc/systemd/system/multi-user.target.requires/b.service": "",
                systemd + "b.service": service, systemd + "c.service": service,
            ], target: "multi-user.target")
        #expect(planned.problems == [])
        #expect(planned.order == ["a.service", "b.service", "multi-user.target"])
        #expect(planned.wanted == planned.order)
        #expect(planned.units(.requires, of: "multi-user.target") == ["b.service"])
        #expect(planned.units(.wants, of: "multi-user.target") == ["a.service"])
        // It is reached when both are.
        #expect(planned.units(.after, of: "multi-user.target") == ["a.service", "b.service"])
    }

    @Test func `a target does not wait for what comes after it`() {
        let planned = Planned([
            "t.target": "[Unit]\nWants=a.service b.service\n",
            "a.service": "[Unit]\nAfter=t.target\n" + service, "b.service": service,
        ])
        #expect(planned.problems == [])
        #expect(planned.order == ["b.service", "t.target", "a.service"])
        let without = Planned([
            "t.target": "[Unit]\nWants=b.service\nDefaultDependencies=no\n", "b.service": service,
        ])
        #expect(without.units(.after, of: "t.target") == [])
    }

    @Test func `a target that is asked for and not there is refused`() {
        let planned = Planned(["a.service": service], target: "x.target")
        #expect(planned.kinds == [.targetMissing])
        #expect(planned.order == [])
    }

    @Test func `a service that is wanted may be missing, and one that is required may not`() {
        #expect(Planned(["a.service": wanting("b.service")]).problems == [])
        for name in ["Requires", "BindsTo", "Requisite"] {
            let planned = Planned(["a.service": "[Unit]\n\(name)=b.service\n" + service])
            #expect(planned.kinds == [.unitMissing], "\(name)")
            #expect(planned.problems.first?.text == "it needs b.service, which is not there")
            #expect(planned.order == [])
        }
    }

    @Test func `kinds that Hammock has not and targets without a file count as up`() {
        let names = """
            x.mount x.timer x.device x.slice x.path x.swap x.scope x.automount x.socket \
            network.target
            """
        let planned = Planned([
            "a.service": "[Unit]\nRequires=\(names)\nAfter=\(names)\nBindsTo=\(names)\n" + service
        ])
        #expect(planned.problems == [])
        #expect(planned.order == ["a.service"])
    }

    @Test func `units of other kinds in etc-hammock are warned of, and sockets`() {
        let planned = Planned([
            "a.timer": "[Timer]\n", "b.socket": "[Socket]\n", "b.service": service,
        ])
        #expect(planned.kinds == [.otherKind, .noSockets])
        #expect(planned.order == ["b.service"])
    }

    @Test func `a link to nowhere that matters masks`() {
        var masked = tree([
            "a.service": .link("/dev/null"), "b.service": file(wanting("a.service")),
            systemd + "a.service": file(service),
        ])
        #expect(Planned(masked).problems == [])
        #expect(Planned(masked).order == ["b.service"])
        // A device is there on a machine, and not in the root of an image.
        masked["/dev/null"] = .device
        #expect(Planned(masked).order == ["b.service"])
        masked["/etc/hammock/a.service"] = .link("../../dev/null")
        #expect(Planned(masked).order == ["b.service"])
        masked["/etc/hammock/b.service"] = file("[Unit]\nRequires=a.service\n" + service)
        #expect(Planned(masked).kinds == [.unitMasked])
        #expect(Planned(masked).order == [])
    }

    @Test func `an empty file masks`() {
        let planned = Planned([
            "a.service": "", systemd + "a.service": service, "b.service": service,
        ])
        #expect(planned.problems == [])
        #expect(planned.order == ["b.service"])
    }

    @Test func `a link to another unit is another name for it`() {
        let linked = tree([
            "web.service": .link(systemd + "nginx.service"),
            systemd + "nginx.service": file(service),
            "a.service": file("[Unit]\nRequires=web.service\nAfter=web.service\n" + service),
        ])
        let planned = Planned(linked)
        #expect(planned.problems == [])
        #expect(planned.order == ["nginx.service", "a.service"])
        #expect(planned.wanted == ["a.service", "nginx.service"])
        #expect(planned.units(.requires, of: "a.service") == ["nginx.service"])
    }

    @Test func `a link to a file elsewhere is the unit itself`() {
        for target in ["/opt/web.conf", "../../opt/web.conf", "/opt/other.service"] {
            let name = target.split(separator: "/").last ?? ""
            let linked = tree(["a.service": .link(target), "/opt/\(name)": file(service)])
            #expect(Planned(linked).order == ["a.service"], "\(target)")
            #expect(Planned(linked).recipe(.file) == ["/opt/\(name)"])
        }
    }

    @Test func `a template makes instances, and an instance may have a file of its own`() {
        let planned = Planned([
            systemd + "t@.service": "[Service]\nExecStart=/bin/%i\n",
            systemd + "t@b.service": "[Service]\nExecStart=/bin/own\n",
            "a.target": "[Unit]\nWants=t@a.service t@b.service\n",
        ])
        #expect(planned.problems == [])
        #expect(planned.recipe(.command, of: "t@a.service") == ["1||/bin/a|/bin/a|"])
        #expect(planned.recipe(.command, of: "t@b.service") == ["1||/bin/own|/bin/own|"])
    }

    @Test func `an alias of a template has instances`() {
        let linked = tree([
            systemd + "getty@.service": file(service),
            systemd + "autovt@.service": .link("getty@.service"),
            systemd + "getty@tty2.service": .link("getty@.service"),
            "a.target": file("[Unit]\nWants=autovt@tty1.service getty@tty2.service\n"),
        ])
        #expect(
            Planned(linked).order == ["getty@tty1.service", "getty@tty2.service", "a.target"])
    }

    @Test func `a template is no unit that can be named`() {
        let planned = Planned(["a.service": wanting("t@.service")])
        #expect(planned.kinds == [.notAUnit])
    }

    @Test func `drop-ins are read by name from all directories, and the first of two counts`() {
        let planned = Planned([
            systemd + "a@.service": "[Service]\nExecStart=/bin/a\nEnvironment=A=0\n",
            systemd + "a@x.service.d/30.conf": "[Service]\nEnvironment=A=3\n",
            "/etc/systemd/system/a@x.service.d/10.conf": "[Service]\nEnvironment=A=1\n",
            "/etc/systemd/system/a@.service.d/20.conf": "[Service]\nEnvironment=A=2\n",
            systemd + "a@.service.d/10.conf": "[Service]\nEnvironment=A=hidden\n",
            systemd + "a@x.service.d/40.text": "[Service]\nEnvironment=A=none\n",
            systemd + "a@x.service.d/.conf": "[Service]\nEnvironment=A=none\n",
            "b.target": "[Unit]\nWants=a@x.service\n",
        ])
        #expect(planned.problems == [])
        #expect(planned.recipe(.environment, of: "a@x.service") == ["A=0", "A=1", "A=2", "A=3"])
    }

    @Test func `a drop-in can mask one of another directory`() {
        let linked = tree([
            "a.service": file(service),
            "a.service.d/x.conf": .link("/dev/null"),
            systemd + "a.service.d/x.conf": file("[Service]\nNice=5\n"),
        ])
        #expect(Planned(linked).problems == [])
        #expect(Planned(linked).recipe(.nice) == [])
    }

    @Test func `the plan is the same in whichever order directories are listed`() {
        // Each run of a dictionary has its own order.
        let files = Dictionary(
            uniqueKeysWithValues: (0..<40).map { number in
                (
                    "s\(number).service",
                    "[Unit]\nAfter=s\((number * 7) % 40 / 2).service\n" + service
                )
            }.filter { !$0.1.contains("After=\($0.0)\n") })
        let plans = Set(
            (0..<5).map { seed -> [UInt8] in
                var again: [String: String] = Dictionary(minimumCapacity: 64 << seed)
                for (name, text) in files { again[name] = text }
                return Planned(again).bytes
            })
        #expect(plans.count == 1)
    }

    @Test func `dots and links cannot leave the root`() {
        let linked = tree([
            "/etc/hammock": .link("../../../../srv/../srv/units"),
            "/srv/units/a.service": file(service),
            "/srv/units/b.service": .link("../../../../../opt/b.conf"),
            "/opt/b.conf": file(service),
        ])
        let planned = Planned(linked)
        #expect(planned.problems == [])
        #expect(planned.recipe(.file) == ["/srv/units/a.service"])
        #expect(planned.recipe(.file, of: "b.service") == ["/opt/b.conf"])
    }
}

@Suite struct FileTests {
    @Test func `what is no readable text refuses the unit, and no other`() {
        for (node, kind) in [
            (Tree.Node.directory, ProblemKind.isDirectory), (.pipe, .isPipe), (.device, .isDevice),
            (.socket, .isSocket), (.locked, .noPermission), (.failing, .notReadable),
            (.link("a.service"), .linkLoop), (.link("../x"), .leadsNowhere),
            (.link("/etc/hammock"), .isDirectory), (.file([0x5b, 0xff]), .notText),
            (.file([0x0a, 0x00]), .notText), (.link(""), .leadsNowhere),
            (.file(Array(repeating: 0x0a, count: 32_769)), .limit),
        ] {
            let planned = Planned(tree(["a.service": node, "b.service": file(service)]))
            #expect(planned.kinds == [kind], "\(kind)")
            #expect(planned.problems.first?.unit == "a.service")
            #expect(planned.problems.first?.place.hasPrefix("/") == true, "\(planned.problems)")
            #expect(planned.order == ["b.service"], "\(kind)")
        }
    }

    @Test func `a drop-in that is no readable text refuses the unit`() {
        for (node, kind) in [
            (Tree.Node.directory, ProblemKind.isDirectory), (.pipe, .isPipe),
            (.locked, .noPermission), (.link("x.conf"), .linkLoop), (.file([0xff]), .notText),
        ] {
            let planned = Planned(
                tree([
                    "a.service": file(service), "a.service.d/x.conf": node,
                    "b.service": file(service),
                ]))
            #expect(planned.kinds == [kind])
            #expect(planned.order == ["b.service"])
        }
    }

    @Test func `a directory that cannot be looked at is told of, whatever it is for`() {
        for path in ["/etc/hammock/a.service.d", "/etc/hammock/a.service.wants"] {
            let planned = Planned(
                tree(["a.service": file(service), path: .failing, "b.service": file(service)]))
            #expect(planned.kinds == [.notReadable])
            #expect(planned.problems.map(\.place) == [path])
            #expect(planned.order == ["b.service"])
        }
        let planned = Planned(tree(["/etc/hammock": .failing]))
        #expect(planned.problems.map(\.place) == ["/etc/hammock"])
    }

    @Test func `the line of a byte that is no text is told`() {
        let bytes = Array((service + "Environment=A=").utf8) + [0xc3, 0x28, 0x0a]
        let planned = Planned(tree(["a.service": .file(bytes)]))
        #expect(planned.problems.map(\.place) == ["/etc/hammock/a.service:3"])
    }

    @Test func `a file of 32 KiB is read, and with a drop-in it is too much`() {
        let text = service + String(repeating: "#", count: 32_768 - service.utf8.count)
        #expect(Planned(["a.service": text]).order == ["a.service"])
        let more = Planned(["a.service": text, "a.service.d/x.conf": "#"])
        #expect(more.kinds == [.limit])
        #expect(more.problems.first?.place == "/etc/hammock/a.service.d/x.conf")
    }

    @Test func `long circles of links come to an end`() {
        var nodes: [String: Tree.Node] = [:]
        for number in 0..<100 { nodes["/etc/hammock/x\(number)"] = .link("x\((number + 1) % 100)") }
        nodes["a.service"] = .link("x0")
        #expect(Planned(tree(nodes)).kinds == [.linkLoop])
        let growing = tree(["a.service": .link("a.service/" + String(repeating: "x", count: 900))])
        #expect(Planned(growing).kinds.count == 1)
    }

    @Test func `more than 128 units are refused one by one, and the rest runs`() {
        var files: [String: String] = [:]
        for number in 0..<130 { files["s\(1000 + number).service"] = service }
        let planned = Planned(files)
        #expect(planned.kinds == [.limit, .limit])
        #expect(planned.problems.map(\.unit) == ["s1128.service", "s1129.service"])
        #expect(planned.order.count == 128)
    }

    @Test func `recipes that do not fit refuse the unit, and the rest runs`() {
        var files: [String: String] = [:]
        let text =
            service
            + String(repeating: "Environment=A=\(String(repeating: "x", count: 240))\n", count: 60)
        for number in 1...6 { files["s\(number).service"] = text }
        let planned = Planned(files)
        #expect(planned.kinds == [.limit, .limit])
        #expect(planned.order == ["s1.service", "s2.service", "s3.service", "s4.service"])
        #expect(
            planned.problems.first?.text
                == "this is more than 63 KiB of names and recipes of all units"
        )
    }
}
