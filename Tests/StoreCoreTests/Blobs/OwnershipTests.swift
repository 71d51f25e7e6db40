import StoreCore
import StoreProtocol
import Testing

@Suite("moving blobs between sessions")
struct OwnershipTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }
  let source: Session
  let plasma: Session
  let giver: Client
  let taker: Client
  let plasmaClient: Client

  init() {
    source = fixture.store.openSession(.normal)
    plasma = fixture.store.openSession(.plasma)
    giver = fixture.store.connect(to: source)
    taker = fixture.connect()
    plasmaClient = fixture.store.connect(to: plasma)
  }

  static let target = ObjectID(1 << 63 | 5)
  static let otherTarget = ObjectID(1 << 63 | 6)

  private func move(_ pairs: [(from: BlobName, to: BlobName)], from session: Session, by client: Client)
    -> StatusCode?
  {
    code(try store.moveOwnership(pairs, from: session.id, by: client))
  }

  @Test("a blob changes session and id, not its place")
  func byID() throws {
    let id = try fixture.sealedBlob(100, by: giver)
    let range = try #require(store.range(of: id, in: source))
    #expect(move([(.id(id), .id(Self.target))], from: source, by: taker) == nil)
    #expect(!store.exists(id, in: source) && !store.exists(Self.target, in: source))
    #expect(store.range(of: Self.target, in: fixture.root) == range)
    #expect(try fixture.read([Self.target], by: taker).first?.isSealed == true)
    #expect(store.memory.used == 100)
    fixture.expectSound()
    store.disconnect(giver)
    store.closeSession(source)
    #expect(store.exists(Self.target, in: fixture.root))
    fixture.expectSound()
  }

  @Test("who waits for objects is told of a moved blob")
  func wakes() throws {
    let id = try fixture.sealedBlob(100, by: giver)
    _ = store.takeChanges()
    #expect(move([(.id(id), .id(Self.target))], from: source, by: taker) == nil)
    #expect(store.takeChanges().contains(.object(session: 0, Self.target)))
  }

  @Test("into and out of plasma sessions by name")
  func byName() throws {
    let id = try fixture.sealedBlob(100, by: giver)
    #expect(move([(.id(id), .plasma("p"))], from: source, by: plasmaClient) == nil)
    #expect(try store.readPlasma(["p"], unsafe: false, by: plasmaClient).first?.payload.size == 100)
    #expect(move([(.plasma("p"), .plasma("q"))], from: plasma, by: plasmaClient) == nil)
    #expect(move([(.plasma("q"), .id(Self.target))], from: plasma, by: taker) == nil)
    #expect(try store.readPlasma(["p", "q"], unsafe: false, by: plasmaClient).isEmpty)
    #expect(store.exists(Self.target, in: fixture.root))
    fixture.expectSound()
  }

  @Test("a move within one session renames")
  func sameSession() throws {
    let id = try fixture.sealedBlob(100, by: taker)
    #expect(move([(.id(id), .id(Self.target))], from: fixture.root, by: taker) == nil)
    #expect(fixture.existing([id, Self.target]) == [Self.target])
  }

  @Test("[Error] blobs don't get ids that new ones will have")
  func future() throws {
    let id = try fixture.sealedBlob(100, by: taker)
    for time in [store.now, store.now + 1000] {
      let ahead = ObjectID(1 << 63 | time << 22 | 0xff0)
      #expect(move([(.id(id), .id(ahead))], from: fixture.root, by: taker) == .invalid)
    }
    let past = ObjectID(1 << 63 | (store.now - 1) << 22)
    #expect(move([(.id(id), .id(past))], from: fixture.root, by: taker) == nil)
  }

  @Test("new blobs and objects get ids that nobody has, also when the clock steps back")
  func freeIDs() throws {
    let noon = store.now
    let id = try fixture.sealedBlob(100, by: taker)
    store.now = noon + 100
    // Ids that were never issued, of a time that has passed.
    let taken = (0..<3).map { ObjectID(1 << 63 | (noon + 50) << 22 | UInt64($0)) }
    #expect(move([(.id(id), .id(taken[0]))], from: fixture.root, by: taker) == nil)
    for target in taken.dropFirst() {
      let other = try fixture.sealedBlob(100, by: giver)
      #expect(move([(.id(other), .id(target))], from: source, by: taker) == nil)
    }
    let member = ObjectID((noon + 200) << 22)
    try fixture.create(
      #"{"typename":"t::A","instance_id":0,"m":{"id":"\#(member)","typename":"t::B","instance_id":0}}"#)
    store.now = noon + 200
    let created = try fixture.object()
    #expect(created != member && store.exists(member, in: fixture.root))
    #expect(try !taken.contains(fixture.sealedBlob(64, by: taker)))
    fixture.expectSound()
  }

  @Test("readers of the old session keep the bytes they were given")
  func readers() throws {
    let id = try fixture.sealedBlob(100, by: giver)
    try fixture.read([id], by: giver)
    #expect(move([(.id(id), .id(Self.target))], from: source, by: taker) == nil)
    try store.dropBlob(Self.target, by: taker)
    #expect(store.memory.retained == 100)
    store.disconnect(giver)
    #expect(store.memory.retained == 0)
    fixture.expectSound()
  }

  @Test("a reader of one blob is protected for another that comes under the same id")
  func sameID() throws {
    let first = try fixture.sealedBlob(100, by: giver)
    let second = try fixture.sealedBlob(200, by: giver)
    let remover = fixture.connect()
    #expect(move([(.id(first), .id(Self.target))], from: source, by: taker) == nil)
    try fixture.read([Self.target], by: taker)
    try store.dropBlob(Self.target, by: remover)
    #expect(move([(.id(second), .id(Self.target))], from: source, by: taker) == nil)
    try fixture.read([Self.target], by: taker)
    try store.dropBlob(Self.target, by: remover)
    #expect(store.memory.used == 0 && store.memory.retained == 300)
    store.disconnect(taker)
    store.disconnect(giver)
    fixture.expectEmpty()
  }

  @Test("given two blobs read under one id, when it is released twice, then neither is held any more")
  func sameIDReleased() throws {
    let first = try fixture.sealedBlob(100, by: giver)
    let second = try fixture.sealedBlob(200, by: giver)
    let remover = fixture.connect()
    for blob in [first, second] {
      #expect(move([(.id(blob), .id(Self.target))], from: source, by: taker) == nil)
      try fixture.read([Self.target], by: taker)
      try store.dropBlob(Self.target, by: remover)
    }
    #expect(store.memory.retained == 300)
    try store.release(Self.target, by: taker)
    #expect(store.memory.retained == 100)
    try store.release(Self.target, by: taker)
    #expect(store.memory.retained == 0)
    #expect(code(try store.release(Self.target, by: taker)) == .keyError)
    fixture.expectSound()
  }

  @Test("[Error] unknown session, unknown or unsealed blob, name in use, ids that are no blob's; nothing is moved then")
  func errors() throws {
    let id = try fixture.sealedBlob(100, by: giver)
    let second = try fixture.sealedBlob(100, by: giver)
    let unsealed = try store.createBlob(64, by: giver).id
    let taken = try fixture.sealedBlob(64, by: taker)
    #expect(throws: StoreError(.invalid, "Session (sid = S0000000000000007) not exit")) {
      try store.moveOwnership([], from: 7, by: taker)
    }
    let good: (from: BlobName, to: BlobName) = (.id(id), .id(Self.target))
    let cases: [((from: BlobName, to: BlobName), StatusCode)] = [
      ((.id(ObjectID(1 << 63 | 9)), .id(Self.otherTarget)), .objectNotExists),
      ((.plasma("p"), .id(Self.otherTarget)), .objectNotExists),
      ((.id(unsealed), .id(Self.otherTarget)), .objectNotSealed), ((.id(second), .id(taken)), .objectExists),
      ((.id(second), .id(.emptyBlob)), .invalid), ((.id(second), .id(ObjectID(7))), .invalid),
      ((.id(second), .plasma("p")), .invalid),
    ]
    for (bad, code) in cases {
      #expect(move([good, bad], from: source, by: taker) == code)
      #expect(store.exists(id, in: source) && !store.exists(Self.target, in: fixture.root))
    }
    fixture.expectSound()
  }

  @Test("[Error] a name that comes twice in one request moves nothing")
  func twice() throws {
    let ids = try [100, 200].map { try fixture.sealedBlob($0, by: giver) }
    #expect(
      move([(.id(ids[0]), .id(Self.target)), (.id(ids[1]), .id(Self.target))], from: source, by: taker) == .objectExists
    )
    #expect(
      move([(.id(ids[0]), .id(Self.target)), (.id(ids[0]), .id(Self.otherTarget))], from: source, by: taker)
        == .objectNotExists)
    #expect(
      move([(.id(ids[0]), .plasma("p")), (.id(ids[1]), .plasma("p"))], from: source, by: plasmaClient) == .objectExists)
    #expect(ids.allSatisfy { store.exists($0, in: source) })
    #expect(fixture.root.blobCount == 0 && plasma.blobCount == 0)
    fixture.expectSound()
  }

  @Test("a blob moved away by its id takes its plasma name along")
  func plasmaByID() throws {
    let payload = try store.createPlasmaBlob("p", size: 64, plasmaSize: 64, by: plasmaClient).payload
    try store.sealPlasma("p", by: plasmaClient)
    #expect(move([(.id(payload.id), .id(Self.target))], from: plasma, by: taker) == nil)
    #expect(try store.readPlasma(["p"], unsafe: false, by: plasmaClient).isEmpty)
    _ = try store.createPlasmaBlob("p", size: 64, plasmaSize: 64, by: plasmaClient)
    fixture.expectSound()
  }
}
