import StoreCore
import StoreProtocol
import Testing

/// What is said of data that went with an earlier run.
@Suite("lost data")
struct RestartTests {
  private let started: UInt64 = 1_795_434_500_000

  private func store() -> Store {
    var configuration = Store.Configuration(limit: mebibyte, arenaLength: mebibyte)
    configuration.started = started
    configuration.timeText = { "time \($0)" }
    let store = Store(configuration)
    store.now = started + 1000
    return store
  }

  private func message<Value>(_ body: () throws -> Value) -> String {
    do { _ = try body() } catch { return (error as? StoreError)?.message ?? "" }
    return ""
  }

  @Test("a missing name in a volume that lost its contents")
  func volume() throws {
    let store = store()
    let volume = store.reopenVolume(
      Volume.Settings(id: "a"), created: 1, isFrozen: false, lostContentsAt: 42, isLossUnrepaired: true)
    let client = store.connect(to: volume, label: "a client", isReadOnly: false)
    #expect(
      message { try store.getName("/p", wait: false, by: client) }
        == "failed to find name: /p; the store restarted at time 42, and what it held before is lost")
    #expect(store.condition(of: volume)?.contains("restarted at time 42") == true)
  }

  @Test("a missing name outside of volumes, when names were lost")
  func root() {
    let store = store()
    let client = store.connect(to: store.root)
    #expect(message { try store.getName("/p", wait: false, by: client) } == "failed to find name: /p")
    store.noteLostNames(at: 7)
    #expect(message { try store.getName("/p", wait: false, by: client) }.contains("restarted at time 7"))
  }

  @Test("an id that is older than the store, and none that is from no clock")
  func ids() {
    let store = store()
    let old = ObjectID((started - 5) << 22)
    #expect(message { try store.persist(old, in: store.root) }.contains("the store restarted at time \(started)"))
    for id in [ObjectID(12345), ObjectID((started + 5) << 22)] {
      #expect(message { try store.persist(id, in: store.root) } == "get subtree failed: \(id)")
    }
  }
}
