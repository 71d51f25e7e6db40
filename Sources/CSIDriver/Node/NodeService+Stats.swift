import CSIProtocol
import GRPCCore
import StoreClient
import Support
import SwiftProtobuf

extension NodeService {
  public func nodeGetVolumeStats(
    request: Csi_V1_NodeGetVolumeStatsRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeGetVolumeStatsResponse {
    try Self.require(request.volumeID, "volume_id")
    let published = try await published(request.volumeID, at: request.volumePath)
    let store = store(of: published.cluster)
    do {
      let answer = try await gateway.ask(store) { (volumes) throws(StoreClientError) in
        (
          try published.leaf.flatMap { leaf throws(StoreClientError) in try volumes.inspect(leaf) },
          try volumes.list().room
        )
      }
      return Self.stats(published, volume: answer.0, room: answer.1)
    } catch {
      return Self.stats(nil, abnormal: "\(error.message) (hint: programs that use the volume wait for it or fail)")
    }
  }

  /// What a path shows.
  ///
  /// - Throws: `RPCError` with code `notFound` unless it is a volume with this id.
  func published(_ id: String, at path: String) async throws -> PublishedVolume {
    let target = try MountTarget(path, field: "volume_path")
    return try await work.run { () throws(RPCError) in
      let table = try mountTable()
      guard let place = try? target.look(), place.isMountRoot, let entry = table.entry(id: place.mount),
        let volume = try tree.reader(table)?.volume(entry), volume.isMount(of: id)
      else {
        throw RPCError(code: .notFound, message: "volume '\(id.prefix(160))' is not published at \(target.path)")
      }
      return volume
    }
  }

  /// - Parameter volume: nil when the store doesn't know it.
  private static func stats(
    _ published: PublishedVolume, volume: VolumeRecord?, room: StoreRoom
  ) -> Csi_V1_NodeGetVolumeStatsResponse {
    guard published.leaf != nil else { return stats(room, used: room.used, objects: nil) }
    guard !published.isDeleted else {
      return stats(nil, abnormal: "the volume was deleted while it was published (hint: restart the pod)")
    }
    guard let volume else {
      return stats(nil, abnormal: "the store has lost the volume and what it held (hint: restart the pod)")
    }
    var answer = stats(room, used: volume.used, quota: volume.quota, objects: volume.objects)
    answer.volumeCondition = .with {
      $0.abnormal = volume.condition.isAbnormal
      $0.message = volume.condition.message
    }
    return answer
  }

  private static func stats(
    _ room: StoreRoom, used: UInt64, quota: UInt64? = nil, objects: Int?
  ) -> Csi_V1_NodeGetVolumeStatsResponse {
    // What is promised to a volume is kept free for it.
    let available = quota.map { $0 - min($0, used) } ?? room.available
    var answer = stats(
      .with {
        $0.unit = .bytes
        $0.total = Int64(clamping: quota ?? used + available)
        $0.used = Int64(clamping: used)
        $0.available = Int64(clamping: available)
      }, abnormal: nil)
    // There is no limit to the number of objects; a total of 0 says so.
    if let objects {
      answer.usage.append(
        .with {
          $0.unit = .inodes
          $0.used = Int64(objects)
        })
    }
    return answer
  }

  /// - Parameter usage: nil when it is not known; kubelet takes no answer without one.
  private static func stats(
    _ usage: Csi_V1_VolumeUsage?, abnormal message: String?
  ) -> Csi_V1_NodeGetVolumeStatsResponse {
    .with {
      $0.usage = [usage ?? .with { $0.unit = .bytes }]
      $0.volumeCondition = .with {
        $0.abnormal = message != nil
        $0.message = message ?? ""
      }
    }
  }
}

extension PublishedVolume {
  /// Whether this is where the volume of an id is mounted; the original's mounts show the whole store for any id.
  func isMount(of id: String) -> Bool {
    guard let handle = VolumeHandle(id: id), handle.cluster == nil || handle.cluster == cluster else { return false }
    return leaf.map { $0 == handle.leaf } ?? (handle.cluster == nil)
  }
}
