import Documents

extension VolumeRecord {
  /// Reads the record of a reply; what an older store doesn't tell keeps its default.
  ///
  /// - Returns: nil when it has no id or a kind, scope or policy that is not known.
  init?(_ value: Value) {
    guard let id = value["id"]?.string else { return nil }
    guard let kind = VolumeKind(rawValue: value["kind"]?.string ?? VolumeKind.volume.rawValue) else { return nil }
    self.init(id: id, kind: kind)
    guard let scope = VolumeScope(rawValue: value["scope"]?.string ?? self.scope.rawValue),
      let onDelete = VolumeDeletion(rawValue: value["on_delete"]?.string ?? self.onDelete.rawValue)
    else { return nil }
    self.scope = scope
    self.onDelete = onDelete
    isEphemeral = value["ephemeral"]?.bool ?? false
    quota = value["quota"]?.unsigned.flatMap { $0 == 0 ? nil : $0 }
    used = value["used"]?.unsigned ?? 0
    objects = value["objects"]?.int ?? 0
    names = value["names"]?.int ?? 0
    connections = value["connections"]?.int ?? 0
    isFrozen = value["frozen"]?.bool ?? false
    condition = VolumeCondition(
      isAbnormal: value["condition", "abnormal"]?.bool ?? false,
      message: value["condition", "message"]?.string ?? "")
    created = value["created"]?.unsigned ?? 0
    source = value["source"]?.string
    lostContentsAt = value["lost_contents_at"]?.unsigned
    overwrite = value["overwrite"]?.string.flatMap { VolumeOverwrite(rawValue: $0) }
    deletedMemory = value["deleted_memory"]?.string.flatMap { VolumeDeletedMemory(rawValue: $0) }
    attributes = value["attributes"]?.stringFields ?? [:]
  }
}

extension StoreRoom {
  init?(_ value: Value) {
    guard let limit = value["limit"]?.unsigned, let used = value["used"]?.unsigned else { return nil }
    self.init(limit: limit, used: used, promised: value["promised"]?.unsigned ?? 0)
  }
}

extension VolumeRequest {
  /// The fields of the request, besides its type.
  var fields: Fields {
    var fields: Fields = [
      "id": .string(id), "scope": .string(scope.rawValue), "on_delete": .string(onDelete.rawValue),
      "ephemeral": .boolean(isEphemeral), "quota": Value(unsigned: quota ?? 0), "attributes": Value(attributes),
    ]
    if let overwrite { fields["overwrite"] = .string(overwrite.rawValue) }
    if let deletedMemory { fields["deleted_memory"] = .string(deletedMemory.rawValue) }
    if let source { fields["source"] = ["kind": .string(source.kind.rawValue), "id": .string(source.id)] }
    return fields
  }
}

extension Value {
  /// The value of a number from 0 to 2^64 - 1.
  var unsigned: UInt64? {
    switch self {
    case .integer(let number): UInt64(exactly: number)
    case .decimal(let text): UInt64(text)
    default: nil
    }
  }

  init(unsigned number: UInt64) {
    self = Int64(exactly: number).map { .integer($0) } ?? .decimal(String(number))
  }
}
