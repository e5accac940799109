import Testing

@testable import HostKit

@Suite struct JSONValueTests {
    @Test(arguments: [
        #"{"a":[1,-1,true,false,"x/y",{}],"b":{"c":9223372036854775807}}"#,
        #"{"limit":18446744073709551615,"ratio":0.5}"#, #"[]"#, #""ä\n""#,
    ])
    func `what is read is written again as it was`(text: String) throws {
        #expect(try JSONValue(parsing: text, what: "it").text == text)
    }

    @Test func `what is no JSON is refused by name`() {
        #expect(throws: HostError("config.json is no JSON")) {
            try JSONValue(parsing: "{", what: "config.json")
        }
    }

    @Test func `members can be set at any depth, and taken away by null`() {
        var value = JSONValue.null
        value["a"]["b"] = .integer(1)
        #expect(value.text == #"{"a":{"b":1}}"#)
        value["a"]["b"] = .null
        #expect(value.text == #"{"a":{}}"#)
    }

    @Test func `a whole number is one, however it is written`() throws {
        #expect(try JSONValue(parsing: "64e6", what: "it").integer == 64_000_000)
        #expect(try JSONValue(parsing: "0.5", what: "it").integer == nil)
        #expect(try JSONValue(parsing: "\"1\"", what: "it").integer == nil)
    }
}
