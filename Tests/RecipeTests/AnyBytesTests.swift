import KernelInterface
import SimulatedKernel
import Testing

@testable import InitCore
@testable import InitRuntime

/// A plan that lies harms nobody: whatever bytes a recipe has, the child comes to an end.
@Suite struct AnyBytesTests {
    /// A recipe with an entry of most kinds, in front of its command.
    static let recipe: [UInt8] = {
        let entries: [(RecipeKey, String)] = [
            (.condition, "PathExists\0|!\0/x\0"), (.user, "www"), (.environment, "A=b c"),
            (.environmentFile, "-/e"), (.unsetEnvironment, "A=x"), (.workingDirectory, "-~"),
            (.runtimeDirectory, "a/b"), (.runtimeDirectoryMode, "700"),
            (.standardInput, "file:/in"), (.standardError, "append:/out"), (.umask, "77"),
            (.limit, "7 1 -"), (.nice, "-5"), (.scheduling, "1 2"),
            (.cgroupFile, "pids.max 1"), (.command, "1\0-@\0prog\0name\0$A\0${A}$$\0"),
        ]
        return entries.flatMap { key, text in
            [key.rawValue, UInt8(text.utf8.count), 0] + Array(text.utf8) + [0]
        }
    }()

    /// Runs what is left of a plan when its recipe is these bytes.
    private func run(_ recipe: [UInt8]) -> (code: Int32, ran: Bool) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 8)
        defer { buffer.deallocate() }
        var writer = PlanWriter(buffer, count: 1)
        let service = ServiceID(rawValue: 0)
        writer.setName("test.service", of: service)
        writer.setOrder(0, service)
        writer.beginRecipe(of: service)
        // The entry has the size of the recipe, and its bytes are overwritten.
        let filler = String(repeating: "x", count: max(recipe.count - 4, 0))
        withView(filler) { writer.append(.description, $0, to: service) }
        let unchecked = writer.finish(longestStop: 0)
        let start = unchecked.count - filler.utf8.count - 4
        for (index, byte) in recipe.enumerated() { buffer[start + index] = byte }
        let plan = Plan(unchecked: unchecked, count: 1)
        var kernel = SimulatedKernel(devices: ["2": .init(), "report": .init()])
        kernel.openPaths = [0: "in", 1: "out", 2: "2", 100: "report"]
        kernel.service.texts = [
            "/etc/passwd": "www:x:33:33::/srv:/bin/sh\n", "/etc/group": "", "/e": "B=1\n",
        ]
        var context = RecipeContext()
        context.controlGroup = "/cg"
        let code = RecipeChild.become(
            0, of: .main, of: service, in: plan, context,
            reportingTo: FileDescriptor(rawValue: 100), on: &kernel)
        return (code, !kernel.service.arguments.isEmpty)
    }

    @Test func `the recipe as it is runs its command`() {
        #expect(run(Self.recipe) == (0, true))
    }

    @Test func `a recipe that is cut anywhere is refused, or lacks its command`() {
        for count in 4..<Self.recipe.count {
            let (code, ran) = run(Array(Self.recipe.prefix(count)))
            #expect(code == 203 && !ran, "\(count) bytes")
        }
    }

    @Test func `whatever a byte of it becomes, the child comes to an end`() {
        for index in Self.recipe.indices {
            for byte in [0, 1, 0x2f, 0x7f, 0xff, Self.recipe[index] ^ 1] as [UInt8] {
                var recipe = Self.recipe
                recipe[index] = byte
                let (code, ran) = run(recipe)
                #expect(ran ? code == 0 : [0, 1].contains(code) || (200...243).contains(code))
            }
        }
    }
}
