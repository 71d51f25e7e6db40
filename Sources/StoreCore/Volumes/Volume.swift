import StoreProtocol

/// A tenant of the store: what its clients write is counted, limited and deleted together.
///
/// A snapshot is a volume nobody connects to.
public final class Volume {
  public enum Kind: String, Sendable {
    case volume, snapshot
  }

  /// Which names its clients see.
  public enum Scope: String, Sendable {
    /// Its own: it has a session for itself.
    case volume
    /// Those of the root session.
    case cluster
  }

  /// What becomes of its objects when it is deleted.
  public enum Deletion: String, Sendable {
    case delete
    /// They stay, in the root session.
    case retain
  }

  /// What a volume starts with a copy of.
  public struct Source: Sendable, Equatable {
    public var kind: Kind
    public var id: String

    public init(kind: Kind, id: String) {
      self.kind = kind
      self.id = id
    }
  }

  /// What a volume is asked to be.
  public struct Settings: Sendable, Equatable {
    public var id: String
    public var scope = Scope.volume
    public var onDelete = Deletion.delete
    /// Whether it goes with the pod that uses it; the store only keeps this for others.
    public var isEphemeral = false
    /// Most bytes its blobs may take, 0 for as much as the store has.
    public var quota: UInt64 = 0
    /// What its maker notes.
    public var attributes: [String: String] = [:]
    public var source: Source?
    /// Nil for what its scope has: ``OverwritePolicy/delete`` with a session of its own, else that of the store.
    public var overwrite: OverwritePolicy?
    /// Nil for what its scope has: ``DeletedMemoryPolicy/keep`` with a session of its own, else that of the store.
    public var deletedMemory: DeletedMemoryPolicy?

    public init(id: String) { self.id = id }

    /// The limit of an account, where no quota is the largest number.
    var limit: UInt64 { quota == 0 ? .max : quota }
  }

  public let kind: Kind
  public internal(set) var settings: Settings
  /// Where its objects are: a session of its own, or the root session.
  public let session: Session
  public let account: Account
  /// Unix milliseconds.
  public let created: UInt64
  /// Whether nobody may write to it.
  public internal(set) var isFrozen = false
  /// When the store was restarted that took what was written, in unix milliseconds; nil when nothing was lost.
  public internal(set) var lostContentsAt: UInt64?
  /// Whether a restart of the store has taken what was written, and nothing was written since.
  public internal(set) var hasLostContents = false
  /// Clients connected to it.
  public internal(set) var connections = 0
  /// Requests of them that wait for something; the server counts them.
  public var parkedRequests = 0
  /// What fills it, nil when it has all of it.
  var copy: ContentsCopy?

  /// - Parameter deletedMemory: the policy outside of volumes.
  init(_ settings: Settings, kind: Kind, session: Session, created: UInt64, deletedMemory: DeletedMemoryPolicy) {
    self.settings = settings
    self.kind = kind
    self.session = session
    self.created = created
    let policy = settings.deletedMemory ?? (settings.scope == .volume ? .keep : deletedMemory)
    account = Account(
      limit: settings.limit, isScattered: settings.scope == .cluster, reusesDeleted: policy == .reuse)
  }

  public var id: String { settings.id }

  /// Whether anything was ever written to it.
  public var isWritten: Bool { account.isWritten }

  /// Its objects, members of other objects included.
  public var objectCount: Int { account.isScattered ? account.objects.count : session.objectCount }

  /// The names of its objects.
  public var nameCount: Int { account.isScattered ? account.nameCount : session.nameCount }

  /// Bytes of heap that its objects, names and streams take, estimated.
  public var heapBytes: Int { account.isScattered ? account.heapBytes : session.heapBytes }

  /// Whether it does not have all yet of what it starts with: see ``WaitKey/contents(session:)``.
  public var isBeingFilled: Bool { copy != nil }

  /// The account that has to list its objects, nil when its session does.
  var listingAccount: Account? { account.isScattered ? account : nil }

  /// Whether it holds nothing at all.
  public var isEmpty: Bool { account.used == 0 && objectCount == 0 }
}

extension Volume {
  /// Bytes of the longest id.
  public static let longestID = 128

  /// Whether a text can be an id: 1 to 128 of `A-Z a-z 0-9 . _ -`, not `.` or `..`.
  public static func isValid(id: String) -> Bool {
    guard (1...longestID).contains(id.utf8.count), id != ".", id != ".." else { return false }
    return id.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }
}
