/// Which Hammock this is, and on what terms.
public enum Version {
    /// What `--version` says.
    public static let text: StaticString = "Hammock init 0.2.0\n"

    /// The number alone.
    public static var number: ByteView {
        let name: ByteView = "Hammock init "
        let line = ByteView(stringLiteral: text)
        return line.slice(name.count, line.count &- 1)
    }

    /// What `--license` says.
    public static let license: StaticString = """
        Hammock init is free software under the MIT License: use, copy, change and pass it
        on as you like, with its notice; there is no warranty. See LICENSE in its source.

        This executable holds parts of musl (MIT License) and of the Swift standard library
        (Apache License 2.0 with Runtime Library Exception).

        """
}
