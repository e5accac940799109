import Testing

@testable import HostKit

@Suite struct RuntimeWordsTests {
    @Test func `options before the command keep their values`() {
        let words = RuntimeWords([
            "--root", "/run/x", "--log=/l", "--log-format", "json", "--systemd-cgroup", "create",
            "--bundle", "/b", "--pid-file", "/p", "box",
        ])
        #expect(words.command == "create")
        #expect(words.globalValue(of: "root") == "/run/x")
        #expect(words.globalValue(of: "log") == "/l")
        #expect(words.globalValue(of: "log-format") == "json")
        #expect(words.globalValue(of: "debug") == nil)
        #expect(words.value(of: ["bundle", "b"]) == "/b")
        #expect(words.operands == ["box"])
    }

    @Test(arguments: [
        ["--bundle", "/b"], ["--bundle=/b"], ["-b", "/b"], ["-b=/b"], ["-bundle", "/b"],
    ])
    func `an option gets another value, however it was given`(option: [String]) {
        var words = RuntimeWords(["create"] + option + ["--no-pivot", "--", "box"])
        #expect(words.value(of: ["bundle", "b"]) == "/b")
        words.set(["bundle", "b"], to: "/new")
        #expect(words.all == ["create", "--bundle", "/new", "--no-pivot", "--", "box"])
    }

    @Test func `an option that is missing is added`() {
        var words = RuntimeWords(["--debug", "create", "box"])
        words.set(["bundle", "b"], to: "/new")
        #expect(words.all == ["--debug", "create", "--bundle", "/new", "box"])
    }

    @Test func `the value of another option is no option`() {
        let words = RuntimeWords(["exec", "--cwd", "-p", "--process", "/f", "box", "-p", "x"])
        #expect(words.value(of: ["process", "p"]) == "/f")
        #expect(words.operands == ["box", "-p", "x"])
    }

    @Test(arguments: [
        [], ["--version"], ["--root", "/x"], ["--root"], ["state"], ["create", "-b"],
    ])
    func `whatever the words are, all of them are passed on`(given: [String]) {
        #expect(RuntimeWords(given).all == given)
        #expect(RuntimeWords(given).value(of: ["bundle", "b"]) == nil)
    }
}
