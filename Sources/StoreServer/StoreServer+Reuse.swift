import StoreCore
import Support

/// Clients whose views of deleted objects were given to others are named in the log.
extension StoreServer {
  /// Milliseconds between two lines about it.
  private static let reuseInterval: UInt64 = 10_000

  /// Counts what the store took back, and says so: at once the first time, then in sums.
  func tellOfReuse() {
    let reuse = store.takeReuse()
    reusedBlobs += UInt64(reuse.blobs)
    reusedBytes += reuse.bytes
    unloggedReuse.blobs += reuse.blobs
    unloggedReuse.bytes += reuse.bytes
    unloggedReuse.holders.formUnion(reuse.holders)
    guard unloggedReuse.blobs > 0, store.now >= lastReuseLine + Self.reuseInterval || store.now < lastReuseLine else {
      return
    }
    lastReuseLine = store.now
    let holders = unloggedReuse.holders.sorted().prefix(3).joined(separator: ", ")
    log.warning(
      "the store is full: \(ByteSize(bytes: unloggedReuse.bytes)) of \(unloggedReuse.blobs) deleted blobs are used again "
        + "although clients may still look at them (\(holders)); --deleted_memory keep refuses new objects instead")
    unloggedReuse = Store.Reuse()
  }
}
