import Testing

@testable import InitCore

@Suite struct SettingsTests {
    @Test func `what the options say gets to the core`() {
        var options = Options()
        options.graceSeconds = 3600
        options.warnsOfOrphans = true
        options.successCodes.insert(7)
        _ = options.rewrites.add("15:2")
        for (hasProgram, hasUnknownOption) in [(true, false), (false, true)] {
            let settings = Settings(
                options, hasProgram: hasProgram, hasUnknownOption: hasUnknownOption)
            #expect(settings.hasProgram == hasProgram)
            #expect(settings.hasUnknownOption == hasUnknownOption)
            #expect(settings.graceMilliseconds == 3_600_000)
            #expect(settings.warnsOfOrphans)
            #expect((0...255).filter { settings.codesToZero.contains($0) } == [7])
            #expect(settings.rewrites[.terminate] == .interrupt)
        }
    }

    @Test func `without options the grace period is ten seconds, and nothing is changed`() {
        for settings in [
            Settings(), Settings(Options(), hasProgram: false, hasUnknownOption: false),
        ] {
            #expect(settings.graceMilliseconds == 10_000)
            #expect(!settings.hasProgram && !settings.hasUnknownOption)
            #expect(!settings.warnsOfOrphans)
            #expect(!(0...255).contains { settings.codesToZero.contains($0) })
            #expect(everySignal.allSatisfy { settings.rewrites[$0] == $0 })
        }
    }

    @Test func `the lower a priority's number, the more it matters`() {
        let order: [Priority] = [.critical, .error, .warning, .notice, .info, .debug]
        #expect(order.map(\.rawValue) == [2, 3, 4, 5, 6, 7])
        #expect(order == order.reversed().sorted())
    }
}
