import EtcdClient
import Testing

/// All tests with a genuine etcd, one after the other.
@Suite("etcd", .serialized, .timeLimit(.minutes(10)))
enum EtcdServerTests {}

/// Keys and values as text.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A watch under test, read update by update.
struct Watching {
  private var iterator: EtcdWatch.Iterator
  /// Events that were told so far, as `key=value` and `-key`.
  private(set) var told: [String] = []
  /// Interruptions that were told.
  private(set) var interruptions: [EtcdError] = []

  init(_ watch: EtcdWatch) { iterator = watch.makeAsyncIterator() }

  /// Reads until something is told.
  mutating func read(until isEnough: (WatchUpdate) -> Bool) async throws {
    while let update = try await iterator.next() {
      switch update {
      case .events(let events, _): told += events.map(Self.text)
      case .interrupted(let error): interruptions.append(error)
      case .connected, .progress: break
      }
      if isEnough(update) { return }
    }
  }

  mutating func readUntilConnected() async throws {
    try await read { if case .connected = $0 { true } else { false } }
  }

  /// Reads until so many events were told in all.
  mutating func readEvents(_ count: Int) async throws {
    while told.count < count {
      let update = try #require(try await iterator.next())
      if case .events(let events, _) = update { told += events.map(Self.text) }
      if case .interrupted(let error) = update { interruptions.append(error) }
    }
  }

  private static func text(_ event: WatchEvent) -> String {
    switch event {
    case .put(let pair): "\(String(decoding: pair.key, as: UTF8.self))=\(String(decoding: pair.value, as: UTF8.self))"
    case .delete(let key, _): "-\(String(decoding: key, as: UTF8.self))"
    }
  }
}
