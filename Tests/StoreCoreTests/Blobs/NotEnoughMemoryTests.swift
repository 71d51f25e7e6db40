import StoreCore
import StoreProtocol
import Testing

@Suite("not enough memory")
struct NotEnoughMemoryTests {
  let fixture = StoreFixture(limit: 16 * mebibyte)
  var store: Store { fixture.store }

  private func refusal(_ size: UInt64, by client: Client) -> String? {
    do throws(StoreError) {
      _ = try store.createBlob(size, by: client)
      return nil
    } catch {
      #expect(error.code == .notEnoughMemory)
      return error.message
    }
  }

  @Test("an empty store answers with the words of the original", arguments: [24 << 20, 1 << 62, .max] as [UInt64])
  func wording(size: UInt64) {
    #expect(
      refusal(size, by: fixture.connect())
        == "Failed to allocate memory of size \(size), total available memory size are 16777216, "
        + "and 0 are already in use")
  }

  @Test("the largest blobs are named by name, type or id")
  func largest() throws {
    let client = fixture.connect()
    let ids = try [1000, 4000, 3000, 2000].map { try fixture.sealedBlob($0, by: client) }
    let object = try fixture.object(members: [ids[1]])
    let parent = try fixture.object(members: [object])
    try store.persist(parent, in: fixture.root)
    try store.putName("big", to: parent, in: fixture.root)
    let other = try fixture.object("t::Other", members: [ids[2]])
    let message = try #require(refusal(16 * mebibyte, by: client))
    #expect(
      message.hasSuffix(
        "and 10000 are already in use; largest: 4000 bytes in 'big', 3000 bytes in \(other) (t::Other), "
          + "2000 bytes in \(ids[3])"))
  }

  @Test("blobs of one size are named in the order of their ids, whatever the order in memory")
  func ties() throws {
    let client = fixture.connect()
    let ids = try (0..<40).map { _ in try fixture.sealedBlob(64, by: client) }
    let message = try #require(refusal(16 * mebibyte, by: client))
    let expected = ids.prefix(3).map { "64 bytes in \($0)" }.joined(separator: ", ")
    #expect(message.hasSuffix("; largest: " + expected))
  }

  @Test("of several owners the one with the smallest id is named")
  func owners() throws {
    let client = fixture.connect()
    let blob = try fixture.sealedBlob(64, by: client)
    let owners = try (0..<20).map { _ in try fixture.object("t::A", members: [blob]) }
    #expect(try #require(refusal(16 * mebibyte, by: client)).hasSuffix("64 bytes in \(owners[0]) (t::A)"))
  }

  @Test("bytes of deleted blobs that are still mapped are told apart")
  func retained() throws {
    let writer = fixture.connect()
    let reader = store.connect(to: fixture.root, label: "pid 42")
    let id = try fixture.sealedBlob(5000, by: writer)
    try fixture.read([id], by: reader)
    try store.dropBlob(id, by: writer)
    #expect(
      try #require(refusal(16 * mebibyte, by: writer)).hasSuffix(
        "and 0 are already in use; 5000 more are deleted but still mapped by connected clients "
          + "(pid 42: 5000 bytes): they come back when these disconnect or call memory_trim"))
  }

  @Test("fragmentation is said to be the reason when it is")
  func fragmented() throws {
    let fixture = StoreFixture(limit: 256)
    let client = fixture.connect()
    let ids = try (0..<4).map { _ in try fixture.sealedBlob(64, by: client) }
    try fixture.store.dropBlob(ids[0], by: client)
    try fixture.store.dropBlob(ids[2], by: client)
    do throws(StoreError) {
      _ = try fixture.store.createBlob(128, by: client)
      Issue.record("there is no room for 128 bytes")
    } catch { #expect(error.message.contains("; the free memory is fragmented; largest: ")) }
  }

  @Test("two blobs of half the limit fill it exactly")
  func exactFill() throws {
    let client = fixture.connect()
    _ = try store.createBlob(8 * mebibyte, by: client)
    _ = try store.createBlob(8 * mebibyte, by: client)
    #expect(store.memory.largestFree == 0)
    fixture.expectSound()
  }
}
