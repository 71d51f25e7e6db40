import JSON
import Support

/// The process behind an instance, as stores of ours tell each other.
///
/// It stays when the process dies, so that others know that a lease is missing; while what a dead one had is being
/// removed it is a tombstone, with which any other store may go on.
public struct MemberRecord: Sendable, Equatable {
  /// A number that no other process has; empty in a tombstone.
  public var process: String
  /// The place where its clients find it. No two processes can be there at the same time.
  public var place: String

  /// Makes the record of a process.
  public init(process: String, place: String) {
    self.process = process
    self.place = place
  }

  /// The record of this process, which serves at a place.
  public init(ofThisProcessAt place: String) {
    var generator = SystemRandomNumberGenerator()
    self.init(process: HexText.string(prefix: UInt8(ascii: "p"), generator.next()), place: place)
  }

  static let tombstone = MemberRecord(process: "", place: "")

  var isTombstone: Bool { process.isEmpty }

  init?(_ text: [UInt8]) {
    var found = Self.tombstone
    let isRead: Bool = text.withUnsafeBytes { bytes in
      var scanner = JSONScanner(bytes)
      return
        (try? scanner.scanObject { key, value in
          guard value.kind == .string else { return }
          switch bytes.string(key) {
          case "process": found.process = bytes.string(value)
          case "place": found.place = bytes.string(value)
          default: break
          }
        }) != nil
    }
    guard isRead else { return nil }
    self = found
  }

  var text: [UInt8] {
    let writer = ByteWriter(capacity: 128)
    writer.append("{\"process\":")
    writer.append(jsonString: process)
    writer.append(",\"place\":")
    writer.append(jsonString: place)
    writer.append("}")
    return Array(writer.bytes)
  }
}

/// Keys of ours beside those of 0.24.2. They are below no session, where released daemons do not look.
extension KeyLayout {
  /// Everything that stores of ours tell each other of themselves.
  var cluster: [UInt8] { Array("\(prefix)/cluster/".utf8) }

  var members: [UInt8] { cluster + Array("members/".utf8) }

  func member(_ id: UInt64) -> [UInt8] { members + Array("i\(id)".utf8) }

  /// A key that lives with the lease of its store.
  func alive(_ id: UInt64) -> [UInt8] { cluster + Array("alive/i\(id)".utf8) }

  /// The key that a store writes with each of its changes; others need not follow it.
  func marker(_ id: UInt64) -> [UInt8] { Array("\(prefix)/writers/i\(id)".utf8) }

  /// The records of all instances.
  var instances: [UInt8] { Array("\(prefix)/\(HexText.string(prefix: UInt8(ascii: "S"), 0))/instances/".utf8) }

  func instance(_ id: UInt64) -> [UInt8] { instances + Array("i\(id)/".utf8) }

  /// All sessions.
  var sessions: [UInt8] { Array("\(prefix)/S".utf8) }

  /// Reads a key of ours; nil for any other.
  func parseCluster(_ key: [UInt8]) -> ClusterKey? {
    guard key.starts(with: cluster) else { return nil }
    let parts = String(decoding: key.dropFirst(cluster.count), as: UTF8.self)
      .split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].first == "i", let id = UInt64(parts[1].dropFirst()) else { return nil }
    return parts[0] == "members" ? .member(id) : parts[0] == "alive" ? .alive(id) : nil
  }
}

/// What a key of ours stands for.
enum ClusterKey: Equatable {
  case member(UInt64)
  case alive(UInt64)
}
