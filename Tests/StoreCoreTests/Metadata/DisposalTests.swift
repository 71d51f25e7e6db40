import StoreProtocol
import Testing

@testable import StoreCore

/// What is large is freed in steps.
@Suite("disposal")
struct DisposalTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }

  /// Reclaims to the end.
  ///
  /// - Returns: how many steps it took.
  private func reclaim(_ slice: UInt64 = 100_000) -> Int {
    var steps = 0
    var isDone = false
    while !isDone {
      let before = store.work.done
      store.work.allow(slice)
      isDone = !store.reclaim()
      #expect(store.work.done - before < 2 * slice, "a slice, and what cannot be cut further")
      steps += 1
    }
    return steps
  }

  private func clear() {
    var clearing = Clearing(fixture.root, by: nil)
    store.work.allow(100_000)
    #expect(clearing.step(store) != nil)
  }

  @Test("documents, those within documents too")
  func documents() {
    var inner = MetadataDocument()
    inner.fields = (0..<1000).map { .init(key: Array("k\($0)".utf8), value: .text([])) }
    var outer = MetadataDocument()
    outer.fields = (0..<20).map { .init(key: Array("m\($0)".utf8), value: .member(inner)) }
    store.reclaimLater(DocumentDisposal([outer, inner]))
    #expect(reclaim() > 20)
  }

  @Test("an object with many labels, whether it is deleted or its session is cleared", arguments: [true, false])
  func labels(isCleared: Bool) throws {
    let client = fixture.connect()
    let object = try fixture.object("t")
    let keys = (0..<20_000).map { "a label of some length \($0)" }
    try Labelling(object, keys: keys, values: keys, in: fixture.root, by: client, store).finish(store)
    let before = store.work.done
    if isCleared { clear() } else { store.delete([object], force: false, deep: true, by: client) }
    #expect(store.work.done - before < 500_000, "nobody waits for the labels")
    #expect(reclaim() > 5)
    fixture.expectSound()
  }

  @Test("a table of names that are long")
  func names() throws {
    let object = try fixture.object("t")
    try store.persist(object, in: fixture.root)
    for index in 0..<20 {
      try store.putName(String(repeating: "n", count: 1 << 20) + "\(index)", to: object, in: fixture.root)
    }
    clear()
    #expect(reclaim() > 5)
    fixture.expectSound()
  }
}
