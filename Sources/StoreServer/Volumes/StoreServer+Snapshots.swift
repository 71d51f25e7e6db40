import JSON
import StoreCore
import StoreProtocol
import Support

/// Snapshots live in memory only. Their ids are kept on disk so that a restarted store can say which are lost.
extension StoreServer {
  // No volume can have these names.
  private static let listName = "~snapshots.json"
  private static let newListName = "~snapshots.json.new"

  func createSnapshot(
    _ id: String, of source: String, attributes: [String: String]
  ) throws(StoreError) -> Volume {
    let snapshot = try store.createSnapshot(id, of: source, attributes: attributes)
    saveSnapshotList()
    return snapshot
  }

  func deleteSnapshot(_ id: String) throws(StoreError) -> Bool {
    guard let snapshot = store.deleteSnapshot(id) else { return false }
    showOutClients(of: snapshot)
    saveSnapshotList()
    return true
  }

  private func saveSnapshotList() {
    guard let volumeDirectories else { return }
    if store.snapshots.isEmpty { return volumeDirectories.removeFile(Self.listName) }
    let writer = ByteWriter(capacity: 1024)
    writer.append("{\"snapshots\":[")
    writer.list(store.snapshots.keys.sorted()) { writer.append(jsonString: $0) }
    writer.append("]}\n")
    do throws(CommandError) {
      try volumeDirectories.replace(Self.listName, by: Array(writer.bytes), through: Self.newListName)
    } catch {
      log.warning(error.description)
    }
  }

  func warnOfLostSnapshots(_ directories: VolumeDirectories) {
    guard let json = try? directories.contents(of: Self.listName) else { return }
    directories.removeFile(Self.listName)
    let message = RequestMessage()
    let ids = json.withUnsafeBytes { bytes -> [String] in
      guard (try? message.parse(bytes)) != nil else { return [] }
      return (try? message.strings("snapshots")) ?? []
    }
    for id in ids { log.warning("snapshot \(id) is lost: snapshots do not outlive a restart of the store") }
  }
}
