import StoreProtocol

extension Store {
  /// What is wrong with a volume, as a sentence for people; nil while all is well.
  public func trouble(of volume: Volume) -> String? {
    if volume.hasLostContents {
      return "the store was restarted and what was written before is lost: write it again"
    }
    guard volume.kind == .volume else { return nil }
    let account = volume.account
    if account.wasRefused, account.limit == .max || account.used < account.limit / 100 * 90 {
      return "an object did not fit: \(account.used) bytes are in use\(limitText(volume)), "
        + "the store has \(memory.largestFree) bytes in a row"
    }
    if account.wasRefused { return "the volume is full: \(account.used) bytes are in use\(limitText(volume))" }
    if account.limit != .max, account.used >= account.limit / 100 * 95 {
      return "the volume is nearly full: \(account.used) bytes are in use\(limitText(volume))"
    }
    return nil
  }

  private func limitText(_ volume: Volume) -> String {
    volume.settings.quota == 0 ? "" : " of \(volume.settings.quota)"
  }

  /// The refusal of an allocation that a volume may not make.
  func quotaExceeded(_ size: UInt64, by volume: Volume) -> StoreError {
    volume.account.wasRefused = true
    var message =
      "Failed to allocate memory of size \(size): volume '\(volume.id)' may have \(volume.account.limit) bytes and "
      + "\(volume.account.used) are in use"
    let largest = largestObjects(of: volume)
    if !largest.isEmpty { message += "; largest: " + largest.joined(separator: ", ") }
    message += "; delete what is not needed any more, or expand the volume's claim"
    return StoreError(.notEnoughMemory, message)
  }
}
