/// What a mount shows: the directory of a volume, or the sockets of a whole store.
struct PublishedVolume: Equatable, Sendable {
  let cluster: ClusterName
  /// Nil for the directory of a store's main socket, which is what the original mounts.
  let leaf: String?
  let isReadOnly: Bool
  /// Whether the directory is gone, so that nobody can connect through the mount any more.
  let isDeleted: Bool

  /// Tells what a mount shows.
  ///
  /// - Parameters:
  ///   - tree: the directory `<root>` of all sockets, as a path in its file system; empty for all of that.
  ///   - device: the file system of that directory, in the notation of the table of mounts.
  /// - Returns: nil for a mount of anything else.
  init?(_ entry: MountEntry, tree: String, device: String) {
    guard entry.device == device, entry.root.hasPrefix(tree + "/") else { return nil }
    let parts = entry.root.dropFirst(tree.count).split(separator: "/").map(String.init)
    guard parts.count >= 2, let cluster = ClusterName(namespace: parts[0], name: parts[1]) else { return nil }
    self.cluster = cluster
    isDeleted = entry.isDeleted
    switch parts.count {
    case 2: (leaf, isReadOnly) = (nil, false)
    case 4 where parts[2] == VolumeTree.volumes: (leaf, isReadOnly) = (parts[3], false)
    case 5 where parts[2] == VolumeTree.volumes && parts[4] == VolumeTree.readOnly:
      (leaf, isReadOnly) = (parts[3], true)
    default: return nil
    }
  }
}
