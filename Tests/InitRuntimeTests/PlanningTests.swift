import KernelInterface
import SimulatedKernel
import Testing

@testable import InitCore
@testable import InitRuntime

/// What PID 1 takes from the planner, and what it does not.
@Suite struct PlanningTests {
    private let plan = HouseUnit.plan([HouseUnit("web.service"), HouseUnit("db.service")])
    private let noPlan = "4: there is no plan of the services: going on without them"

    private func hasNoPlan(_ house: House) -> Bool {
        house.kernel.linesOfKernelLog().contains(noPlan)
    }

    private func pipes(_ house: House) -> [String] {
        house.kernel.openDescriptors.filter { $0.hasPrefix("pipe 0") }
    }

    @Test(arguments: [1, 7, 64, 500])
    func `the bytes of a plan come in pieces of any size`(size: Int) throws {
        let house = House()
        let pipe = try #require(house.planner?.pipe)
        var rest = plan[...]
        while !rest.isEmpty {
            house.kernel.logs.write(Array(rest.prefix(size)), into: pipe)
            house.settle()
            rest = rest.dropFirst(size)
            #expect(house.services.pointee.table.plan.count == 0)
        }
        house.kernel.logs.hangUp(pipe)
        house.settle()
        #expect(house.services.pointee.table.plan.count == 2)
        #expect(house.id("db") == ServiceID(rawValue: 1))
        #expect(!hasNoPlan(house))
        #expect(pipes(house).isEmpty)
    }

    private func expectNoPlan(of bytes: [UInt8], _ what: Comment) {
        let house = House()
        house.deliver(bytes)
        #expect(hasNoPlan(house), what)
        #expect(house.services.pointee.table.plan.count == 0, what)
        #expect(pipes(house).isEmpty, what)
        #expect(house.core.phase == .idling, what)
    }

    @Test func `what is no plan leaves PID 1 without services`() {
        expectNoPlan(of: [], "nothing")
        expectNoPlan(of: Array("hammock plan: cannot read /etc\n".utf8), "a message")
        expectNoPlan(of: Array(plan.dropLast()), "a byte less")
        expectNoPlan(of: plan + [0], "a byte more")
        expectNoPlan(of: plan + plan, "two plans")
        var changed = plan
        changed[changed.count - 1] ^= 1
        expectNoPlan(of: changed, "a byte that has changed")
        expectNoPlan(of: Array(repeating: 0x68, count: 200_000), "more than fits")
    }

    /// 128 units with so much text that the plan has the greatest size there is.
    private var largest: [UInt8] {
        let text = String(repeating: "x", count: 300)
        let units = (0..<128).map { number in
            HouseUnit("unit-\(number).service") { writer, service in
                writer.beginRecipe(of: service)
                while writer.heapEnd < PlanLayout.mostHeap * (number + 1) / 128 - 310 {
                    text.withCString {
                        $0.withMemoryRebound(to: UInt8.self, capacity: text.utf8.count + 1) {
                            writer.append(.description, ByteView(cString: $0), to: service)
                        }
                    }
                }
                guard number == 127 else { return }
                let left = PlanLayout.mostHeap - writer.heapEnd - 4
                String(repeating: "y", count: left).withCString {
                    $0.withMemoryRebound(to: UInt8.self, capacity: left + 1) {
                        writer.append(.description, ByteView(cString: $0), to: service)
                    }
                }
            }
        }
        return HouseUnit.plan(units)
    }

    @Test func `the largest plan is a plan, and one byte more is none`() {
        let bytes = largest
        #expect(bytes.count == PlanLayout.mostBytes)
        let house = House()
        house.deliver(bytes)
        #expect(house.services.pointee.table.plan.count == 128)
        expectNoPlan(of: bytes + [0], "a byte more")
    }

    @Test func `a pipe that cannot be read is no plan, but one that is not ready may be`() throws {
        let house = House()
        let pipe = try #require(house.planner?.pipe)
        for error in [Errno.interrupted, .wouldBlock] {
            house.kernel.logs.refuseRead(of: pipe, error)
            house.settle()
            #expect(!hasNoPlan(house))
        }
        house.kernel.logs.refuseRead(of: pipe, .inputOutput)
        house.settle()
        #expect(hasNoPlan(house))
        #expect(pipes(house).isEmpty)
    }

    @Test func `a planner that cannot be forked leaves no pipe open`() {
        let house = House { $0.spawnError = .wouldBlock }
        house.pass(60_000)
        #expect(house.core.phase == .idling)
        #expect(!house.kernel.openDescriptors.contains { $0.hasPrefix("pipe") })
    }

    @Test func `a plan that comes when PID 1 no longer waits for it changes nothing`() throws {
        let house = House()
        let pipe = try #require(house.planner?.pipe)
        house.kernel.logs.write(Array(plan.prefix(100)), into: pipe)
        house.settle()
        house.pass(60_000)
        house.settle()
        house.kernel.logs.write(Array(plan.dropFirst(100)), into: pipe)
        house.kernel.logs.hangUp(pipe)
        house.settle()
        #expect(house.services.pointee.table.plan.count == 0)
    }
}
