import StoreCore
import StoreProtocol
import Testing

@Suite("opening and changing volumes")
struct VolumeOpeningTests {
  let fixture = StoreFixture(limit: 1000, arena: 64 * kibibyte)
  var store: Store { fixture.store }

  @Test("opening again finds the volume; what contradicts it is refused by name")
  func again() throws {
    let volume = try fixture.open("v", quota: 300)
    #expect(try fixture.open("v", quota: 300) === volume)
    for (settings, word) in [
      (Self.settings { $0.scope = .cluster }, "scope"), (Self.settings { $0.onDelete = .retain }, "on_delete"),
      (Self.settings { $0.isEphemeral = true }, "ephemeral"), (Self.settings { $0.quota = 200 }, "quota"),
      (Self.settings { $0.source = Volume.Source(kind: .snapshot, id: "s") }, "source"),
    ] {
      let error = #expect(throws: StoreError.self) { try store.openVolume(settings) }
      #expect(error?.code == .objectExists)
      #expect(error?.message.contains("its \(word) is") == true, "\(error?.message ?? "")")
    }
    #expect(store.volumes.count == 1)
    fixture.expectSound()
  }

  private static func settings(_ change: (inout Volume.Settings) -> Void) -> Volume.Settings {
    var settings = Volume.Settings(id: "v")
    settings.quota = 300
    change(&settings)
    return settings
  }

  @Test("quotas together are no more than the store has; what is written moves from promised to used")
  func room() throws {
    let volume = try fixture.open("a", quota: 600)
    #expect(store.capacity == StoreCapacity(limit: 1000, used: 0, reserved: 600))
    #expect(code(try fixture.open("b", quota: 401)) == .notEnoughMemory)
    try fixture.open("b", quota: 400)
    _ = try fixture.put(250, by: fixture.connect(to: volume))
    #expect(store.capacity == StoreCapacity(limit: 1000, used: 250, reserved: 750))
    #expect(store.capacity.available == 0)
    #expect(code(try fixture.open("c", quota: 1)) == .notEnoughMemory)
    try fixture.open("c")
    store.deleteVolume("a")
    #expect(store.capacity.available == 600)
    fixture.expectSound()
  }

  @Test("a quota grows into the room and shrinks to what is used")
  func resizing() throws {
    let volume = try fixture.open("a", quota: 300)
    try fixture.open("b", quota: 500)
    _ = try fixture.put(200, by: fixture.connect(to: volume))
    #expect(code(try store.resizeVolume("a", quota: 199)) == .notEnoughMemory)
    #expect(code(try store.resizeVolume("a", quota: 501)) == .notEnoughMemory)
    #expect(try store.resizeVolume("a", quota: 500).settings.quota == 500)
    #expect(try store.resizeVolume("a", quota: 200).usage.limit == 200)
    #expect(try store.resizeVolume("a", quota: 0).usage.limit == .max)
    #expect(code(try store.resizeVolume("a", quota: 501)) == .notEnoughMemory)
    #expect(code(try store.resizeVolume("x", quota: 1)) == .objectNotExists)
    fixture.expectSound()
  }

  @Test("a volume of before a restart is opened whatever there is room for, and says that its contents are lost")
  func reopening() throws {
    try fixture.open("a", quota: 900)
    let volume = store.reopenVolume(
      Self.settings { $0.quota = 800 }, created: 7, isFrozen: false, lostContentsAt: 9, isLossUnrepaired: true)
    #expect(volume.created == 7)
    #expect(store.condition(of: volume)?.contains("lost") == true)
    _ = try fixture.put(members: [], by: fixture.connect(to: volume))
    #expect(store.condition(of: volume) == nil)
    #expect(store.takeFirstWrites().map(\.id) == ["v"])
    #expect(store.takeFirstWrites().isEmpty)
    fixture.expectSound()
  }

  @Test("the first write is told once; a volume that was emptied can have another")
  func firstWrites() throws {
    let volume = try fixture.open("v")
    let client = fixture.connect(to: volume)
    let blob = try fixture.sealedBlob(10, by: client)
    _ = try fixture.sealedBlob(10, by: client)
    #expect(store.takeFirstWrites().map(\.id) == ["v"])
    store.forgetWrites(to: volume)
    #expect(volume.isWritten)
    store.clear(volume)
    store.forgetWrites(to: volume)
    #expect(!volume.isWritten && !store.exists(blob, in: volume.session))
    _ = try fixture.sealedBlob(10, by: client)
    #expect(store.takeFirstWrites().map(\.id) == ["v"])
  }
}
