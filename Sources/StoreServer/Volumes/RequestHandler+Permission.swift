import StoreCore
import StoreProtocol

/// Limits on the requests of a volume's clients.
extension RequestHandler {
  /// - Throws: notImplemented for a request that would reach outside of the volume, or write where that is forbidden.
  func requirePermission(
    _ access: RequestDescriptor.Access, _ client: Client, _ volume: Volume
  ) throws(StoreError) {
    switch access {
    case .anyone, .read: return
    case .volumes:
      throw StoreError(
        .notImplemented, "requests about volumes are not answered on the sockets of volume '\(volume.id)'")
    case .session(let refusal): throw StoreError(.notImplemented, "volume '\(volume.id)' \(refusal)")
    case .write: break
    }
    if volume.isFrozen {
      throw StoreError(.notImplemented, "volume '\(volume.id)' is read-only for everybody: it is frozen")
    }
    if client.isReadOnly {
      throw StoreError(.notImplemented, "volume '\(volume.id)' is read-only here: it is mounted with readOnly")
    }
  }
}
