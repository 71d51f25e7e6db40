import JSON

/// A request about volumes, as a client sends it. A server reads its fields with the functions of `VolumeCoding`.
public enum VolumeRequest: Sendable, Equatable {
  case open(VolumeSettings)
  case inspect(String, VolumeKind)
  case list
  case resize(String, VolumeChange)
  case freeze(String, isFrozen: Bool)
  case delete(String)
  case createSnapshot(String, of: String, attributes: [String: String])
  case deleteSnapshot(String)

  public var type: RequestType {
    switch self {
    case .open: .openVolume
    case .inspect: .inspectVolume
    case .list: .listVolumes
    case .resize: .resizeVolume
    case .freeze: .freezeVolume
    case .delete: .deleteVolume
    case .createSnapshot: .createSnapshot
    case .deleteSnapshot: .deleteSnapshot
    }
  }

  /// The message, as JSON.
  ///
  /// - Parameter adminToken: the secret that a store wants to see on its RPC port; nil on its socket.
  public func json(adminToken: String? = nil) -> [UInt8] {
    let writer = ByteWriter(capacity: 512)
    writer.append("{")
    appendFields(to: writer)
    writer.append("\"type\":")
    writer.append(jsonString: type.rawValue)
    if let adminToken {
      writer.append(",\"admin_token\":")
      writer.append(jsonString: adminToken)
    }
    writer.append("}")
    return Array(writer.bytes)
  }

  /// Writes the fields, each with a comma behind it.
  private func appendFields(to writer: ByteWriter) {
    func appendID(_ id: String) {
      writer.append("\"id\":")
      writer.append(jsonString: id)
      writer.append(",")
    }
    switch self {
    case .list: break
    case .open(let settings):
      writer.append(settings)
      writer.append(",")
    case .inspect(let id, let kind):
      appendID(id)
      writer.append("\"kind\":")
      writer.append(jsonString: kind.rawValue)
      writer.append(",")
    case .resize(let id, let change):
      appendID(id)
      if let onDelete = change.onDelete {
        writer.append("\"on_delete\":")
        writer.append(jsonString: onDelete.rawValue)
        writer.append(",")
      }
      if let quota = change.quota {
        writer.append("\"quota\":")
        writer.append(decimal: quota)
        writer.append(",")
      }
    case .freeze(let id, let isFrozen):
      appendID(id)
      writer.append(isFrozen ? "\"frozen\":true," : "\"frozen\":false,")
    case .delete(let id), .deleteSnapshot(let id): appendID(id)
    case .createSnapshot(let id, let source, let attributes):
      appendID(id)
      writer.append("\"source\":")
      writer.append(jsonString: source)
      writer.append(",\"attributes\":")
      writer.append(attributes)
      writer.append(",")
    }
  }
}
