import StoreProtocol

extension Store {
  /// The fault of a volume, as a sentence for people; nil while all is well.
  public func condition(of volume: Volume) -> String? {
    if volume.hasLostContents {
      let time = volume.lostContentsAt.map { " at \(configuration.timeText($0))" } ?? ""
      return "the store was restarted\(time) and what was written before is lost: write it again"
    }
    let usage = volume.usage
    let isNearlyFull = usage.limit != .max && usage.used >= usage.limit - usage.limit / 20
    guard volume.kind == .volume, usage.wasRefused || isNearlyFull else { return nil }
    let limit = volume.settings.quota == 0 ? "" : " of \(volume.settings.quota)"
    return "\(usage.wasRefused ? "an object did not fit" : "nearly full"): \(usage.used)\(limit) bytes are in use"
  }

  /// The refusal of an allocation that a volume may not make.
  func quotaExceeded(_ size: UInt64, by volume: Volume) -> StoreError {
    volume.usage.wasRefused = true
    var message =
      "Failed to allocate memory of size \(size): volume '\(volume.id)' may have \(volume.usage.limit) bytes and "
      + "\(volume.usage.used) are in use"
    let largest = largestObjects(of: volume)
    if !largest.isEmpty { message += "; largest: " + largest.joined(separator: ", ") }
    message += "; delete what is not needed any more, or expand the volume's claim"
    return StoreError(.notEnoughMemory, message)
  }
}
