/// Whether `word` is a `-` and then only these letters.
private func isCluster(_ word: Bytes, _ letters: String) -> Bool {
    word.count > 1 && word[0] == UInt8(ascii: "-")
        && word.dropFirst().allSatisfy { letters.utf8.contains($0) }
}

/// A command may do nothing if a word of it is not on the list of known words.
func fuzzPowerCommand(_ input: UnsafeBufferPointer<UInt8>) {
    let words = words(of: input)
    let outcome = withArgv(words) { PowerCommand.parse($0) }
    let name =
        words.first?.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false
        ).last.map { Bytes($0).string } ?? ""
    let isShutdown = name == "shutdown"
    let requests: [String: Ending] = [
        "poweroff": .powerOff, "reboot": .reboot, "halt": .halt,
    ]
    agree(outcome != nil, isShutdown || requests[name] != nil, "a command")
    guard let outcome else { return }

    let arguments = words.dropFirst().map { Bytes($0) }
    let known =
        isShutdown
        ? ["--poweroff", "--halt", "--reboot", "now", "+0", "--"] : ["--force", "--no-sync", "--"]
    let isUnderstood = arguments.allSatisfy {
        known.contains($0.string) || isCluster($0, isShutdown ? "PHhr" : "fn")
    }
    let forces =
        arguments.contains { isCluster($0, "fn") && $0.contains(UInt8(ascii: "f")) }
        || arguments.contains(Bytes("--force"))
    let keepsFromSync =
        arguments.contains { isCluster($0, "fn") && $0.contains(UInt8(ascii: "n")) }
        || arguments.contains(Bytes("--no-sync"))

    switch outcome {
    case .ask(let request):
        agree(isUnderstood, true, "understood before it asks")
        if !isShutdown {
            agree(request, requests[name], "request")
            agree(forces || keepsFromSync, false, "asks although it was to force")
        }
    case .force(let request, let sync):
        agree(isUnderstood && forces && !isShutdown, true, "understood before it forces")
        agree(request, requests[name], "request")
        agree(sync, !keepsFromSync, "sync")
    case .help: agree(arguments.contains(Bytes("--help")), true, "asked for help")
    case .version: agree(arguments.contains(Bytes("--version")), true, "asked for the version")
    case .wrong(_, let index): agree(words.indices.dropFirst().contains(index), true, "index")
    }
}
