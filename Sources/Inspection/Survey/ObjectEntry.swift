import Documents
import StoreProtocol

/// An object with what is around it: its names, its volume, its store.
public struct ObjectEntry: Sendable, Equatable {
  public let object: StoredObject
  /// In the order of the alphabet.
  public var names: [String] = []
  /// Bytes of its blobs; nil when they are in another store.
  public var bytes: UInt64?
  /// The volume that it is in; nil for what is in none.
  public var volume: String?
  /// Stores that have it or a copy that was made of it.
  public var copies = 1

  public init(_ object: StoredObject) { self.object = object }

  public var summary: ObjectSummary { ObjectSummary(object) }
}

/// Order of a list of objects.
public enum ObjectOrder: String, Sendable, CaseIterable {
  case id, typename
  /// Objects of several stores first.
  case type
  case instance = "instance_id"
  /// The largest first.
  case bytes
  /// The newest first.
  case age
  case name

  /// Entries in this order; those that are equal in it by their ids.
  public func sorted(_ entries: [ObjectEntry]) -> [ObjectEntry] {
    entries.sorted { left, right in
      switch self {
      case .id: break
      case .typename where left.object.typename != right.object.typename:
        return left.object.typename < right.object.typename
      case .type where left.object.isGlobal != right.object.isGlobal: return left.object.isGlobal
      case .instance where left.object.instance != right.object.instance:
        return left.object.instance ?? .max < right.object.instance ?? .max
      case .bytes where left.bytes != right.bytes: return left.bytes ?? 0 > right.bytes ?? 0
      case .age where left.object.created != right.object.created:
        return left.object.created ?? 0 > right.object.created ?? 0
      case .name where left.names.first != right.names.first:
        return left.names.first ?? "\u{10FFFF}" < right.names.first ?? "\u{10FFFF}"
      default: break
      }
      return left.object.id < right.object.id
    }
  }

  /// Whether it needs the bytes of every object.
  var needsBytes: Bool { self == .bytes }
}
