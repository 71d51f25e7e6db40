import StoreProtocol

/// The sessions that clients made: the maker of each, and whether it still waits for its first connection.
struct SessionLedger {
  /// The maker of sessions: a process of this machine, or a host.
  typealias Creator = String

  private struct Entry {
    let creator: Creator
    /// Timer that ends the session unless somebody connects to it.
    let timer: TimerQueue<EventLoop.Timer>.Ticket
    /// Whether somebody has connected to it.
    var isVisited = false
  }

  /// Most sessions of one creator, and of all together: each takes a descriptor.
  let limitPerCreator: Int
  let limit: Int
  private var entries: [UInt64: Entry] = [:]

  init(limitPerCreator: Int, limit: Int) {
    self.limitPerCreator = limitPerCreator
    self.limit = limit
  }

  /// - Throws: `invalid` when a creator may have no more sessions.
  func requireRoom(for creator: Creator) throws(StoreError) {
    let count = entries.values.count { $0.creator == creator }
    guard count < limitPerCreator else {
      throw StoreError(
        .invalid,
        "\(creator) has \(count) sessions, more are not given to one client: delete one, or end its connections")
    }
    guard entries.count < limit else {
      throw StoreError(.invalid, "the store has \(entries.count) sessions and takes no more")
    }
  }

  mutating func add(_ id: UInt64, of creator: Creator, endedBy timer: TimerQueue<EventLoop.Timer>.Ticket) {
    entries[id] = Entry(creator: creator, timer: timer)
  }

  /// Notes that somebody has connected.
  mutating func visit(_ id: UInt64) { entries[id]?.isVisited = true }

  /// - Returns: the timer that is of no use any more.
  mutating func remove(_ id: UInt64) -> TimerQueue<EventLoop.Timer>.Ticket? { entries.removeValue(forKey: id)?.timer }

  /// The sessions that have had a connection.
  var visited: [UInt64] { entries.filter(\.value.isVisited).keys.sorted() }

  /// Whether nobody has connected to a session yet.
  func isAwaited(_ id: UInt64) -> Bool { entries[id]?.isVisited == false }
}
