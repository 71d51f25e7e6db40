import SeededRandom
import Testing

@testable import StoreCore

@Suite("sorted table")
struct SortedTableTests {
  @Test("a table does what a dictionary does, and keeps the order", arguments: 0..<20 as Range<UInt64>)
  func model(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var table = SortedTable<Int, Int>()
    var model: [Int: Int] = [:]
    // Few keys fill and empty the same leaves again and again, many make and join leaves.
    let keys = [50, 1000, 100_000][Int(seed % 3)]
    for step in 0..<5000 {
      let key = Int(random.next() % UInt64(keys))
      switch random.next() % 8 {
      case 0...3: #expect(table.updateValue(step, forKey: key) == model.updateValue(step, forKey: key))
      case 4, 5: #expect(table.removeValue(forKey: key) == model.removeValue(forKey: key))
      case 6:
        if model[key] != nil { model[key] = -step }
        #expect((table.update(key) { $0 = -step } != nil) == (model[key] != nil))
      default: #expect(table[key] == model[key])
      }
    }
    #expect(table.count == model.count)
    #expect(Array(table.keys) == model.keys.sorted())
    #expect(table.allSatisfy { model[$0.key] == $0.value })
    for key in stride(from: 0, to: keys, by: max(1, keys / 200)) {
      #expect(table.first(from: key)?.key == model.keys.filter { $0 >= key }.min())
      #expect(table.last(through: key)?.key == model.keys.filter { $0 <= key }.max())
    }
    while let (key, value) = seed % 2 == 0 ? table.popFirst() : table.popLast() {
      #expect((seed % 2 == 0 ? model.keys.min() : model.keys.max()) == key && model.removeValue(forKey: key) == value)
    }
    #expect(model.isEmpty && table.isEmpty && table.last == nil)
  }

  @Test("keys that only grow fill the leaves, and a copy is not touched by changes of the original")
  func growing() {
    var table = SortedTable<Int, Int>()
    for key in 0..<10_000 { table[key] = key }
    let copy = table
    for key in stride(from: 0, to: 10_000, by: 2) { table[key] = nil }
    #expect(copy.count == 10_000 && Array(copy.keys) == Array(0..<10_000))
    #expect(table.count == 5000 && table.first(from: 10)?.key == 11)
    while table.dropLeaf() {}
    #expect(table.isEmpty && copy.count == 10_000)
  }
}
