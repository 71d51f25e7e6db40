import MetadataBackend
import StoreCore
import StoreProtocol
import Testing

@Suite("changes that are durable later")
struct DurabilityTests {
  let fixture = StoreFixture(deletedMemory: .reuse)
  var store: Store { fixture.store }
  let client: Client

  init() {
    fixture.store.keepsChanges = true
    client = fixture.connect()
  }

  /// An object with a blob that everybody may know of.
  private func persistent() throws -> (object: ObjectID, blob: ObjectID) {
    let blob = try fixture.sealedBlob(100, by: client)
    let object = try fixture.object(members: [blob])
    try store.persist(object, by: client)
    return (object, blob)
  }

  /// The change sets that are to be written.
  private func written() -> [ChangeSet] {
    var sets: [ChangeSet] = []
    while let effect = store.nextEffect() { if case .write(let set) = effect { sets.append(set) } }
    return sets
  }

  @Test("given an immediate backend, then a reply waits for nothing and nothing is kept")
  func immediate() throws {
    let backend = EmbeddedBackend()
    store.keepsChanges = !backend.isImmediate
    let (object, _) = try persistent()
    try store.putName("n", to: object, by: client)
    #expect(store.endRequest(of: client) == .durable)
    store.delete([object], force: false, deep: true, by: client)
    #expect(written().isEmpty)
    fixture.expectEmpty()
  }

  @Test("given a request that persists and names, then it is one change set, whose object is whole")
  func changeSet() throws {
    let (object, _) = try persistent()
    try store.putName("n", to: object, by: client)
    #expect(store.endRequest(of: client) == .pending(1))
    let sets = written()
    #expect(sets.map(\.number) == [1])
    guard case .put(object, _)? = sets.first?.changes.first?.change,
      case .name("n", object)? = sets[0].changes.last?.change
    else {
      Issue.record("\(sets)")
      return
    }
    store.acknowledge(upTo: 1)
    #expect(store.refuse(1).isEmpty)
    #expect(value(try store.getName("n", wait: false, in: fixture.root)) == object)
  }

  @Test("given a name that was taken over, when that is refused, then it leads where it led")
  func name() throws {
    let (first, second) = (try persistent().object, try persistent().object)
    try store.putName("n", to: first, by: client)
    _ = store.endRequest(of: client)
    store.acknowledge(upTo: 1)
    try store.putName("n", to: second, by: client)
    #expect(store.endRequest(of: client) == .pending(2))
    #expect(store.refuse(2) == [2])
    #expect(value(try store.getName("n", wait: false, in: fixture.root)) == first)
    fixture.expectSound()
  }

  @Test("given a deletion, when it is refused, then object, blob and name are there; when not, the bytes are free")
  func deletion() throws {
    let (object, blob) = try persistent()
    try store.putName("n", to: object, by: client)
    _ = store.endRequest(of: client)
    store.acknowledge(upTo: 1)
    for (number, isRefused) in [(UInt64(2), true), (3, false)] {
      store.delete([object], force: false, deep: true, by: client)
      #expect(store.endRequest(of: client) == .pending(number))
      #expect(fixture.existing([object, blob]).isEmpty && store.memory.used == 100)
      if isRefused {
        #expect(store.refuse(number) == [number])
        #expect(fixture.existing([object, blob]) == [object, blob])
        #expect(value(try store.getName("n", wait: false, in: fixture.root)) == object)
      } else {
        store.acknowledge(upTo: number)
      }
    }
    fixture.expectEmpty()
  }

  @Test("given a copy and its name, when the copy is refused, then the name is too")
  func copy() throws {
    let (object, _) = try persistent()
    _ = store.endRequest(of: client)
    store.acknowledge(upTo: 1)
    let copy = try store.shallowCopy(object, by: client)
    #expect(store.endRequest(of: client) == .pending(2))
    let other = fixture.connect()
    try store.putName("n", to: copy, by: other)
    #expect(store.endRequest(of: other) == .pending(3))
    #expect(store.refuse(2) == [2, 3])
    #expect(!store.exists(copy, in: fixture.root) && fixture.root.nameCount == 0)
    fixture.expectSound()
  }

  @Test("given a deletion behind another session's change, when that session is cleared, then its bytes are free")
  func clearedBefore() throws {
    _ = try persistent()
    #expect(store.endRequest(of: client) == .pending(1))
    let other = store.connect(to: store.openSession(.normal))
    let blob = try fixture.sealedBlob(200, by: other)
    store.delete([blob], force: false, deep: true, by: other)
    #expect(store.endRequest(of: other) == .durable)
    #expect(store.memory.used == 300)
    store.clear(fixture.root)
    fixture.expectEmpty()
  }

  @Test("given verdicts of a backend, then those that are undone are told what went wrong")
  func verdicts() throws {
    let (object, _) = try persistent()
    _ = store.endRequest(of: client)
    try store.label(object, [("a", "b")], by: client)
    _ = store.endRequest(of: client)
    let undone = store.settle([.durable(upTo: 1), .refused(2, StoreError(.ioError, "etcd is away"))])
    #expect(undone.map(\.number) == [2] && undone.first?.error.message == "etcd is away")
    #expect(try !fixture.render([object]).contains("__labels"))
  }
}
