import GRPCCore
import Glibc
import StoreClient
import StoreProtocol
import Support

/// Makes sure that the store of this node serves a volume.
extension NodeService {
  /// Repeats what fails because a store is not there yet, until patience ends.
  func retrying(_ body: () async throws -> Void) async throws {
    let end = ContinuousClock.now + patience.store.duration
    while true {
      do {
        return try await body()
      } catch let error as RPCError where error.code == .unavailable {
        guard ContinuousClock.now < end else { throw error }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  /// Makes sure that the store has the volume; one that it has is left as it is.
  func open(_ handle: VolumeHandle, _ settings: VolumeSettings) async throws {
    let leaf = handle.leaf
    let request = settings.request(leaf)
    let store = store(of: settings.cluster)
    do {
      let isNew = try await gateway.ask(store) { (volumes) throws(StoreClientError) in
        if try volumes.inspect(leaf) != nil { return false }
        _ = try volumes.open(request)
        return true
      }
      if isNew { log.info("opened volume '\(handle)' in \(store)") }
    } catch {
      guard error.isSilence else {
        guard error.code == .notImplemented else { throw error.rpcError }
        throw RPCError(code: .permissionDenied, message: error.message)
      }
      throw RPCError(
        code: .unavailable,
        message: "\(error.silence) (hint: is Vineyardd \(store.cluster) deployed, with a ready pod on this node?)")
    }
  }

  /// The directory of a volume whose socket is served; blocks until that is known.
  ///
  /// - Throws: `RPCError` with code `unavailable`.
  func servedDirectory(
    _ handle: VolumeHandle, _ cluster: ClusterName, isReadOnly: Bool
  ) throws(RPCError) -> OpenDirectory {
    let directory: OpenDirectory
    do throws(PathError) {
      directory = try tree.directory(cluster, handle.leaf, isReadOnly: isReadOnly)
    } catch {
      throw RPCError(code: .unavailable, message: "the store keeps no directory for the volume: \(error.message)")
    }
    try Self.connect(directory)
    return directory
  }

  /// Makes sure that the volume's own socket is served.
  private static func connect(_ directory: OpenDirectory) throws(RPCError) {
    func unserved(_ reason: String) -> RPCError {
      RPCError(
        code: .unavailable, message: "nobody serves the volume at \(directory.path)/\(VolumeTree.socket): \(reason)")
    }
    // A link would lead the driver to any other socket of the node.
    let socket: OpenSocket
    do throws(PathError) { socket = try directory.socket([VolumeTree.socket]) } catch {
      throw unserved(error.code == ENOENT ? "there is no socket" : errorText(error.code))
    }
    do throws(StoreClientError) {
      let client: StoreClient
      do throws(CommandError) {
        client = try socket.connect(timeout: .seconds(2))
      } catch {
        throw .unreachable(error)
      }
      try client.handshake()
    } catch {
      throw unserved(error.plainReason)
    }
  }
}
