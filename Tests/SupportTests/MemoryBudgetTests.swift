import Support
import Testing

/// The parts of a store and the whole.
@Suite struct MemoryBudgetTests {
  static let sizes: [UInt64] = [
    1, 4096, 1 << 20, (16 << 20) + 1, 100 << 20, 256 << 20, 1 << 30, (1 << 30) + 12345, 8 << 30, 1 << 40, 1 << 50,
  ]
  static let containers: [UInt64] = [
    16 << 20, 64 << 20, 100 << 20, 256 << 20, 512 << 20, 1 << 30, 2 << 30, 8 << 30, 3_650_000_000, 1 << 40,
  ]

  @Test(arguments: sizes) func `a store finds room in a container made for it`(_ size: UInt64) {
    let needed = MemoryBudget(size: size)
    let found = MemoryBudget(given: needed.total, requested: size)
    #expect(found.size == max(size, MemoryBudget.minimum))
    #expect(found.total <= needed.total || size < MemoryBudget.minimum)
    // A store that chooses its size takes whole huge pages.
    #expect(MemoryBudget(given: needed.total).size >= size / (2 << 20) * (2 << 20))
  }

  @Test(arguments: containers) func `the parts never exceed what is given`(_ given: UInt64) {
    for requested in [nil, 4096, given / 2, given, 2 * given] as [UInt64?] {
      let budget = MemoryBudget(given: given, requested: requested)
      #expect(budget.total <= given)
      #expect(budget.pages + budget.heap < budget.total)
      #expect(budget.size <= budget.pages && budget.reserve <= budget.pages)
    }
  }

  @Test(arguments: containers) func `most of a container is for objects`(_ given: UInt64) {
    let share = Double(MemoryBudget(given: given).size) / Double(given)
    #expect(share > (given < 512 << 20 ? 0.3 : 0.7))
  }

  @Test func `what is asked for and fits is what the store gets, and the heap the rest`() {
    let budget = MemoryBudget(given: 8 << 30, requested: 1 << 30)
    #expect(budget.size == 1 << 30)
    #expect(budget.heap > 6 << 30)
    #expect(MemoryBudget(given: 512 << 20, requested: 1 << 30) == MemoryBudget(given: 512 << 20))
  }

  @Test func `a larger store needs a larger container`() {
    let totals = Self.sizes.map { MemoryBudget(size: $0).total }
    #expect(totals == totals.sorted())
    #expect(MemoryBudget(size: .max).total == .max)
  }
}
