import StoreCore
import StoreProtocol
import Testing

@Suite("memory files of volumes")
struct TenantMemoryTests {
  let fixture = StoreFixture(
    limit: 64 * mebibyte, arena: 160 * mebibyte, populate: .ahead, reserve: 16 * mebibyte, separated: true)
  var store: Store { fixture.store }

  /// Does page jobs until there are none.
  @discardableResult
  private func work(failing: (Residency.Job) -> Bool = { _ in false }) -> [Residency.Job] {
    var jobs: [Residency.Job] = []
    while jobs.count < 1000, let job = store.nextPageJob(idleTarget: nil) {
      jobs.append(job)
      let succeeded = !failing(job)
      switch job {
      case .populate(let range, let urgent): store.finishPopulate(range, urgent: urgent, succeeded: succeeded)
      case .release(let range): store.finishRelease(range)
      case .end(let range): store.finishEnd(range)
      case .zero(let ranges): store.finishZero(ranges)
      case .copy(_, let target, let number): store.finishCopy(number, target.length, succeeded: succeeded)
      }
    }
    return jobs
  }

  private func isWarm(_ blob: BlobPayload) -> Bool {
    store.memory.residency.isWarm(ByteRange(offset: blob.offset, length: blob.size))
  }

  @Test("each volume, and everybody outside of volumes, has files that the others may not have")
  func apart() throws {
    let clients = try [fixture.connect()] + ["a", "b"].map { fixture.connect(to: try fixture.open($0)) }
    let blobs = try clients.map { try store.createBlob(100, by: $0) }
    #expect(Set(blobs.map(\.fileKey)).count == 3)
    for (client, blob) in zip(clients, blobs) {
      #expect(blobs.map { store.mayWrite($0.fileKey, client) } == blobs.map { $0.id == blob.id ? true : nil })
    }
    let cluster = fixture.connect(to: try fixture.open("c", scope: .cluster))
    #expect(try store.createBlob(100, by: cluster).fileKey == blobs[0].fileKey)
    let reader = fixture.connect(to: try #require(store.volume("a")), isReadOnly: true)
    #expect(store.mayWrite(blobs[1].fileKey, reader) == false)
    fixture.expectSound()
  }

  @Test("given a reserve, then the first blobs of a volume, a large and a small one, have pages at once")
  func spare() throws {
    for id in ["a", "b", "c"] {
      let volume = try fixture.open(id)
      work()
      let client = fixture.connect(to: volume)
      #expect(isWarm(try store.createBlob(4 * mebibyte, by: client)))
      #expect(isWarm(try store.createBlob(100, by: client)))
      fixture.expectSound()
    }
    #expect(store.memory.residency.committedBytes <= 160 * mebibyte)
  }

  @Test("given a volume that writes on, then as many blocks as it took lately are populated ahead of it")
  func ahead() throws {
    let client = fixture.connect(to: try fixture.open("a"))
    for _ in 0..<3 {
      _ = try store.createBlob(4 * mebibyte, by: client)
      work()
    }
    #expect(isWarm(try store.createBlob(4 * mebibyte, by: client)))
  }

  @Test("given a deleted volume, then its file ends although clients have grants, and its key is not used again")
  func end() throws {
    let volume = try fixture.open("a")
    let client = fixture.connect(to: volume)
    let blob = try store.createBlob(8 * mebibyte, by: client)
    try store.seal(blob.id, by: client)
    try fixture.read([blob.id], by: client)
    store.demandPages(ByteRange(offset: blob.offset, length: blob.size))
    work()
    store.deleteVolume("a")
    #expect(store.memory.used == 0 && store.memory.retained == 0)
    #expect(store.nextPageJob(idleTarget: nil) == .end(ByteRange(offset: blob.fileStart, length: blob.mappingLength)))
    store.finishEnd(ByteRange(offset: blob.fileStart, length: blob.mappingLength))
    #expect(!store.hasFile(blob.fileKey))
    store.disconnect(client)
    let again = try store.createBlob(1, by: fixture.connect(to: try fixture.open("a")))
    #expect(again.fileKey > blob.fileKey)
    fixture.expectSound()
  }

  @Test("given a volume whose objects stay, then its file is closed, and goes with the last of them")
  func retained() throws {
    let volume = try fixture.open("a", onDelete: .retain)
    let client = fixture.connect(to: volume)
    let blob = try fixture.put(100, by: client).blob
    let root = fixture.connect()
    store.deleteVolume("a")
    let seen = try fixture.read([blob], by: root)[0]
    #expect(store.mayWrite(seen.fileKey, root) == false)
    try store.dropBlob(blob, by: root)
    store.disconnect(client)
    work()
    #expect(!store.hasFile(seen.fileKey))
    fixture.expectSound()
  }

  @Test("a snapshot is a copy that is complete when its bytes are; clones share it, and its file outlives it for them")
  func snapshot() throws {
    let client = fixture.connect(to: try fixture.open("a"))
    let blob = try fixture.put(3 * mebibyte, by: client).blob
    let snapshot = try store.createSnapshot("s", of: "a", attributes: [:])
    #expect(snapshot.isBeingFilled && snapshot.usage.used == 3 * mebibyte && store.memory.used == 6 * mebibyte)
    store.deleteVolume("a")
    let copies = work().filter { if case .copy = $0 { true } else { false } }
    #expect(copies.count == 1 && !snapshot.isBeingFilled && store.memory.used == 3 * mebibyte)
    let clone = fixture.connect(to: try fixture.open("c", from: Volume.Source(kind: .snapshot, id: "s")))
    let seen = try fixture.read([blob], by: clone)[0]
    #expect(store.memory.used == 3 * mebibyte && store.mayWrite(seen.fileKey, clone) == false)
    store.deleteSnapshot("s")
    work()
    #expect(store.hasFile(seen.fileKey))
    store.deleteVolume("c")
    work()
    #expect(!store.hasFile(seen.fileKey) && store.memory.used == 0)
    fixture.expectSound()
  }

  @Test("[Error] a copy without room is refused at once; one whose pages run out tells why, and is deleted")
  func failedCopies() throws {
    let client = fixture.connect(to: try fixture.open("a"))
    let blob = try fixture.put(40 * mebibyte, by: client).blob
    #expect(code(try store.createSnapshot("s", of: "a", attributes: [:])) == .notEnoughMemory)
    #expect(code(try fixture.open("c", from: Volume.Source(kind: .volume, id: "a"))) == .notEnoughMemory)
    #expect(store.volume("c") == nil && store.snapshots.isEmpty)
    try store.dropBlob(blob, by: client)
    _ = try fixture.put(10 * mebibyte, by: client)
    let snapshot = try store.createSnapshot("s", of: "a", attributes: [:])
    work { if case .populate(_, urgent: true) = $0 { true } else { false } }
    #expect(!snapshot.isBeingFilled && snapshot.fillFailure?.code == .notEnoughMemory)
    #expect(store.condition(of: snapshot)?.contains("no pages left") == true)
    store.deleteSnapshot("s")
    work()
    #expect(store.memory.used == 10 * mebibyte)
    fixture.expectSound()
  }

  @Test("what clients of a volume keep of deleted blobs counts in its quota, and names them")
  func lingering() throws {
    let volume = try fixture.open("a", quota: 4 * mebibyte)
    let (writer, reader) = (fixture.connect(to: volume), fixture.connect(to: volume))
    let blob = try fixture.sealedBlob(3 * mebibyte, by: writer)
    try fixture.read([blob], by: reader)
    try store.dropBlob(blob, by: writer)
    #expect(store.retained(by: volume) == 3 * mebibyte && volume.usage.used == 0)
    let error = #expect(throws: StoreError.self) { try store.createBlob(2 * mebibyte, by: writer) }
    #expect(error?.message.contains("\(3 * mebibyte) more are deleted but still mapped by its clients") == true)
    store.endStaleGrants(of: reader)
    #expect(try store.createBlob(4 * mebibyte, by: writer).size == 4 * mebibyte)
    fixture.expectSound()
  }

  @Test("[Error] a file that cannot be made is a blob that does not fit, and is tried again")
  func refusedFile() throws {
    store.openFile = { _ in false }
    let client = fixture.connect(to: try fixture.open("a"))
    #expect(code(try store.createBlob(1, by: client)) == .notEnoughMemory)
    store.openFile = { _ in true }
    #expect(try store.createBlob(1, by: client).fileKey == 2)
    fixture.expectSound()
  }

  @Test("small blobs and large ones do not share blocks")
  func sizes() throws {
    let client = fixture.connect()
    let small = try store.createBlob(127 * kibibyte, by: client)
    let large = try store.createBlob(128 * kibibyte, by: client)
    #expect(small.fileKey == large.fileKey && large.offset < 80 * mebibyte && small.offset >= 80 * mebibyte)
  }
}
