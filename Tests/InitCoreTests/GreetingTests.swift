import InitCore
import Testing

@Suite struct GreetingTests {
    @Test func `the greeting is these bytes and no others`() {
        #expect(
            Greeting.text.description == "Hello, World!\n"
                + "This is your friendly init system.\n"
                + "Just hanging here...\n")
        #expect(Greeting.text.utf8CodeUnitCount == 70)
    }
}
