import CSIProtocol
import GRPCCore
import StoreClient
import Support

extension NodeService {
  public func nodePublishVolume(
    request: Csi_V1_NodePublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodePublishVolumeResponse {
    let publication = try Publication(request)
    try await exclusively(request.volumeID, publication.target) {
      try await retrying {
        try await open(publication)
        try await work.run { () throws(RPCError) in try mount(publication) }
      }
    }
    return Csi_V1_NodePublishVolumeResponse()
  }

  /// Repeats what fails because a store is not there yet, until patience ends.
  private func retrying(_ body: () async throws -> Void) async throws {
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
  private func open(_ publication: Publication) async throws {
    let leaf = publication.handle.leaf
    let request = publication.settings.request(leaf)
    let store = store(of: publication.settings.cluster)
    do {
      let isNew = try await gateway.ask(store) { (volumes) throws(StoreClientError) in
        if try volumes.inspect(leaf) != nil { return false }
        _ = try volumes.open(request)
        return true
      }
      if isNew { log.info("opened volume '\(publication.handle)' in \(store)") }
    } catch {
      guard error.isSilence else { throw error.rpcError }
      throw RPCError(
        code: .unavailable,
        message: "\(error.silence) (hint: is Vineyardd \(store.cluster) deployed, with a ready pod on this node?)")
    }
  }

  // MARK: - What blocks

  private func mount(_ publication: Publication) throws(RPCError) {
    let directory = try directory(publication)
    try Self.connect(directory)
    if publication.isExclusive { try checkOthers(publication) }
    let target = publication.target
    try target.make()
    if let place = try target.look(), place.isMountRoot {
      let source = try orRPCError { () throws(PathError) in try directory.look() }
      if place.identity == source.identity { return }
      try checkReplaceable(place, publication)
      let count = try target.unmount(log)
      log.info("\(target.path): \(count == 1 ? "an old mount is" : "\(count) old mounts are") replaced")
    }
    try target.mount(directory)
  }

  private func directory(_ publication: Publication) throws(RPCError) -> OpenDirectory {
    do throws(PathError) {
      return try tree.directory(
        publication.settings.cluster, publication.handle.leaf, isReadOnly: publication.isReadOnly)
    } catch {
      throw RPCError(code: .unavailable, message: "the store keeps no directory for the volume: \(error.message)")
    }
  }

  /// Makes sure that the volume's own socket is served.
  private static func connect(_ directory: OpenDirectory) throws(RPCError) {
    func unserved(_ reason: String) -> RPCError {
      RPCError(
        code: .unavailable, message: "nobody serves the volume at \(directory.path)/\(VolumeTree.socket): \(reason)")
    }
    // A link would lead the driver to any other socket of the node.
    let place = try orRPCError { () throws(PathError) in
      try Place.look(at: VolumeTree.socket, in: directory.file)
    }
    guard place?.isSocket == true else { throw unserved("there is no socket") }
    do throws(StoreClientError) {
      let client: StoreClient
      do throws(CommandError) {
        client = try StoreClient(path: "\(directory.shortPath)/\(VolumeTree.socket)", timeout: .seconds(2))
      } catch {
        throw .unreachable(error)
      }
      try client.handshake()
    } catch {
      throw unserved(error.plainReason)
    }
  }

  /// Makes sure that a mount on the target may be replaced: it shows a deleted volume, or it is the original's.
  private func checkReplaceable(_ place: Place, _ publication: Publication) throws(RPCError) {
    let path = publication.target.path
    let table = try mountTable()
    let entry = table.entry(id: place.mount)
    guard let entry, let volume = try tree.reader(table)?.volume(entry) else {
      throw RPCError(
        code: .failedPrecondition,
        message: "\(path) is a mount of something else\(entry.map { ": \($0.fileSystem) of \($0.source)" } ?? "")")
    }
    guard !volume.isDeleted, volume.leaf != nil || volume.cluster != publication.settings.cluster else { return }
    guard volume.leaf == publication.handle.leaf, volume.cluster == publication.settings.cluster else {
      throw RPCError(
        code: .alreadyExists,
        message: "\(path) shows another volume: \(volume.cluster)\(volume.leaf.map { "/\($0)" } ?? "")")
    }
    guard volume.isReadOnly != publication.isReadOnly else { return }
    throw RPCError(
      code: .alreadyExists,
      message: "the volume is published at \(path) \(volume.isReadOnly ? "read-only" : "writable"), unpublish it first")
  }

  /// Makes sure that a volume for one path only is at no other.
  private func checkOthers(_ publication: Publication) throws(RPCError) {
    let table = try mountTable()
    guard let reader = try tree.reader(table) else { return }
    let own = publication.target.kernelPath
    for entry in table.entries(containing: "/\(VolumeTree.volumes)/\(publication.handle.leaf)") {
      guard let volume = reader.volume(entry), !volume.isDeleted, volume.leaf == publication.handle.leaf,
        volume.cluster == publication.settings.cluster, entry.mountPoint != own
      else { continue }
      throw RPCError(
        code: .failedPrecondition,
        message: "the volume is for one pod only, and published at \(entry.mountPoint) already")
    }
  }

  func mountTable() throws(RPCError) -> MountTable {
    do { return try MountTable.current() } catch {
      throw RPCError(code: .internalError, message: error.description)
    }
  }
}
