import Testing

@testable import InitCore

@Suite struct ControlTests {
    /// A plan of three units, and what `line` asks for in it.
    private func read(_ line: String) -> Result<ControlRequest, ControlProblem> {
        withPlan(of: ["nginx.service", "redis.service", "multi-user.target"]) { plan in
            var bytes = Array(line.utf8)
            bytes.append(0)
            return bytes.withUnsafeBufferPointer { buffer in
                let view = ByteView(start: buffer.baseAddress!, count: buffer.count - 1)
                do throws(ControlProblem) {
                    return .success(try ControlRequest(view, in: plan))
                } catch {
                    return .failure(error)
                }
            }
        }
    }

    private func withPlan<Result>(of names: [String], _ body: (Plan) -> Result) -> Result {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: PlanWriter.mostBytes, alignment: 8)
        defer { buffer.deallocate() }
        var writer = PlanWriter(buffer, count: names.count)
        for (index, name) in names.enumerated() {
            let service = unit(index)
            name.utf8CString.withUnsafeBytes {
                writer.setName(
                    ByteView(
                        start: $0.bindMemory(to: UInt8.self).baseAddress!, count: $0.count - 1),
                    of: service)
            }
            writer.setOrder(index, service)
        }
        let bytes = writer.finish(longestStop: 0)
        return body(try! Plan(bytes))
    }

    private func unit(_ number: Int) -> ServiceID { ServiceID(rawValue: UInt8(number)) }

    private func set(_ numbers: Int...) -> ServiceSet {
        var set = ServiceSet()
        for number in numbers { set.insert(unit(number)) }
        return set
    }

    @Test func `a request without names means all units`() {
        #expect(read("hammock/1 status") == .success(.status(set())))
        #expect(read("hammock/1 reset") == .success(.ask(.reset, set())))
    }

    @Test func `a name without an ending means a service`() {
        #expect(read("hammock/1 start nginx") == .success(.ask(.start, set(0))))
        #expect(read("hammock/1 stop nginx.service") == .success(.ask(.stop, set(0))))
        #expect(read("hammock/1 start multi-user") == .failure(.unknownUnit))
        #expect(read("hammock/1 start multi-user.target") == .success(.ask(.start, set(2))))
    }

    @Test func `a request can name several units`() {
        #expect(read("hammock/1 restart redis nginx") == .success(.ask(.restart, set(0, 1))))
        #expect(read("hammock/1 restart redis sshd") == .failure(.unknownUnit))
        #expect(read("hammock/1 restart") == .failure(.wrongWords))
    }

    @Test func `a signal goes to the main process unless the request says otherwise`() {
        #expect(
            read("hammock/1 signal redis HUP")
                == .success(.signal(unit(1), .hangUp, to: .main)))
        #expect(
            read("hammock/1 signal redis 15 all")
                == .success(.signal(unit(1), .terminate, to: .everybody)))
        #expect(
            read("hammock/1 signal redis USR1 control")
                == .success(.signal(unit(1), .user1, to: .control)))
        #expect(read("hammock/1 signal redis FOO") == .failure(.unknownSignal))
        #expect(read("hammock/1 signal redis") == .failure(.unknownSignal))
        #expect(read("hammock/1 signal redis HUP most") == .failure(.wrongWords))
    }

    @Test func `a wait names a unit and where it should be, or says settled`() {
        #expect(read("hammock/1 wait redis up") == .success(.wait(unit(1), isUp: true)))
        #expect(read("hammock/1 wait redis down") == .success(.wait(unit(1), isUp: false)))
        #expect(read("hammock/1 wait redis sideways") == .failure(.wrongWords))
        #expect(read("hammock/1 wait settled") == .success(.waitSettled))
        #expect(read("hammock/1 wait") == .failure(.wrongWords))
    }

    @Test func `a line that is no request of this version says which part is wrong`() {
        #expect(read("") == .failure(.notARequest))
        #expect(read("GET / HTTP/1.1") == .failure(.notARequest))
        #expect(read("hammock/2 status") == .failure(.otherVersion))
        #expect(read("hammock/1") == .failure(.unknownVerb))
        #expect(read("hammock/1 dance") == .failure(.unknownVerb))
        #expect(read("hammock/1 watch nginx") == .failure(.wrongWords))
        #expect(read("hammock/1 update now") == .failure(.wrongWords))
    }

    @Test func `only reading is for everybody`() {
        for line in ["status", "watch", "timeline", "wait settled", "wait nginx up"] {
            #expect(try! read("hammock/1 \(line)").get().changesSomething == false)
        }
        for line in ["start nginx", "reset", "signal nginx HUP", "update", "update restart"] {
            #expect(try! read("hammock/1 \(line)").get().changesSomething)
        }
    }

    @Test func `a status line says all of a unit, whatever its name's length`() {
        let longest = String(repeating: "n", count: 88) + ".service"
        withPlan(of: [longest, longest + "", "b.target"].map { String($0.prefix(96)) }) { plan in
            var state = ServiceState()
            state.phase = .preparing
            state.outcome = .startTimedOut
            state.status = Int32.min
            state.main = ProcessID(rawValue: Int32.max)
            state.since = Instant(milliseconds: 2_147_483_647_999)
            state.rests = 255
            state.flags.insert(.isWanted | .comesAgain)
            let line = text { $0.append(state, of: unit(0), in: plan) }
            #expect(
                line == """
                    name=\(longest) phase=preparing since=2147483647.999 main=2147483647 \
                    outcome=start-timeout status=-2147483648 rests=255 wanted=again unenforced=no

                    """)
            let culprit = text { $0.append(culprit: unit(1), of: unit(0), in: plan) }
            #expect(culprit == "name=\(longest) culprit=\(longest)\n")
        }
    }

    @Test func `a unit that is up and goes down first to come again is told from one that stays`() {
        withPlan(of: ["a.service"]) { plan in
            var state = ServiceState()
            state.phase = .up
            state.flags.insert(.isWanted)
            #expect(text { $0.append(state, of: unit(0), in: plan) }.contains(" wanted=yes "))
            state.flags.insert(.comesAgain)
            #expect(text { $0.append(state, of: unit(0), in: plan) }.contains(" wanted=again "))
        }
    }

    @Test func `an answer that says no gives the reason and ends`() {
        #expect(text { $0.appendNo(.unknownUnit) } == "hammock/1 no unit\nend\n")
        #expect(text { $0.appendNo(.otherVersion) } == "hammock/1 no version 1\nend\n")
    }
}
