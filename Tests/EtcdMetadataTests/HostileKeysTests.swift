import EtcdClient
import MetadataBackend
import SeededRandom
import StoreCore
import StoreProtocol
import Testing

@testable import EtcdMetadata

/// Keys and values of somebody who writes anything into etcd.
@Suite("hostile keys in etcd")
struct HostileKeysTests {
  private static let layout = KeyLayout(prefix: "p")
  private static let long = [
    [UInt8](repeating: UInt8(ascii: "["), count: 50_000), [UInt8](repeating: UInt8(ascii: "\""), count: 200_000),
  ]

  @Test("whatever others write, a store goes on and stays consistent", arguments: 1...8 as ClosedRange<UInt64>)
  func anything(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let store = Store(Store.Configuration(limit: 1 << 20, arenaLength: 1 << 20))
    store.assignInstance(3)
    store.keepsChanges = true
    let queues = BackendQueues {}
    let backend = EtcdBackend(store, Self.layout, queues)
    backend.beginToFollow(store.root, EtcdContents(pairs: [], revision: 1))
    var peers = PeerTable(own: 3, Self.layout, MembershipTiming())
    var census = ObjectCensus(of: 1)
    var revision: Int64 = 1
    for _ in 0..<400 {
      revision += 1
      let pairs = (0..<random.number(below: 4)).map { _ in pair(&random, revision) }
      for pair in pairs {
        peers.take(.put(pair))
        if let (_, key) = Self.layout.parse(pair.key) { census.take(key, pair) }
      }
      let keys = random.oneIn(4) ? WatchedKeys.cluster : .root
      switch random.number(below: 10) {
      case 0:
        let contents = EtcdContents(pairs: pairs, revision: revision)
        queues.report(.contents(contents, of: keys, isContinued: random.oneIn(2)))
      case 1:
        let events = pairs.map { WatchEvent.delete(key: $0.key, revision: revision) }
        queues.report(.events(events, of: keys, revision: revision))
      case 2:
        queues.report(KeyAnswer(number: random.next(), changed: random.oneIn(2) ? nil : [nil, 1], revision: revision))
      case 3: queues.report([.outdated(random.next(), pairs, revision: revision), .left(random.next(), [revision])])
      default: queues.report(.events(pairs.map { .put($0) }, of: keys, revision: revision))
      }
      backend.takeChanges()
      let failures = store.settle(backend.takeVerdicts())
      backend.withdraw(failures.filter(\.isUndone).map(\.number))
      _ = backend.takeAnswers()
      backend.endTurn()
    }
    _ = (peers.takeStates(), census.objects)
    #expect(store.inconsistencies() == [])
    // What is right is still understood.
    let id = ObjectID(0x1234)
    let text = #"{"typename":"vt::O","instance_id":1,"signature":7,"transient":false,"global":false}"#
    let good = KeyValue(key: Self.layout.text(.object(id)), value: Array(text.utf8), modRevision: revision + 1)
    queues.report(.events([.put(good)], of: .root, revision: revision + 1))
    backend.takeChanges()
    #expect(store.isShared(id, in: store.root))
  }

  private func pair(_ random: inout SplitMix64, _ revision: Int64) -> KeyValue {
    KeyValue(key: key(&random), value: value(&random), createRevision: 1, modRevision: revision, version: 1)
  }

  private func key(_ random: inout SplitMix64) -> [UInt8] {
    let id = ObjectID(random.oneIn(8) ? random.next() : UInt64(random.number(below: 6)))
    let instance = random.choose([0, 1, 3, UInt64.max])
    let layout = Self.layout
    let keys: [[UInt8]] = [
      layout.text(.object(id)), layout.text(.field(id, random.choose(["typename", "__labels", "__name", "", "a/b"]))),
      layout.text(.name(random.choose(["a", "", "b/c", "~", "ä"]))), layout.text(.signature(instance: instance, 1)),
      layout.text(.instance(instance, random.choose(["hostid", "timestamp", "rpc_endpoint", ""]))),
      layout.text(.nextInstance), layout.member(instance), layout.alive(instance), layout.marker(instance),
    ]
    var key = random.choose(keys)
    // Mostly as it should be, sometimes cut, changed or continued.
    switch random.number(below: 6) {
    case 0: key = Array(key.prefix(random.number(below: key.count + 1)))
    case 1: key[random.number(below: key.count)] = UInt8(truncatingIfNeeded: random.next())
    case 2: key += Array("/~2/\u{0}".utf8)
    default: break
    }
    return key
  }

  private func value(_ random: inout SplitMix64) -> [UInt8] {
    let object = #"{"typename":"vt","instance_id":1,"signature":9,"transient":false,"global":true,"m":"#
    let texts = [
      "", "null", "{}", "[", "\"", "\"v\"", "-1", "1e999", "18446744073709551616", "{\"id\":1}",
      "\"o0000000000000001\"",
      "\"o12\"", object + "\"lo0000000000000001vt\"}", object + "\"ls0000000000000009vt\"}", object + "\"lo\"}",
      object + "\"lozzzzzzzzzzzzzzzzvt\"}", object + "1", #"{"process":1,"place":[]}"#, #"{"process":"p","place":"q"}"#,
      #""v{\"k\":\"1\"}""#, #""v{\"k\":[{}]}""#, #"{"typename":"vineyard::Blob"}"#,
      #"{"typename":7,"instance_id":"x"}"#,
    ]
    if random.oneIn(12) { return random.choose(Self.long) }
    let text = Array(random.choose(texts).utf8)
    return random.oneIn(10)
      ? (0..<random.number(below: 40)).map { _ in UInt8(truncatingIfNeeded: random.next()) } : text
  }
}
