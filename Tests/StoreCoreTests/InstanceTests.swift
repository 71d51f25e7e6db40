import StoreCore
import StoreProtocol
import Testing

@Suite("stores that share objects")
struct InstanceTests {
  private let fixture = StoreFixture(instance: 1025)
  private var store: Store { fixture.store }

  private static let record = InstanceRecord(
    hostID: 1, hostname: "h", nodename: "n", socketPath: "/s", rpcEndpoint: "h:1", timestamp: 1)

  /// An object that somebody else made durable.
  private func adopt(_ id: ObjectID, instance: UInt64, isGlobal: Bool = false, blob: ObjectID? = nil) throws {
    let member = blob.map { #""m":"l\#($0).vineyard::Blob@\#(instance)","# } ?? ""
    let text =
      #"{\#(member)"global":\#(isGlobal),"instance_id":\#(instance),"signature":\#(id.rawValue),"typename":"vt"}"#
    try store.adoptObject(id, stored: Array(text.utf8), in: fixture.root)
  }

  @Test("given signs of life, then a store with a record is reachable, and one without is none")
  func states() {
    store.setInstance(1025, Self.record)
    store.setInstance(7, .unreachable)
    #expect(store.instances.state(of: 7) == nil)
    store.setInstance(7, Self.record)
    store.setInstance(1025, .unreachable)
    #expect(store.instances.state(of: 7) == .unreachable)
    #expect(store.instances.state(of: 1025) == .reachable)
    #expect(store.instances.count(.reachable) == 1 && store.instances.count(.unreachable) == 1)
    store.setInstance(7, .reachable)
    #expect(store.instances.state(of: 7) == .reachable)
    store.setInstance(7, nil)
    #expect(store.instances.state(of: 7) == nil && store.instances.count(.reachable) == 1)
  }

  @Test("given another instance with the same ten bits, then no id is issued that its objects have")
  func wrappedIDs() throws {
    let twin = StoreFixture(instance: 1)
    var (blobs, objects): (Set<ObjectID>, Set<ObjectID>) = ([], [])
    for _ in 0..<100 {
      let blob = try twin.sealedBlob(8, by: twin.connect())
      let object = try twin.object(members: [blob])
      blobs.insert(blob)
      objects.insert(object)
      try adopt(object, instance: 1, blob: blob)
    }
    store.now = twin.store.now
    let client = fixture.connect()
    for _ in 0..<200 {
      let blob = try fixture.sealedBlob(8, by: client)
      #expect(!blobs.contains(blob))
      #expect(!objects.contains(try fixture.object(members: [blob])))
    }
    #expect(try fixture.sealedBlob(8, by: client).rawValue >> 12 & 0x3ff == 1)
  }

  @Test("given objects of all kinds, then a store hands out what it has for others, in steps, with labels and names")
  func publishAgain() throws {
    store.keepsChanges = true
    let client = fixture.connect()
    let text = #"{"typename":"t::Object","instance_id":1025}"#
    let (shown, hidden) = (try fixture.create(text).id, try fixture.create(text).id)
    try store.persist(shown, by: client)
    try store.putName("n", to: shown, by: client)
    try store.label(shown, [("k", "v")], by: client)
    _ = store.endRequest(of: client)
    store.acknowledge(upTo: .max)
    let (others, global) = (ObjectID(99), ObjectID(1 << 12 | 5))
    try adopt(others, instance: 3)
    try adopt(global, instance: InstanceID.unspecified, isGlobal: true)
    #expect(store.isOwn(shown, in: fixture.root) && store.isOwn(global, in: fixture.root))
    #expect(!store.isOwn(hidden, in: fixture.root) && !store.isOwn(others, in: fixture.root))
    while store.nextEffect() != nil {}
    var next: ObjectID? = ObjectID(0)
    var steps = 0
    while let first = next {
      next = store.publishAgain(from: first, limit: 1, in: fixture.root)
      steps += 1
    }
    #expect(steps == 4)
    var found: [String] = []
    while case .write(let set)? = store.nextEffect() {
      for written in set.changes {
        switch written.change {
        case .put(let id, _): found.append("put \(id)")
        case .name(let name, let id): found.append("\(name) → \(id)")
        case .label(let id, let key, let value): found.append("\(key)=\(value ?? "nothing") \(id)")
        default: Issue.record("\(written.change)")
        }
      }
      #expect(store.refuse(set.number).isEmpty)
      store.acknowledge(upTo: set.number)
    }
    #expect(found == ["put \(global)", "put \(shown)", "k=v \(shown)", "n → \(shown)"])
    fixture.expectSound()
  }
}
