import JSON
import MetadataBackend
import StoreProtocol
import Synchronization

extension SharedCopy {
  /// Reads the value of a key; nil for what is none.
  init?(_ text: [UInt8]) {
    guard
      let read = JSONText.fields(
        text,
        { (message) throws(StoreError) in
          guard let stage = Stage(rawValue: try message.string("stage")) else {
            throw StoreError(.invalid, "stage is not known")
          }
          let target = try message.object("target") { fields throws(StoreError) in try SharedVolume(fields) }
          return Self(target, kind: try message.volumeKind(), source: try message.sessionNumber(), stage: stage)
        })
    else { return nil }
    self = read
  }

  var text: [UInt8] {
    let writer = ByteWriter(capacity: 1024)
    writer.beginObject()
    writer.field("kind", kind.rawValue)
    writer.field("session", hex: source, prefix: UInt8(ascii: "S"))
    writer.field("stage", stage.rawValue)
    writer.key("target")
    writer.append(target.json)
    writer.endObject()
    return Array(writer.bytes)
  }
}

/// What an instance says of its part in a copy.
struct PartRecord: Sendable, Equatable {
  enum State: String {
    /// It holds what it has of the source.
    case held
    /// The copy has its part.
    case filled
    /// It could not give the copy its part.
    case failed
  }

  var state: State
  /// Where the store is, see ``PlaceRecord``.
  var place: String
  /// Bytes of the blobs that the copy has on the store.
  var bytes: UInt64 = 0

  init(_ state: State, place: String, bytes: UInt64 = 0) {
    self.state = state
    self.place = place
    self.bytes = bytes
  }

  init?(_ text: [UInt8]) {
    guard
      let read = JSONText.fields(
        text,
        { (message) throws(StoreError) in
          guard let state = State(rawValue: try message.string("state")) else {
            throw StoreError(.invalid, "state is not known")
          }
          return Self(
            state, place: try message.string("place"), bytes: try message.integer("bytes", default: 0))
        })
    else { return nil }
    self = read
  }

  var text: [UInt8] {
    let writer = ByteWriter(capacity: 256)
    writer.beginObject()
    writer.field("bytes", bytes)
    writer.field("place", place)
    writer.field("state", state.rawValue)
    writer.endObject()
    return Array(writer.bytes)
  }
}

/// What stores have said of their parts in a copy: the loop hears it, and the task that makes the copy waits for it.
final class CopyParts: Sendable {
  private let records = Mutex<[UInt64: PartRecord]>([:])
  private let signals: AsyncStream<Void>
  private let signal: AsyncStream<Void>.Continuation

  init() { (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  /// Notes what an instance says; nil when its record is gone.
  func set(_ instance: UInt64, _ record: PartRecord?) {
    records.withLock { $0[instance] = record }
    signal.yield()
  }

  var current: [UInt64: PartRecord] { records.withLock { $0 } }

  /// Waits until a condition holds, or for some time.
  ///
  /// - Returns: the records then.
  func wait(for limit: Duration, until holds: ([UInt64: PartRecord]) -> Bool) async -> [UInt64: PartRecord] {
    let end = ContinuousClock.now + limit
    let clock = Task { [signal] in
      try? await Task.sleep(until: end)
      signal.yield()
    }
    defer { clock.cancel() }
    signal.yield()
    for await _ in signals where holds(current) || end <= .now { break }
    return current
  }
}
