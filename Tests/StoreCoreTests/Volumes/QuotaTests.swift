import StoreCore
import StoreProtocol
import Testing

@Suite("quotas of volumes")
struct QuotaTests {
  let fixture = StoreFixture(limit: 10_000, arena: 64 * kibibyte)
  let volume: Volume
  let client: Client
  var store: Store { fixture.store }

  init() throws {
    volume = try fixture.open("v", quota: 1000)
    client = fixture.connect(to: volume)
  }

  @Test("blobs are charged as they are created, shrunk and freed")
  func charging() throws {
    let blob = try store.createBlob(600, by: client).id
    #expect(volume.usage.used == 600)
    try store.shrink(blob, to: 100, by: client)
    #expect(volume.usage.used == 100)
    let sealed = try fixture.sealedBlob(200, by: client)
    #expect(volume.usage.used == 300)
    _ = try store.deleteBlobs([sealed], by: client)
    #expect(volume.usage.used == 100)
    store.disconnect(client)
    #expect(volume.usage.used == 0 && volume.connections == 0)
    fixture.expectEmpty()
  }

  @Test("a refusal names the volume, its limit, what is used, the largest objects and the way out")
  func refusal() throws {
    _ = try fixture.put(900, by: client, name: "big")
    let error = #expect(throws: StoreError.self) { try store.createBlob(200, by: client) }
    #expect(error?.code == .notEnoughMemory)
    for part in ["'v'", "1000", "900", "900 bytes in 'big'", "expand"] {
      #expect(error?.message.contains(part) == true, "\(part): \(error?.message ?? "")")
    }
    #expect(store.condition(of: volume)?.contains("900 of 1000") == true)
    #expect(try store.createBlob(100, by: client).size == 100)
    #expect(code(try store.createBlob(.max, by: client)) == .notEnoughMemory)
    fixture.expectSound()
  }

  @Test("several blobs are refused together, and the volume says so until something is freed or it grows")
  func conditions() throws {
    let small = try fixture.sealedBlob(10, by: client)
    #expect(code(try store.createBlobs([600, 600], by: client)) == .notEnoughMemory)
    #expect(volume.usage.used == 10)
    #expect(store.condition(of: volume) != nil)
    _ = try store.deleteBlobs([small], by: client)
    #expect(store.condition(of: volume) == nil)
    #expect(code(try store.createBlob(1001, by: client)) == .notEnoughMemory)
    _ = try store.resizeVolume("v", quota: 2000)
    #expect(store.condition(of: volume) == nil)
    _ = try fixture.sealedBlob(1950, by: client)
    #expect(store.condition(of: volume)?.contains("nearly full: 1950 of 2000") == true)
    fixture.expectSound()
  }

  @Test("a store that is full is the volume's condition too")
  func fullStore() throws {
    let unlimited = try fixture.open("u")
    let other = fixture.connect(to: unlimited)
    _ = try fixture.sealedBlob(9000, by: other)
    #expect(code(try store.createBlob(2000, by: other)) == .notEnoughMemory)
    #expect(store.condition(of: unlimited)?.contains("did not fit") == true)
    #expect(store.condition(of: volume) == nil)
  }

  @Test("a stream waits for its reader when the volume is nearly full, and is refused what never fits")
  func streams() throws {
    let stream = try fixture.put(members: [], by: client)
    try store.createStream(stream, in: volume.session)
    #expect(code(try store.nextStreamChunk(stream, size: 1001, by: client)) == .notEnoughMemory)
    let reader = fixture.connect(to: volume)
    for _ in 0..<2 { #expect(!isParked(try store.nextStreamChunk(stream, size: 400, by: client))) }
    #expect(isParked(try store.nextStreamChunk(stream, size: 400, by: client)))
    _ = try store.pullStreamChunk(stream, by: reader)
    _ = try store.pullStreamChunk(stream, by: reader)
    #expect(!isParked(try store.nextStreamChunk(stream, size: 400, by: client)))
    fixture.expectSound()
  }
}
