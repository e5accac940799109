import InitCore

extension Client {
    /// Waits until a unit is up or down, or until all has settled.
    ///
    /// - Returns: the exit code.
    @inline(never)
    mutating func wait(_ request: inout ClientRequest) -> Int32 {
        let until = request.patience.map { Connection.now() &+ $0 }
        let unit = request.word(0)
        do throws(ClientProblem) {
            guard request.count > 1 else {
                _ = try wait(self.request("wait settled"), until: until)
                return ExitCode.done
            }
            let isUp = request.word(1).equals("up")
            var line = try self.request("wait", unit)
            line.append(isUp ? " up" : " down")
            let text = try wait(line, until: until)
            guard let text, let status = UnitStatus(AnswerLine(text: text)) else {
                throw .foreign
            }
            if isUp ? status.isUp : status.phase == .down { return ExitCode.done }
            complain(of: status)
            return ExitCode.failed
        } catch {
            return complain(error, about: unit)
        }
    }

    /// Asks, and waits for the next line of the answer.
    ///
    /// PID 1 says yes at once, so a new connection now and then shows that it lives.
    private mutating func wait(_ line: Line, until: Int64?) throws(ClientProblem) -> ByteView? {
        while true {
            var connection = try open(line)
            defer { connection.close() }
            let soon = Connection.now() &+ Connection.patienceMilliseconds
            do throws(ClientProblem) {
                return try connection.next(until: min(until ?? soon, soon))
            } catch .tooLate {
                if let until, Connection.now() >= until { throw .tooLate }
            } catch .cutShort {
                try noteCut()
            }
        }
    }

    /// Prints each change, until PID 1 ends the connection.
    ///
    /// - Returns: the exit code.
    @inline(never)
    mutating func watch(asJSON isJSON: Bool) -> Int32 {
        do throws(ClientProblem) {
            var connection = try open(request("watch"))
            defer { connection.close() }
            while !output.failed {
                let line: ByteView?
                do throws(ClientProblem) {
                    line = try connection.next(
                        until: Connection.now() &+ Connection.patienceMilliseconds)
                } catch .tooLate {
                    continue
                }
                guard let line else { return ExitCode.done }
                if isJSON {
                    appendJSON(change: AnswerLine(text: line))
                } else {
                    append(change: line)
                }
                output.flush()
            }
            return ExitCode.failed
        } catch {
            return complain(error)
        }
    }

    private mutating func append(change text: ByteView) {
        let line = AnswerLine(text: text)
        if let lost = line.value(of: "lost") {
            output.append(decoded: lost)
            output.append(" changes were too fast to be told\n")
            return
        }
        append(line.value(of: "at") ?? "", width: 10, isRight: true)
        output.append(byte: UInt8(ascii: " "))
        output.append(foreign: line.value(of: "name") ?? "")
        output.append(byte: UInt8(ascii: " "))
        output.append(decoded: line.value(of: "phase") ?? "")
        output.append(byte: 0x0a)
    }

    private mutating func appendJSON(change line: AnswerLine) {
        if let lost = line.value(of: "lost") {
            output.append(key: "lost", isFirst: true)
            output.append(numberOrString: lost)
        } else {
            output.append(key: "at", isFirst: true)
            output.append(numberOrString: line.value(of: "at") ?? "0")
            output.append(key: "name")
            output.append(string: line.value(of: "name") ?? "")
            output.append(key: "phase")
            output.append(string: line.value(of: "phase") ?? "")
        }
        output.append("}\n")
    }

    // MARK: Timeline

    /// Prints when each unit was asked for, began, and was ready.
    ///
    /// - Returns: the exit code.
    @inline(never)
    mutating func timeline(asJSON isJSON: Bool) -> Int32 {
        do throws(ClientProblem) {
            let lines = try ask(request("timeline"))
            var width = 4
            var rest = lines
            while rest.count > 0 {
                let line = AnswerLine(text: rest.removeFirst(upTo: 0x0a))
                width = max(width, line.value(of: "name")?.count ?? 0)
            }
            if !isJSON {
                append("NAME", width: width)
                output.append("      QUEUED       BEGAN       READY        TOOK\n")
            }
            rest = lines
            while rest.count > 0 {
                let line = AnswerLine(text: rest.removeFirst(upTo: 0x0a))
                guard line.value(of: "name") != nil else { continue }
                if isJSON { appendJSON(moments: line) } else { append(moments: line, width) }
            }
            output.flush()
            return output.failed ? ExitCode.failed : ExitCode.done
        } catch {
            return complain(error)
        }
    }

    private mutating func append(moments line: AnswerLine, _ width: Int) {
        append(line.value(of: "name") ?? "", width: width)
        append(moment: line.milliseconds(of: "queued"), width: 12)
        append(moment: line.milliseconds(of: "began"), width: 12)
        let ready = line.milliseconds(of: "ready")
        append(moment: ready, width: 12)
        if ready > 0 {
            // It can take less than a thousandth.
            output.append(milliseconds: ready &- line.milliseconds(of: "queued"), width: 12)
        } else {
            append("-", width: 12, isRight: true)
        }
        output.append(byte: 0x0a)
    }

    private mutating func appendJSON(moments line: AnswerLine) {
        output.append(key: "name", isFirst: true)
        output.append(string: line.value(of: "name") ?? "")
        output.append(key: "queued")
        output.append(numberOrString: line.value(of: "queued") ?? "0")
        output.append(key: "began")
        output.append(numberOrString: line.value(of: "began") ?? "0")
        output.append(key: "ready")
        output.append(numberOrString: line.value(of: "ready") ?? "0")
        output.append("}\n")
    }
}
