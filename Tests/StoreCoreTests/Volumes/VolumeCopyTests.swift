import JSON
import StoreCore
import StoreProtocol
import Testing

/// Copies of what other stores have that clients of a volume map: outside of its quota, within a bound of their own.
@Suite("copies in volumes")
struct VolumeCopyTests {
  static let elsewhere: UInt64 = 5
  static let blobs = (1...3).map { RemoteBlob(instance: elsewhere, id: ObjectID(1 << 63 | $0)) }
  static let objects = (1...3).map { ObjectID(0x10 + $0) }

  let fixture = StoreFixture(limit: 1 * mebibyte, instance: 1)
  let volume: Volume
  let client: Client
  var store: Store { fixture.store }

  init() throws {
    volume = try fixture.open("v", quota: 250 * kibibyte)
    client = fixture.connect(to: volume)
    store.setInstance(Self.elsewhere, Simulation.record)
    for (object, blob) in zip(Self.objects, Self.blobs) {
      let text = #"""
        {"b":"l\#(blob.id).vineyard::Blob@5","instance_id":5,"signature":\#(object.rawValue),"transient":false,
        "typename":"vt::T"}
        """#
      try store.adoptObject(object, stored: Array(text.utf8), in: volume.session)
      let incoming = try CopyCreation([(blob, 100 * kibibyte)], in: volume.session).finish(store)
      for copy in incoming { store.finish(copy, isComplete: true) }
    }
  }

  private func look(for index: Int, by client: Client? = nil) -> CopyLookup {
    var lookup = CopyLookup([Self.objects[index]], for: client ?? self.client)
    while lookup.step(store) == nil {}
    return lookup
  }

  @Test("given clients that map copies, then each copy counts once, and as long as one of them maps it")
  func counting() {
    let other = fixture.connect(to: volume)
    #expect(look(for: 0).refusal == nil && look(for: 0).refusal == nil)
    #expect(look(for: 0, by: other).refusal == nil)
    #expect(volume.usage.mappedBytes == 100 * kibibyte && volume.usage.used == 0)
    fixture.expectSound()
    store.disconnect(client)
    #expect(volume.usage.mappedBytes == 100 * kibibyte)
    store.disconnect(other)
    #expect(volume.usage.mappedBytes == 0)
    fixture.expectSound()
  }

  @Test("given more than they may map, then the error names the volume, and those who let go make room")
  func bound() throws {
    #expect(look(for: 0).refusal == nil && look(for: 1).refusal == nil)
    let refusal = try #require(look(for: 2).refusal)
    #expect(refusal.code == .notEnoughMemory)
    for part in ["'v'", "\(250 * kibibyte) bytes", "map \(200 * kibibyte)"] {
      #expect(refusal.message.contains(part), "\(part): \(refusal.message)")
    }
    let copy = try #require(store.copy(of: Self.blobs[0], in: volume.session))
    try store.release(copy, by: client)
    #expect(look(for: 2).refusal == nil)
    #expect(volume.usage.mappedBytes == 200 * kibibyte)
    fixture.expectSound()
  }

  @Test("given a copy that becomes the volume's own, then it counts in its quota alone")
  func kept() throws {
    #expect(look(for: 0).refusal == nil)
    _ = try Migration(Self.objects[0], in: volume.session, of: volume, by: client, isTransient: false).finish(store)
    #expect(volume.usage.mappedBytes == 0 && volume.usage.used == 100 * kibibyte)
    fixture.expectSound()
  }

  @Test("given copies that could never be mapped together, then they are not fetched")
  func tooMany() throws {
    let error = #expect(throws: StoreError.self) {
      try CopyCreation([(Self.blobs[0], 300 * kibibyte)], in: volume.session).finish(store)
    }
    #expect(error?.message.contains("'v'") == true)
    fixture.expectSound()
  }
}
