import StoreCore
import StoreProtocol
import Testing

/// Volumes that several stores have, of whose quota this one may use a part.
@Suite("quotas of several stores")
struct SharedQuotaTests {
  let fixture = StoreFixture(limit: 10_000, arena: 64 * kibibyte)
  let volume: Volume
  let client: Client
  var store: Store { fixture.store }

  init() throws {
    var settings = Volume.Settings(id: "v")
    settings.locality = .cluster
    settings.quota = 20_000
    volume = try fixture.store.openVolume(fixture.store.sharedVolume(settings))
    client = fixture.connect(to: volume)
  }

  @Test("given nothing was granted, then a blob lacks its bytes, and fits when they are")
  func granting() throws {
    #expect(code(try store.createBlob(300, by: client)) == .notEnoughMemory)
    let shortage = try #require(store.takeShortage())
    #expect(shortage.volume === volume && shortage.bytes == 300)
    #expect(store.takeShortage() == nil)
    // Nobody was refused anything yet.
    #expect(store.condition(of: volume) == nil)
    store.setGrant(of: volume, to: 300)
    _ = try store.createBlob(300, by: client)
    #expect(store.takeShortage() == nil)
    #expect(code(try store.createBlob(1, by: client)) == .notEnoughMemory)
    #expect(store.takeShortage()?.bytes == 1)
    fixture.expectSound()
  }

  @Test("given several blobs, then they lack bytes together, and none of them is made")
  func together() throws {
    store.setGrant(of: volume, to: 500)
    #expect(code(try store.createBlobs([200, 200, 200], by: client)) == .notEnoughMemory)
    #expect(store.takeShortage()?.bytes == 600 && volume.usage.used == 0)
    store.setGrant(of: volume, to: 600)
    #expect(try store.createBlobs([200, 200, 200], by: client).count == 3)
    fixture.expectSound()
  }

  @Test("given a grant that is taken back, then what is there stays and nothing is added")
  func recalled() throws {
    store.setGrant(of: volume, to: 500)
    let blob = try store.createBlob(400, by: client).id
    store.setGrant(of: volume, to: 0)
    #expect(volume.usage.used == 400)
    #expect(code(try store.createBlob(1, by: client)) == .notEnoughMemory)
    fixture.expectSound()
    try store.dropBlob(blob, by: client)
    #expect(volume.usage.used == 0)
  }

  @Test("given a blob that is larger than the store, then nobody is asked, and the error names the store")
  func tooLarge() throws {
    let error = #expect(throws: StoreError.self) { try store.createBlob(15_000, by: client) }
    #expect(error?.code == .notEnoughMemory && error?.message.contains("10000 bytes") == true)
    #expect(store.takeShortage() == nil)
    store.setGrant(of: volume, to: 20_000)
    _ = try store.createBlob(9000, by: client)
    let full = #expect(throws: StoreError.self) { try store.createBlob(2000, by: client) }
    #expect(full?.message.contains("may have room on other stores") == true)
    #expect(store.takeShortage() == nil)
  }

  @Test("a refusal names the volume, its quota, and what is used on each store")
  func refusal() {
    store.setInstance(7, Simulation.record)
    let error = store.quotaExceeded(
      100, by: volume, quota: 1000,
      grants: [(instance: 3, bytes: 600), (instance: 7, bytes: 350), (instance: 8, bytes: 0)])
    #expect(error.code == .notEnoughMemory)
    for part in ["'v'", "1000 bytes on all stores", "950 are in use", "600 by instance 3", "350 by instance 7 on node"]
    {
      #expect(error.message.contains(part), "\(part): \(error.message)")
    }
    store.noteRefusal(of: client)
    #expect(store.condition(of: volume) != nil)
  }
}
