import InitCore

/// The first line of an answer of PID 1's: `hammock/1 ok`, or `hammock/1 no` and a reason.
enum AnswerHead {
    case yes
    case no(Refusal)
    /// Whoever answers speaks another language.
    case foreign

    init(_ line: ByteView) {
        var rest = line
        guard rest.removeFirst(upTo: UInt8(ascii: " ")).equals("hammock/1") else {
            self = .foreign
            return
        }
        if rest.equals("ok") {
            self = .yes
        } else if rest.removeFirst(upTo: UInt8(ascii: " ")).equals("no") {
            self = .no(Refusal(reason: rest))
        } else {
            self = .foreign
        }
    }
}

/// Why PID 1 does not do what it is asked: `ControlProblem` as the tool hears it.
enum Refusal: Int {
    case notARequest, otherVersion, unknownVerb, wrongWords, unknownUnit, unknownSignal
    case notAllowed, isStopping, cannotReload, isUpdating, noPlan
    /// It is done, as far as that goes: some units are left out.
    case partialPlan
    /// A reason that a later version may give.
    case other

    /// - Parameter reason: what stands behind `no`. Only its first word counts.
    init(reason: ByteView) {
        var rest = reason
        let word = rest.removeFirst(upTo: UInt8(ascii: " "))
        let place = word.position(
            in: """
                request version verb words unit signal permission stopping reload updating plan partial
                """)
        self = place.flatMap { Refusal(rawValue: $0) } ?? .other
    }

    /// Says so to people, behind the name of what it is about.
    var text: ByteView {
        switch self {
        case .notARequest, .otherVersion, .unknownVerb, .wrongWords:
            "PID 1 does not understand this; is it of another version?"
        case .unknownUnit: "PID 1 knows no such unit"
        case .unknownSignal: "there is no such signal"
        case .notAllowed: "only root may ask for this"
        case .isStopping: "everything is being stopped"
        case .cannotReload: "it has no way to reload"
        case .isUpdating: "an update is under way"
        case .noPlan: "a unit file is refused, so all stays as it was; 'hammock check' says which"
        case .partialPlan: "some units are refused and left out; 'hammock check' says which"
        case .other: "PID 1 refuses this"
        }
    }
}
