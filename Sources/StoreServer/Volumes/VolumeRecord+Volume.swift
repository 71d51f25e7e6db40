import StoreCore
import StoreProtocol

extension VolumeRecord {
  /// The state of a volume or a snapshot of a store.
  init(_ volume: Volume, in store: Store) {
    self.init(id: volume.id, kind: volume.kind)
    scope = volume.settings.scope
    onDelete = volume.settings.onDelete
    isEphemeral = volume.settings.isEphemeral
    quota = volume.settings.quota
    used = volume.usage.used
    objects = volume.objectCount
    names = volume.nameCount
    connections = volume.connections
    isFrozen = volume.isFrozen
    if let message = store.condition(of: volume) { condition = VolumeCondition(isAbnormal: true, message: message) }
    created = volume.created
    lostContentsAt = volume.lostContentsAt
    overwrite = volume.settings.overwrite
    deletedMemory = volume.settings.deletedMemory
    source = volume.settings.source?.id
    attributes = volume.settings.attributes
  }
}
