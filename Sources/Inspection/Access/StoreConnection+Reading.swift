import Documents
import JSON
import StoreClient
import StoreProtocol
import Support

/// Questions about objects, names and bytes.
extension StoreConnection {
  /// Objects whose type name matches, by id.
  ///
  /// - Parameters:
  ///   - pattern: for the whole name; with wildcards it also finds blobs.
  ///   - limit: of the objects.
  /// - Throws: `ProgramError`.
  public func list(_ pattern: String, isRegex: Bool, limit: Int) throws(ProgramError) -> [StoredObject] {
    let reply = try call(.listData) {
      $0.field("limit", limit)
      $0.field("pattern", pattern)
      $0.field("regex", isRegex)
    }
    return StoredObject.all(in: reply)
  }

  /// The objects or blobs of some ids; those that do not exist are left out.
  ///
  /// - Parameter syncs: whether to wait for what other stores have written.
  /// - Throws: `ProgramError`.
  public func objects(_ ids: [ObjectID], syncs: Bool = false) throws(ProgramError) -> [StoredObject] {
    var found: [StoredObject] = []
    // An id that is asked for twice is answered twice.
    var rest = Set(ids).sorted()[...]
    while !rest.isEmpty {
      let part = rest.prefix(Self.idsPerRequest)
      rest = rest.dropFirst(Self.idsPerRequest)
      let reply = try call(.getData) { writer in
        writer.array("id", part) { writer.append(decimal: $0.rawValue) }
        writer.field("sync_remote", syncs)
        writer.field("wait", false)
      }
      found += StoredObject.all(in: reply)
    }
    return found
  }

  private static let idsPerRequest = 4096

  /// Names and the objects they lead to.
  ///
  /// - Throws: `ProgramError`.
  public func names(_ pattern: String, isRegex: Bool = false, limit: Int) throws(ProgramError) -> [StoredName] {
    let reply = try call(.listName) {
      $0.field("limit", limit)
      $0.field("pattern", pattern)
      $0.field("regex", isRegex)
    }
    return (reply["names"]?.fields ?? [:]).compactMap { name, id in
      id.unsigned.map { StoredName(name: name, id: ObjectID($0)) }
    }
  }

  /// The object that a name leads to; nil when there is no such name.
  ///
  /// - Throws: `ProgramError`.
  public func object(named name: String) throws(ProgramError) -> ObjectID? {
    do throws(ProgramError) {
      let reply = try call(.getName) {
        $0.field("name", name)
        $0.field("wait", false)
      }
      return reply["object_id"]?.unsigned.map { ObjectID($0) }
    } catch {
      if error.code == .notFound { return nil }
      throw error
    }
  }

  /// Whether an object exists.
  ///
  /// - Throws: `ProgramError`.
  public func exists(_ id: ObjectID) throws(ProgramError) -> Bool {
    try call(.exists) { $0.field("id", id.rawValue) }["exists"]?.bool ?? false
  }

  /// The stores that share objects with this one, itself among them, by `i` and number.
  ///
  /// - Throws: `ProgramError`.
  public func instances() throws(ProgramError) -> Fields { try call(.clusterMeta)["meta"]?.fields ?? [:] }

  /// Memory and clients, as the store says it.
  ///
  /// - Throws: `ProgramError`.
  public func status() throws(ProgramError) -> Fields { try call(.instanceStatus)["meta"]?.fields ?? [:] }

  /// Bytes of a blob.
  ///
  /// - Parameters:
  ///   - size: of the blob.
  ///   - range: clamped to the blob.
  ///   - isUnsafe: whether a blob that is not sealed will do.
  /// - Throws: `ProgramError`, also for a store that sends whole blobs only, when this one is large.
  public func bytes(
    of blob: ObjectID, size: UInt64, _ range: Range<UInt64>, isUnsafe: Bool = false
  ) throws(ProgramError) -> [UInt8] {
    let range = range.clamped(to: 0..<size)
    if range.isEmpty || blob == .emptyBlob { return [] }
    if !readsRanges, size > Self.largestWhole {
      throw ProgramError(
        .failed, "this store sends whole blobs only", cause: "the blob has \(ByteSize(bytes: size))",
        hint: "stores of this program send parts; over TCP they want --admin-token-file")
    }
    let reply = try call(.getRemoteBuffers) {
      $0.field("0", blob.rawValue)
      $0.field("num", 1)
      $0.field("compress", false)
      $0.field("unsafe", isUnsafe)
      if readsRanges {
        $0.field("range_offset", range.lowerBound)
        $0.field("range_length", range.upperBound - range.lowerBound)
      }
    }
    guard let payload = reply["payloads"]?.array?.first, let actual = payload["data_size"]?.unsigned else {
      throw ProgramError(.notFound, "the blob \(blob) is not in this store")
    }
    let wanted = range.clamped(to: 0..<actual)
    if readsRanges { return try client.receive(wanted.count) }
    guard actual <= Self.largestWhole else {
      throw ProgramError(.failed, "the blob \(blob) has grown while it was read")
    }
    let whole = try client.receive(Int(actual))
    return Array(whole[Int(wanted.lowerBound)..<Int(wanted.upperBound)])
  }

  /// Bytes of the largest blob that is read as a whole for a part of it.
  private static let largestWhole: UInt64 = 16 << 20
}

/// A name and the object it leads to.
public struct StoredName: Sendable, Equatable {
  public let name: String
  public let id: ObjectID

  public init(name: String, id: ObjectID) {
    self.name = name
    self.id = id
  }
}
