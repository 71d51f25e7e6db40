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
      return Self.stats(
        published,
        try await gateway.ask(store) { (volumes) throws(StoreClientError) in
          let volume: VolumeRecord?
          if let leaf = published.leaf { volume = try volumes.inspect(leaf) } else { volume = nil }
          // The list is long where there are many volumes, and most volumes have a limit of their own.
          let needsRoom = published.leaf == nil || volume.map { $0.quota == nil } ?? false
          return (volume, needsRoom ? try volumes.list().room : nil)
        })
    } catch {
      let trouble = error.isSilence ? error.silence : error.message
      return Self.stats(nil, abnormal: "\(trouble) (hint: programs that use the volume wait for it or fail)")
    }
  }

  /// What a path shows.
  ///
  /// - Throws: `RPCError` with code `notFound` unless it is a volume with this id.
  func published(_ id: String, at path: String) async throws -> PublishedVolume {
    try Self.require(path, "volume_path")
    return try await work.run { () throws(RPCError) in
      let table = try mountTable()
      guard let place = try? MountTarget(path, field: "volume_path").look(), place.isMountRoot,
        let entry = table.entry(id: place.mount), let volume = try tree.reader(table)?.volume(entry),
        volume.isMount(of: id)
      else {
        throw RPCError(
          code: .notFound, message: "volume '\(id.prefix(160))' is not published at '\(path.prefix(160))'")
      }
      return volume
    }
  }

  /// - Parameter answer: the volume, nil when the store doesn't know it, and the memory that it shares with others.
  private static func stats(
    _ published: PublishedVolume, _ answer: (volume: VolumeRecord?, room: StoreRoom?)
  ) -> Csi_V1_NodeGetVolumeStatsResponse {
    guard !published.isDeleted else {
      return stats(nil, abnormal: "the volume was deleted while it was published (hint: restart the pod)")
    }
    if published.leaf == nil, let room = answer.room { return stats(used: room.used, available: room.available) }
    guard let volume = answer.volume else {
      return stats(nil, abnormal: "the store has lost the volume and what it held (hint: restart the pod)")
    }
    // What is promised to a volume is kept free for it.
    let available = volume.quota.map { $0 - min($0, volume.used) } ?? answer.room?.available ?? 0
    var stats = stats(used: volume.used, available: available, objects: volume.objects)
    stats.volumeCondition = .with {
      $0.abnormal = volume.condition.isAbnormal
      $0.message = volume.condition.message
    }
    return stats
  }

  private static func stats(
    used: UInt64, available: UInt64, objects: Int? = nil
  ) -> Csi_V1_NodeGetVolumeStatsResponse {
    var answer = stats(
      .with {
        $0.unit = .bytes
        $0.total = Int64(clamping: used + available)
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
