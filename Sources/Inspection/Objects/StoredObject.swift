import Documents
import JSON
import StoreProtocol

/// An object or a blob, by its metadata as the store shows it. Whoever writes to the store writes the metadata, so nothing
/// in it is taken for granted.
public struct StoredObject: Sendable, Equatable {
  public let id: ObjectID
  /// The metadata, members included.
  public let tree: Value

  public init(id: ObjectID, tree: Value) {
    self.id = id
    self.tree = tree
  }

  /// A member of other metadata; nil when it has no id.
  init?(member tree: Value) {
    guard tree.fields != nil, let id = tree["id"]?.string.flatMap({ ObjectID(text: $0) }) else { return nil }
    self.init(id: id, tree: tree)
  }

  /// The objects of a reply, by id.
  static func all(in reply: Value) -> [StoredObject] {
    let found = (reply["content"]?.fields ?? [:]).compactMap { key, tree in
      ObjectID(text: key).map { StoredObject(id: $0, tree: tree) }
    }
    return found.sorted { $0.id < $1.id }
  }

  public var typename: String { tree["typename"]?.string ?? "" }
  public var isBlob: Bool { id.isBlob }
  public var isGlobal: Bool { tree["global"]?.bool ?? false }
  /// Whether only its store knows it.
  public var isTransient: Bool { tree["transient"]?.bool ?? true }
  /// The store that has it; nil for an object that is spread over several.
  public var instance: UInt64? { tree["instance_id"]?.unsigned.flatMap { $0 == InstanceID.unspecified ? nil : $0 } }
  /// Mark that copies of an object have in common; nil for blobs.
  public var signature: UInt64? { tree["signature"]?.unsigned }
  /// Unix milliseconds of its creation; nil where the store does not say.
  public var created: UInt64? { tree["__timestamp"]?.unsigned }
  /// Bytes of a blob; that of a member says 0.
  public var length: UInt64 { tree["length"]?.unsigned ?? 0 }

  /// A member by its key.
  public func member(_ key: String) -> StoredObject? { tree[key].flatMap { StoredObject(member: $0) } }

  /// Members in the order of the metadata.
  public var members: [(key: String, object: StoredObject)] {
    (tree.fields ?? [:]).compactMap { key, value in StoredObject(member: value).map { (key, $0) } }
  }

  /// The ids of all members, those of members included, each once.
  public var partIDs: Set<ObjectID> {
    var found: Set<ObjectID> = []
    addParts(to: &found)
    return found
  }

  private func addParts(to found: inout Set<ObjectID>) {
    for (_, member) in members where found.insert(member.id).inserted { member.addParts(to: &found) }
  }

  /// The blobs that it is made of, each once, itself when it is one.
  public var blobIDs: Set<ObjectID> { isBlob ? [id] : partIDs.filter { $0.isBlob && $0 != .emptyBlob } }

  /// A count in a field, which is a number or a text.
  func count(_ key: String) -> Int? {
    if let number = tree[key]?.int { return number >= 0 ? number : nil }
    return tree[key]?.string.flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  /// The JSON that a text field has, as the clients of Python store shapes and names.
  func json(_ key: String) -> Value? {
    guard let text = tree[key]?.string, text.utf8.count <= Self.longestJSON else { return nil }
    return try? Value(json: text)
  }

  private static let longestJSON = 1 << 20

  /// Members in a numbered list, such as `partitions_-0`; at most `limit`.
  func list(_ prefix: String, limit: Int) -> [StoredObject] {
    let size = min(count("\(prefix)-size") ?? 0, limit)
    return (0..<size).compactMap { member("\(prefix)-\($0)") }
  }
}

extension ObjectID {
  /// Reads the text form of ids, `o` and hexadecimal digits.
  public init?(text: String) {
    var text = text
    guard text.utf8.count <= 17, text.first == "o" || text.first == "s",
      let id = text.withUTF8({ ObjectID(text: UnsafeRawBufferPointer($0)) })
    else { return nil }
    self = id
  }
}
