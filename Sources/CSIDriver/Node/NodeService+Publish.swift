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
        try await open(publication.handle, publication.settings)
        try await work.run { () throws(RPCError) in try mount(publication) }
      }
    }
    return Csi_V1_NodePublishVolumeResponse()
  }

  // MARK: - What blocks

  private func mount(_ publication: Publication) throws(RPCError) {
    let directory = try servedDirectory(
      publication.handle, publication.settings.cluster, isReadOnly: publication.isReadOnly)
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
