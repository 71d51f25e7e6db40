import JSON

/// Bytes of heap that all connections share for messages that are still on their way: those that arrive, and replies
/// from when they are written until they are sent.
final class BufferBudget: GrowthBudget {
  let limit: UInt64
  private(set) var used: UInt64 = 0
  /// Shares of volumes with connections, by the volumes' ids.
  private var shares: [String: BufferShare] = [:]

  init(limit: UInt64) { self.limit = limit }

  func hasRoom(for bytes: Int) -> Bool { used + UInt64(bytes) <= limit }

  /// - Returns: false when there is no room.
  func take(_ bytes: Int) -> Bool {
    guard hasRoom(for: bytes) else { return false }
    used += UInt64(bytes)
    return true
  }

  func give(back bytes: Int) { used -= min(used, UInt64(bytes)) }

  /// Share that the clients of a volume may take together; clients outside of volumes may take all.
  func share(of volume: String?) -> any BufferRoom {
    guard let volume else { return self }
    if let share = shares[volume] { return share }
    shares = shares.filter { $0.value.used > 0 }
    let share = BufferShare(of: self)
    shares[volume] = share
    return share
  }
}

/// A budget that can be asked beforehand.
protocol BufferRoom: GrowthBudget {
  func hasRoom(for bytes: Int) -> Bool
}

extension BufferBudget: BufferRoom {}

/// The part of the buffers that the clients of one volume may take: half of the rest, and nothing of the last quarter,
/// so that clients with unfinished messages cannot shut others out.
private final class BufferShare: BufferRoom {
  private let whole: BufferBudget
  private(set) var used: UInt64 = 0

  init(of whole: BufferBudget) { self.whole = whole }

  func hasRoom(for bytes: Int) -> Bool {
    let left = whole.limit - min(whole.limit, whole.used - min(whole.used, used))
    return used + UInt64(bytes) <= left / 2 && whole.used + UInt64(bytes) <= whole.limit / 4 * 3
  }

  func take(_ bytes: Int) -> Bool {
    guard hasRoom(for: bytes), whole.take(bytes) else { return false }
    used += UInt64(bytes)
    return true
  }

  func give(back bytes: Int) {
    whole.give(back: bytes)
    used -= min(used, UInt64(bytes))
  }
}
