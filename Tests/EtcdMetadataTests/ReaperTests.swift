import Testing

@testable import EtcdMetadata

@Suite("what a store leaves behind")
struct ReaperTests {
  /// How many names one transaction removes, and the next, until there are none.
  private func batches(_ lengths: [Int], atMost count: Int) -> [Int] {
    var names = lengths.map { (key: [UInt8](repeating: 1, count: $0), revision: Int64(1)) }[...]
    var counts: [Int] = []
    while !names.isEmpty {
      let some = Reaper.batch(of: names, atMost: count)
      counts.append(some.count)
      names = names.dropFirst(some.count)
    }
    return counts
  }

  @Test("given names of any length, then no transaction is larger than etcd takes, and all of them go")
  func sizes() {
    #expect(batches([], atMost: 97) == [])
    #expect(batches(.init(repeating: 20, count: 200), atMost: 97) == [97, 97, 6])
    #expect(batches(.init(repeating: 100_000, count: 5), atMost: 97) == [2, 2, 1])
    #expect(batches([900_000, 10, 900_000], atMost: 97) == [1, 1, 1])
  }
}
