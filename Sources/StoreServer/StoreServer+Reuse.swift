import Logging
import StoreCore
import Support

/// Clients whose views of deleted objects were given to others are named in the log.
extension StoreServer {
  /// Nanoseconds between two lines about it.
  private static let reuseInterval: UInt64 = 10_000_000_000

  /// Counts the memory that the store took back, and logs it: at once the first time, then in sums.
  func tellOfReuse() {
    let reuse = store.takeReuse()
    guard reuse.blobs > 0 else { return }
    reusedBlobs += UInt64(reuse.blobs)
    reusedBytes += reuse.bytes
    unloggedReuse.blobs += reuse.blobs
    unloggedReuse.bytes += reuse.bytes
    unloggedReuse.holders.formUnion(reuse.holders)
    if !isReuseTold { logReuse() }
  }

  /// Logs the memory that was used again since the last line, and is silent for a while.
  func logReuse() {
    isReuseTold = false
    guard unloggedReuse.blobs > 0 else { return }
    isReuseTold = true
    loop.after(Self.reuseInterval, .reuse)
    let holders = unloggedReuse.holders.sorted().prefix(3).joined(separator: ", ")
    log.warning(
      """
      the store is full: \(ByteSize(bytes: unloggedReuse.bytes)) of \(unloggedReuse.blobs) deleted blobs are used again \
      although clients may still look at them (\(holders)); --deleted_memory keep refuses new objects instead
      """)
    unloggedReuse = Store.Reuse()
  }
}
