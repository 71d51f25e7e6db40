import SharedMemory
import Support
import Testing

@testable import StoreServer

@Suite("memory plan")
struct MemoryPlanTests {
  private let machine: UInt64 = 24 << 30

  @Test("the container's limit is what everything together keeps to")
  func container() {
    let plan = MemoryPlan(requested: nil, limits: MemoryLimits(physical: machine, cgroup: 512 << 20))
    #expect(plan.budget == MemoryBudget(given: 512 << 20))
    #expect(plan.warnings.isEmpty)
  }

  @Test("a size that does not fit is reduced, and who limits it is said")
  func reduced() {
    let plan = MemoryPlan(requested: 1 << 30, limits: MemoryLimits(physical: machine, cgroup: 512 << 20))
    #expect(plan.budget == MemoryBudget(given: 512 << 20))
    #expect(
      plan.warnings == [
        "--size 1 GiB does not fit: the container may use 512 MiB, of which 372 MiB are left for objects"
      ])
  }

  @Test("the memory volume of the pod limits the objects")
  func volume() {
    let limits = MemoryLimits(physical: machine, cgroup: 2 << 30, volume: 1 << 30)
    #expect(MemoryPlan(requested: nil, limits: limits).budget.size == 1 << 30)
    let plan = MemoryPlan(requested: 1536 << 20, limits: limits)
    #expect(plan.budget.size == 1 << 30)
    #expect(plan.warnings.first?.contains("the pod's memory volume has 1 GiB") == true)
  }

  @Test("on a node of 3.4 GiB in a machine of 24 GiB, nobody is promised the machine")
  func node() {
    let node: UInt64 = 3_650_000_000
    let plan = MemoryPlan(requested: nil, limits: MemoryLimits(physical: machine, volume: node, node: node))
    #expect(plan.budget.total <= node / 2)
    #expect(plan.budget.pages <= node / 2)
  }

  @Test("stores of one machine without sizes do not promise the same bytes")
  func neighbours() {
    var limits = MemoryLimits(physical: machine)
    var promised: UInt64 = 0
    for _ in 0..<5 {
      limits.promised.onMachine = promised
      let plan = MemoryPlan(requested: nil, limits: limits)
      promised += plan.budget.total
      #expect(promised <= machine)
      #expect(plan.warnings.isEmpty == (promised == plan.budget.total))
    }
    var container = MemoryLimits(physical: machine, cgroup: 4 << 30)
    container.promised = .init(onMachine: 20 << 30)
    #expect(MemoryPlan(requested: nil, limits: container).budget.total <= 4 << 30)
    #expect(MemoryPlan(requested: nil, limits: container).warnings.isEmpty, "a container's memory is its own")
    container.promised.inCgroup = 3 << 30
    #expect(MemoryPlan(requested: nil, limits: container).budget.total <= 1 << 30)
    limits.promised.onMachine = 10 << 30
    #expect(MemoryPlan(requested: 16 << 30, limits: limits).budget.size == 16 << 30, "a size is what it says")
  }
}
