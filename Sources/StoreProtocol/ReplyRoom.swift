import JSON

/// The room of replies: each byte beyond the usual is counted while a reply grows, and a reply is no longer than a
/// message may be.
extension ByteWriter {
  /// A writer of replies.
  ///
  /// - Parameter budget: counts what large replies take.
  public convenience init(repliesWithin budget: (any GrowthBudget)?, capacity: Int = 4096) {
    self.init(capacity: capacity, budget: budget, longest: Frame.headerSize + Int(Frame.maximumLength))
  }

  /// - Throws: notEnoughMemory when something written was not kept for want of memory; code 1 when it was because no
  ///   message may be so long.
  public func requireRoom() throws(StoreError) {
    switch refusal {
    case nil: return
    case .noRoom:
      throw StoreError(
        .notEnoughMemory, "the store has no memory left for a reply of \(count) bytes and more: ask for less")
    case .tooLong:
      throw StoreError(
        .invalid, "the reply is larger than a message may be (\(Frame.maximumLength) bytes): ask for less")
    }
  }

  /// Makes room for a reply ahead, so that what it tells of is not done in vain.
  ///
  /// - Throws: as ``requireRoom()``.
  public func requireRoom(for bytes: Int) throws(StoreError) {
    if makeRoom(for: bytes) { return }
    if case .noRoom = refusal {
      throw StoreError(
        .notEnoughMemory, "the store has no memory left for a reply of up to \(bytes) bytes: ask for less at once")
    }
    try requireRoom()
  }
}
