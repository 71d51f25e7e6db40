import StoreProtocol

/// A blob on another store, whose number of the blob may be that of another blob here.
public struct RemoteBlob: Hashable, Comparable, Sendable {
  /// The store that has it.
  public let instance: UInt64
  public let id: ObjectID

  public init(instance: UInt64, id: ObjectID) {
    self.instance = instance
    self.id = id
  }

  public static func < (left: RemoteBlob, right: RemoteBlob) -> Bool {
    (left.instance, left.id) < (right.instance, right.id)
  }
}

/// Room for the bytes of a blob of another store, while they are on their way.
public struct IncomingCopy {
  public let original: RemoteBlob
  /// The session whose clients will read it.
  let session: UInt64
  let number: UInt64
  let extent: ExtentID
  /// Bytes of the blob in the arena.
  public let range: ByteRange
}

/// Copies of blobs of other stores: the bytes they take, and the order in which they go.
///
/// A copy is a blob without an usage that no listing shows. It goes when its room is needed and nobody maps it, with
/// its original, and with the store that has that.
public struct CopyCache {
  /// Bytes that all copies may take together.
  public let limit: UInt64
  /// Bytes of all copies, those on their way included.
  public internal(set) var bytes: UInt64 = 0
  /// The copies, by the time of their last use.
  var order = SortedTable<UInt64, Place>()
  private var lastUse: UInt64 = 0
  /// Copies on their way, by their numbers.
  var incoming = SortedTable<UInt64, IncomingCopy>()
  private var lastNumber: UInt64 = 0

  init(limit: UInt64) { self.limit = limit }

  /// Reads that found all they wanted here.
  public internal(set) var hits: UInt64 = 0

  /// Number of copies that are here.
  public var count: Int { order.count }

  mutating func newNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  /// Notes that a copy is used.
  ///
  /// - Parameter former: the time of its last use.
  /// - Returns: the new one.
  mutating func use(_ place: Place, after former: UInt64? = nil) -> UInt64 {
    if let former { order.removeValue(forKey: former) }
    lastUse += 1
    order[lastUse] = place
    return lastUse
  }

  /// The copy that was used longest ago.
  var oldest: (lastUse: UInt64, place: Place)? {
    order.first(from: 0).map { (lastUse: $0.key, place: $0.value) }
  }
}

/// State of a blob that is a copy.
struct CopyState {
  let original: RemoteBlob
  /// Key in the order of the cache.
  var lastUse: UInt64
}
