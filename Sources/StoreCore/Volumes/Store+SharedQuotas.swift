import StoreProtocol

/// A blob for which a store may not use enough of its volume's quota without asking the others.
public struct QuotaShortage {
  public let volume: Volume
  /// Bytes of the blob, or of all blobs of a request.
  public let bytes: UInt64
}

/// Quotas of volumes that other stores have, too: each uses what it is granted.
extension Store {
  /// Takes the blob that the last failed request has lacked quota for.
  public func takeShortage() -> QuotaShortage? {
    defer { lastShortage = nil }
    return lastShortage
  }

  /// Lets a volume use so many bytes of its quota on this store.
  public func setGrant(of volume: Volume, to bytes: UInt64) {
    guard let former = volume.usage.granted, former != bytes else { return }
    volume.usage.granted = bytes
    if bytes > former { volume.usage.wasRefused = false }
  }

  /// Notes a blob that needs more of the quota than is granted.
  ///
  /// - Returns: the error if that does not help; nil when the quota is not what is lacking, or is this store's alone.
  func shortage(_ size: UInt64, of volume: Volume) -> StoreError? {
    guard volume.usage.granted != nil, !volume.usage.admits(size, besides: retained(by: volume))
    else { return nil }
    guard size <= memory.limit else {
      return StoreError(
        .notEnoughMemory,
        "Failed to allocate memory of size \(size): \(placeText) has \(memory.limit) bytes, and a blob has to fit into the "
          + "store it is on, whatever volume '\(volume.id)' may have on all stores")
    }
    lastShortage = QuotaShortage(volume: volume, bytes: size)
    return StoreError(
      .notEnoughMemory,
      "Failed to allocate memory of size \(size): \(placeText) may use \(volume.usage.granted ?? 0) bytes of the quota "
        + "of volume '\(volume.id)', uses \(volume.usage.used), and the others were not asked for more")
  }

  /// This store, for people.
  var placeText: String {
    guard let own = instances[instances.local] else { return "this store" }
    return "the store \(own.socketPath) on node '\(own.nodename)'"
  }

  /// Notes that a client's blob was refused, since all of the quota is in use.
  public func noteRefusal(of client: Client) {
    suspectUnfinished(of: client)
    client.volume?.usage.wasRefused = true
  }

  /// The refusal of a blob for which there is no quota left on any store.
  ///
  /// - Parameters:
  ///   - quota: bytes of all stores.
  ///   - grants: bytes that each store has of it, in the order of the stores.
  public func quotaExceeded(
    _ size: UInt64, by volume: Volume, quota: UInt64, grants: [(instance: UInt64, bytes: UInt64)]
  ) -> StoreError {
    let total = grants.reduce(UInt64(0)) { $0.addingReportingOverflow($1.bytes).overflow ? .max : $0 + $1.bytes }
    let parts = grants.filter { $0.bytes > 0 }.map { instance, bytes in
      let node = instances[instance].map { " on node '\($0.nodename)'" } ?? ""
      return "\(bytes) by instance \(instance)\(node)\(instance == instances.local ? ", which is asked" : "")"
    }
    var message =
      "Failed to allocate memory of size \(size): volume '\(volume.id)' may have \(quota) bytes on all stores and "
      + "\(total) are in use"
    if !parts.isEmpty { message += " (\(parts.joined(separator: "; ")))" }
    let largest = largestObjects(of: volume)
    if !largest.isEmpty { message += "; largest here: " + largest.joined(separator: ", ") }
    message += "; delete what is not needed any more, or expand the volume's claim"
    return StoreError(.notEnoughMemory, message)
  }
}
