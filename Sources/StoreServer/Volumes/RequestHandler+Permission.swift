import StoreCore
import StoreProtocol

/// Limits on the requests of a volume's clients.
extension RequestHandler {
  /// - Throws: notImplemented for a request that would reach outside of the volume, or write where that is forbidden.
  func requirePermission(for type: RequestType, _ client: Connection, _ volume: Volume) throws(StoreError) {
    if type.isAboutVolumes {
      throw StoreError(
        .notImplemented, "requests about volumes are not answered on the sockets of volume '\(volume.id)'")
    }
    switch type {
    case .newSession: throw StoreError(.notImplemented, "volume '\(volume.id)' has no sessions besides its own")
    case .deleteSession:
      throw StoreError(
        .notImplemented, "volume '\(volume.id)' is not deleted by its clients: delete the claim it belongs to")
    default: break
    }
    guard type.writes else { return }
    if volume.isFrozen {
      throw StoreError(.notImplemented, "volume '\(volume.id)' is read-only for everybody: it is frozen")
    }
    if client.isReadOnly {
      throw StoreError(.notImplemented, "volume '\(volume.id)' is read-only here: it is mounted with readOnly")
    }
  }
}
