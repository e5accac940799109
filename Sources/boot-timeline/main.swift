// boot-timeline RECORDING TITLE OUTPUT...: draws a boot that scripts/boot.sh --timeline has
// recorded. Each OUTPUT is a file whose name ends in .svg or .json, or - for a table.

import BootTimeline
import Foundation

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count >= 3, let recording = arguments.first else {
    fail("usage: boot-timeline RECORDING TITLE OUTPUT...")
}
let title = arguments[arguments.startIndex + 1]

do {
    let text = try String(contentsOfFile: recording, encoding: .utf8)
    let timeline = try Timeline(of: Recording(parsing: text), title: title)
    for output in arguments.dropFirst(2) { try write(timeline, to: output) }
} catch {
    fail("\(recording): \(error)")
}

func write(_ timeline: Timeline, to output: String) throws {
    if output == "-" {
        print(timeline.table, terminator: "")
        return
    }
    let text = output.hasSuffix(".json") ? timeline.trace : timeline.chart
    // By way of a temporary: a file is there in full, or as it was.
    try text.write(toFile: output, atomically: true, encoding: .utf8)
}

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(1)
}
