import EtcdProtocol
import FoundationEssentials

/// A key with its value and history.
public struct KeyValue: Sendable, Equatable {
  public var key: [UInt8]
  public var value: [UInt8]
  /// Revision at which the key came to be.
  public var createRevision: Int64
  /// Revision of its last change.
  public var modRevision: Int64
  /// Changes since it came to be, from 1.
  public var version: Int64
  /// The lease it lives with; 0 for none.
  public var lease: Int64

  public init(
    key: [UInt8], value: [UInt8], createRevision: Int64 = 0, modRevision: Int64 = 0, version: Int64 = 0,
    lease: Int64 = 0
  ) {
    self.key = key
    self.value = value
    self.createRevision = createRevision
    self.modRevision = modRevision
    self.version = version
    self.lease = lease
  }

  init(_ message: Etcdserverpb_KeyValue) {
    self.init(
      key: [UInt8](message.key), value: [UInt8](message.value), createRevision: message.createRevision,
      modRevision: message.modRevision, version: message.version, lease: message.lease)
  }
}

/// Keys from the first up to, but not including, the end.
public struct KeyRange: Sendable, Equatable {
  /// The first key.
  public var start: [UInt8]
  /// The key after the last; empty for one key alone, a zero byte for all from the first on.
  public var end: [UInt8]

  public init(start: [UInt8], end: [UInt8]) {
    self.start = start
    self.end = end
  }

  /// Exactly one key.
  public static func key(_ key: some Sequence<UInt8>) -> KeyRange { KeyRange(start: [UInt8](key), end: []) }

  /// All keys that begin like this; all there are for an empty prefix.
  public static func prefix(_ prefix: some Sequence<UInt8>) -> KeyRange {
    let start = [UInt8](prefix)
    guard let last = start.lastIndex(where: { $0 < 0xff }) else {
      return KeyRange(start: start.isEmpty ? [0] : start, end: [0])
    }
    var end = Array(start[...last])
    end[last] += 1
    return KeyRange(start: start, end: end)
  }

  /// What comes after a key of the range.
  func after(_ key: [UInt8]) -> KeyRange { KeyRange(start: key + [0], end: end) }
}

/// Keys that were read, at one revision.
public struct RangeResult: Sendable, Equatable {
  public var pairs: [KeyValue]
  /// Revision of the whole cluster at which they were read.
  public var revision: Int64
  /// Whether the limit left some out.
  public var hasMore: Bool
  /// Keys in the range, with those that were left out.
  public var count: Int

  init(_ message: Etcdserverpb_RangeResponse) {
    pairs = message.kvs.map(KeyValue.init)
    revision = message.header.revision
    hasMore = message.more
    count = Int(message.count)
  }
}
