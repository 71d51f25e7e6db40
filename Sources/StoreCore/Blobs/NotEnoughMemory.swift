import StoreProtocol

extension Store {
  /// Number of blobs looked at to name the largest ones.
  private static let examinedBlobs = 100_000
  /// Number of retained extents, and of holders of each, looked at to name the clients that keep them.
  private static let examinedExtents = 10_000
  private static let examinedHolders = 16

  /// The refusal of an allocation: memory in use by kind, the reason why the rest cannot be had, and its largest users.
  func notEnoughMemory(_ size: UInt64, by client: Client) -> StoreError {
    let session = client.session
    var message =
      "Failed to allocate memory of size \(size), total available memory size are \(memory.limit), "
      + "and \(memory.used) are already in use"
    if memory.retained > 0 {
      message +=
        "; \(memory.retained) more are deleted but still mapped by connected clients (\(holders(for: client))): "
        + "they come back when these disconnect or call memory_trim"
    }
    let (taken, overflow) = (memory.used + memory.retained).addingReportingOverflow(size)
    if !overflow, taken <= memory.limit { message += "; the free memory is fragmented" }
    let largest = largestBlobs(3, among: session.blobs)
    if !largest.isEmpty {
      message += "; largest: " + largest.map { describe($0, in: session) }.joined(separator: ", ")
    }
    if client.volume?.isShared == true {
      message += "; that is \(placeText): volume '\(client.volume?.id ?? "")' may have room on other stores"
    }
    return StoreError(.notEnoughMemory, message)
  }

  /// Clients that keep most bytes of deleted blobs, with these bytes; bytes may have several keepers.
  ///
  /// - Parameter tenant: only what is in its files.
  func holders(for asker: Client?, ofTenant tenant: UInt64? = nil) -> String {
    var kept: [String: UInt64] = [:]
    for (holders, bytes) in memory.retainedExtents(atMost: Self.examinedExtents, ofTenant: tenant) {
      work.spend(Work.entry)
      // A process may have several connections.
      for label in Set(holders.prefix(Self.examinedHolders).compactMap { clients[$0]?.label }) {
        kept[label, default: 0] += bytes
      }
    }
    let sorted = kept.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
    let named = sorted.prefix(5).map { label, bytes in
      "\(label)\(label == asker?.label ? ", which asks" : ""): \(bytes) bytes"
    }
    return named.joined(separator: ", ") + (sorted.count > 5 ? " and \(sorted.count - 5) others" : "")
  }

  /// The largest blobs of a volume, each described with the object it belongs to.
  func largestObjects(of volume: Volume) -> [String] {
    let session = volume.session
    let usage = volume.usage
    guard usage.sharesRootSession else {
      return largestBlobs(3, among: session.blobs).map { describe($0, in: session) }
    }
    let blobs = usage.blobs.lazy.compactMap { id in session.blobs[id].map { (key: id, value: $0) } }
    return largestBlobs(3, among: blobs).map { describe($0, in: session) }
  }

  private func largestBlobs(
    _ count: Int, among blobs: some Sequence<(key: ObjectID, value: Blob)>
  ) -> [(id: ObjectID, size: UInt64)] {
    var largest: [(id: ObjectID, size: UInt64)] = []
    for (id, blob) in blobs.prefix(Self.examinedBlobs) {
      work.spend(16)
      if largest.count == count, let last = largest.last, (last.size, id) >= (blob.size, last.id) { continue }
      largest.append((id, blob.size))
      largest.sort { ($0.size, $1.id) > ($1.size, $0.id) }
      if largest.count > count { largest.removeLast() }
    }
    return largest
  }

  /// A blob's size and the name or the type of the object it belongs to.
  private func describe(_ blob: (id: ObjectID, size: UInt64), in session: Session) -> String {
    var owner = blob.id
    for _ in 0..<16 {
      guard let parent = session.metadata.firstDependent(of: owner) else { break }
      owner = parent
    }
    if let name = session.names.name(of: owner) { return "\(blob.size) bytes in '\(name)'" }
    if let typename = session.metadata[owner]?.typename { return "\(blob.size) bytes in \(owner) (\(typename))" }
    return "\(blob.size) bytes in \(blob.id)"
  }
}
