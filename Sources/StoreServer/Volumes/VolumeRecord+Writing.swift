import JSON
import StoreCore

extension ByteWriter {
  /// What replies tell of a volume or a snapshot, as a JSON object with its keys in ascending order.
  ///
  /// - Parameter trouble: what is wrong with it, for people.
  func append(_ volume: Volume, trouble: String?) {
    append("{\"attributes\":")
    append(volume.settings.attributes)
    append(trouble == nil ? ",\"condition\":{\"abnormal\":false" : ",\"condition\":{\"abnormal\":true")
    append(",\"message\":")
    append(jsonString: trouble ?? "")
    append("},\"connections\":")
    append(decimal: volume.connections)
    append(",\"created\":")
    append(decimal: volume.created)
    append(",\"deleted_memory\":")
    append(volume.settings.deletedMemory)
    append(volume.settings.isEphemeral ? ",\"ephemeral\":true" : ",\"ephemeral\":false")
    append(volume.isFrozen ? ",\"frozen\":true" : ",\"frozen\":false")
    append(",\"id\":")
    append(jsonString: volume.id)
    append(",\"kind\":")
    append(jsonString: volume.kind.rawValue)
    append(",\"lost_contents_at\":")
    if let time = volume.lostContentsAt { append(decimal: time) } else { append("null") }
    append(",\"names\":")
    append(decimal: volume.nameCount)
    append(",\"objects\":")
    append(decimal: volume.objectCount)
    append(",\"on_delete\":")
    append(jsonString: volume.settings.onDelete.rawValue)
    append(",\"overwrite\":")
    append(volume.settings.overwrite)
    append(",\"quota\":")
    append(decimal: volume.settings.quota)
    append(",\"scope\":")
    append(jsonString: volume.settings.scope.rawValue)
    append(",\"source\":")
    if let source = volume.settings.source { append(jsonString: source.id) } else { append("null") }
    append(",\"used\":")
    append(decimal: volume.account.used)
    append("}")
  }

  /// The word of an enumeration, or null.
  private func append(_ choice: (some RawRepresentable<String>)?) {
    if let choice { append(jsonString: choice.rawValue) } else { append("null") }
  }
}
