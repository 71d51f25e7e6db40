import CSIProtocol
import GRPCCore
import Glibc
import Logging
import StoreClient
import StoreProtocol
import Support

// MARK: - Publishing

extension NodeService {
  /// Mounts a volume on its target, after making sure that the store has and serves it.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` or `notFound` for a request that makes no sense, `unavailable`
  ///   when the store does not answer or serve in time, `alreadyExists` or `failedPrecondition` when another mount is
  ///   in the way, or with that of a store that refuses.
  public func nodePublishVolume(
    request: Csi_V1_NodePublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodePublishVolumeResponse {
    let publication = try Publication(request)
    try await exclusively(request.volumeID, publication.target) {
      try await retrying {
        try await open(publication.handle, publication.parameters)
        try await blocking { () throws(RPCError) in try mount(publication) }
      }
    }
    return Csi_V1_NodePublishVolumeResponse()
  }

  /// Mounts a volume on its target, in place of a mount that may be replaced; blocks.
  private func mount(_ publication: Publication) throws(RPCError) {
    let directory = try servedDirectory(
      publication.handle, publication.parameters.cluster, isReadOnly: publication.isReadOnly)
    if publication.isExclusive { try checkOthers(publication) }
    let target = publication.target
    try target.make()
    if let status = try target.status(), status.isMountRoot {
      let source = try orRPCError { () throws(PathError) in try directory.status() }
      if status.identity == source.identity { return }
      try checkReplaceable(status, publication)
      let count = try target.unmount(log)
      log.info("\(target.path): \(count == 1 ? "an old mount is" : "\(count) old mounts are") replaced")
    }
    try target.mount(directory)
  }

  /// Makes sure that a mount on the target may be replaced: it shows a deleted volume, or it is the original's.
  private func checkReplaceable(_ status: FileStatus, _ publication: Publication) throws(RPCError) {
    let path = publication.target.path
    let table = try mountTable()
    let entry = table.entry(id: status.mount)
    guard let entry, let volume = try tree.reader(table)?.volume(entry) else {
      throw RPCError(
        code: .failedPrecondition,
        message: "\(path) is a mount of something else\(entry.map { ": \($0.fileSystem) of \($0.source)" } ?? "")")
    }
    guard !volume.isDeleted, volume.name != nil || volume.cluster != publication.parameters.cluster else { return }
    guard volume.name == publication.handle.name, volume.cluster == publication.parameters.cluster else {
      throw RPCError(
        code: .alreadyExists,
        message: "\(path) shows another volume: \(volume.cluster)\(volume.name.map { "/\($0)" } ?? "")")
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
    for entry in table.entries(containing: "/\(VolumeTree.volumes)/\(publication.handle.name)") {
      guard let volume = reader.volume(entry), !volume.isDeleted, volume.name == publication.handle.name,
        volume.cluster == publication.parameters.cluster, entry.mountPoint != own
      else { continue }
      throw RPCError(
        code: .failedPrecondition,
        message: "the volume is for one pod only, and published at \(entry.mountPoint) already")
    }
  }

  /// The mounts of this process.
  func mountTable() throws(RPCError) -> MountTable {
    do { return try MountTable.current() } catch {
      throw RPCError(code: .internalError, message: error.description)
    }
  }
}

// MARK: - Serving

/// Cause of an error: there is no store on this node. One that is being replaced is back a moment later.
private struct StoreAbsence: Error {}

/// Makes sure that the store of this node serves a volume.
extension NodeService {
  /// Repeats work that fails because a store is not there yet, until the timeout for stores.
  func retrying(_ body: () async throws -> Void) async throws {
    let end = ContinuousClock.now + timeouts.store.duration
    while true {
      do {
        return try await body()
      } catch let error as RPCError where error.code == .unavailable || error.cause is StoreAbsence {
        guard ContinuousClock.now < end else { throw error }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  /// Makes sure that the store has the volume; one that it has is left as it is.
  func open(_ handle: VolumeHandle, _ parameters: VolumeParameters) async throws {
    let name = handle.name
    let settings = parameters.settings(name)
    let store = store(of: parameters.cluster)
    do {
      let isNew = try await gateway.ask(store) { (volumes) throws(StoreClientError) in
        let known = try volumes.inspect(name)
        // The store knows the volumes of all nodes, and serves those that were opened in it.
        if let known, known.locality == .node { return false }
        _ = try volumes.open(
          known.map { VolumeSettings($0) } ?? settings, prefetch: parameters.isPrefetched)
        return known == nil
      }
      if isNew { log.info("opened volume '\(handle)' in \(store)") }
    } catch {
      guard error.isUnreachable else {
        guard error.code == .notImplemented else { throw error.rpcError }
        let code: RPCError.Code = settings.locality == .cluster ? .failedPrecondition : .permissionDenied
        throw RPCError(code: code, message: error.message)
      }
      throw unreachable(error, settings.locality)
    }
  }

  /// The error for a store that does not answer: it is between two lives, or there is none.
  private func unreachable(_ failure: StoreFailure, _ locality: VolumeLocality) -> RPCError {
    let cluster = failure.store.cluster
    guard locality == .cluster, !LocalStores.hasSocket(cluster, root: tree.root) else {
      return RPCError(
        code: .unavailable,
        message:
          "\(failure.unreachableMessage) (hint: is Vineyardd \(cluster) deployed, with a ready pod on this node?)")
    }
    return RPCError(
      code: .failedPrecondition,
      message:
        "node \(nodeID) has no store of \(cluster), and the volume can be used on nodes that have one (hint: they "
        + "have the label \(cluster.storeLabel); delete the pod, so that it is placed anew, unless the store is being "
        + "replaced)", cause: StoreAbsence())
  }

  /// The directory of a volume whose socket is served; blocks until that is known.
  ///
  /// - Throws: `RPCError` with code `unavailable`.
  func servedDirectory(
    _ handle: VolumeHandle, _ cluster: ClusterName, isReadOnly: Bool
  ) throws(RPCError) -> OpenDirectory {
    let directory: OpenDirectory
    do throws(PathError) {
      directory = try tree.directory(cluster, handle.name, isReadOnly: isReadOnly)
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
      do throws(ProgramError) {
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

// MARK: - Unpublishing

extension NodeService {
  /// Unmounts a volume from its target, and deletes one that goes with its pod.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for a malformed request, or with that of a failed system call or
  ///   of a store that fails.
  public func nodeUnpublishVolume(
    request: Csi_V1_NodeUnpublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeUnpublishVolumeResponse {
    try requireField(request.volumeID, "volume_id")
    let target = try MountTarget(request.targetPath, field: "target_path")
    try await exclusively(request.volumeID, target) {
      // A volume that goes with its pod goes first: as long as it is mounted, a repeated call finds what is left.
      if let handle = VolumeHandle(id: request.volumeID), handle.cluster == nil {
        try await deleteEphemeral(handle.name)
      }
      try await blocking { () throws(RPCError) in
        let count = try target.unmount(log)
        if count > 1 { log.info("\(target.path): \(count) mounts lay on one another") }
        try target.remove()
      }
    }
    return Csi_V1_NodeUnpublishVolumeResponse()
  }

  /// Deletes the inline volume of a pod in the store that has it, if there is one.
  ///
  /// The id does not tell the cluster, and the target may be unmounted already, so the volumes of all stores are looked
  /// through.
  private func deleteEphemeral(_ name: String) async throws {
    for cluster in try await LocalStores(root: tree.root, node: nodeID).clusters() {
      let keeper = try await blocking { () throws(RPCError) in tree.document(cluster, name) }
      guard keeper?.isEphemeral == true else { continue }
      try await delete(name, in: store(of: cluster))
    }
  }

  private func delete(_ name: String, in store: StoreEndpoint) async throws {
    do {
      let isDeleted = try await gateway.ask(store) { (volumes) throws(StoreClientError) in try volumes.delete(name) }
      if isDeleted { log.info("deleted volume '\(name)' of a pod in \(store)") }
    } catch {
      guard error.isUnreachable else { throw error.rpcError }
      // Objects die with their store, so what is left of a volume then is the document that would open it again.
      let isForgotten = try await blocking { () throws(RPCError) in try tree.forget(store.cluster, name) }
      guard isForgotten else { throw error.rpcError }
      log.warning("\(error.unreachableMessage): volume '\(name)' of a pod is deleted without it")
    }
  }
}

// MARK: - Requests

/// A volume that is to be published, as checked as it can be without looking at the node.
struct Publication: Sendable {
  let handle: VolumeHandle
  let parameters: VolumeParameters
  let target: MountTarget
  let isReadOnly: Bool
  /// Whether no other path of the node may have the volume.
  let isExclusive: Bool

  /// Checks a request, field by field.
  ///
  /// - Throws: `RPCError` with code `invalidArgument`, or `notFound` for an id that cannot be one of this driver's.
  init(_ request: Csi_V1_NodePublishVolumeRequest) throws(RPCError) {
    try requireField(request.volumeID, "volume_id")
    target = try MountTarget(request.targetPath, field: "target_path")
    let capability = request.volumeCapability
    try requireUsable(request.hasVolumeCapability ? capability : nil)
    (handle, parameters) = try Self.volume(request.volumeID, request.volumeContext)
    let mode = capability.accessMode.mode
    isReadOnly =
      request.readonly || mode == .singleNodeReaderOnly || mode == .multiNodeReaderOnly
      || capability.mount.mountFlags.contains("ro")
    isExclusive = mode == .singleNodeSingleWriter
  }

  /// The volume that an id and a context mean.
  ///
  /// - Throws: `RPCError` with code `invalidArgument`, or `notFound` for an id that cannot be one of this driver's.
  static func volume(
    _ id: String, _ context: [String: String]
  ) throws(RPCError) -> (handle: VolumeHandle, parameters: VolumeParameters) {
    guard let handle = VolumeHandle(id: id) else {
      throw RPCError(code: .notFound, message: "no volume can have the id '\(id.prefix(160))'")
    }
    return (handle, try VolumeParameters(context: context, handle: handle))
  }
}
