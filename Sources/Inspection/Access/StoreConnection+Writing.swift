import Documents
import JSON
import StoreClient
import StoreProtocol
import Support

/// Changes of what a store has.
extension StoreConnection {
  /// Stores bytes as a blob.
  ///
  /// - Returns: its id.
  /// - Throws: `ProgramError`, for instance when there is no room.
  public func putBlob(_ bytes: [UInt8]) throws(ProgramError) -> ObjectID {
    if bytes.isEmpty { return .emptyBlob }
    let reply = try call(.createRemoteBuffer) {
      $0.field("size", bytes.count)
      $0.field("compress", false)
      $0.field("use_rdma", false)
    }
    guard let id = reply["id"]?.unsigned else { throw ProgramError(.failed, "the store gave the blob no id") }
    try client.sendRaw(bytes)
    _ = try Self.read(try client.receive(limit: Self.longestReply))
    return ObjectID(id)
  }

  /// Stores metadata.
  ///
  /// - Returns: the id of the object.
  /// - Throws: `ProgramError`.
  public func putObject(_ fields: Fields) throws(ProgramError) -> ObjectID {
    var content = fields
    content["instance_id"] = .decimal(String(instance))
    content["transient"] = true
    content["global"] = false
    let text = Value.object(content).json
    let reply = try call(.createData) {
      $0.key("content")
      $0.append(utf8: text)
    }
    guard let id = reply["id"]?.unsigned else { throw ProgramError(.failed, "the store gave the object no id") }
    return ObjectID(id)
  }

  /// A blob as a member of metadata.
  public func member(_ blob: ObjectID, size: Int) -> Value {
    [
      "id": .string("\(blob)"), "instance_id": .decimal(String(instance)), "length": Value(size), "nbytes": Value(size),
      "transient": true, "typename": "vineyard::Blob",
    ]
  }

  /// Makes an object one that others see, and that can have a name.
  ///
  /// - Throws: `ProgramError`.
  public func persist(_ id: ObjectID) throws(ProgramError) {
    _ = try call(.persist) { $0.field("id", id.rawValue) }
  }

  /// Gives an object a name, which another one may have had.
  ///
  /// - Throws: `ProgramError`.
  public func putName(_ name: String, _ id: ObjectID) throws(ProgramError) {
    _ = try call(.putName) {
      $0.field("name", name)
      $0.field("object_id", id.rawValue)
    }
  }

  /// Takes a name away.
  ///
  /// - Throws: `ProgramError`.
  public func dropName(_ name: String) throws(ProgramError) { _ = try call(.dropName) { $0.field("name", name) } }

  /// Deletes objects and what they alone use; those that others use stay unless that is forced.
  ///
  /// - Throws: `ProgramError`.
  public func delete(_ ids: [ObjectID], force: Bool, deep: Bool) throws(ProgramError) {
    _ = try call(.deleteData) { writer in
      writer.field("deep", deep)
      writer.field("fastpath", false)
      writer.field("force", force)
      writer.array("id", ids) { writer.append(decimal: $0.rawValue) }
      writer.field("memory_trim", false)
    }
  }
}
