/// What the friendly init system says once it runs.
public enum Greeting {
    /// The exact bytes, newline included.
    public static let text: StaticString = """
        Hello, World!
        This is your friendly init system.
        Just hanging here...

        """
}
