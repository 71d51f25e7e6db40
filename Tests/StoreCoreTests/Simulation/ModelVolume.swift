import StoreCore
import StoreProtocol

/// A volume or snapshot, in the model.
final class ModelVolume {
  let volume: Volume
  /// Its own, or the root's.
  let session: ModelSession

  init(_ volume: Volume, _ session: ModelSession) {
    self.volume = volume
    self.session = session
  }

  /// Bytes that its blobs may take.
  var limit: UInt64 { volume.settings.quota == 0 ? .max / 4 : volume.settings.quota }

  var isCluster: Bool { volume.settings.scope == .cluster }
}
