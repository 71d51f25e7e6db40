import StoreProtocol

/// The sessions that clients made: who made each, and until when it waits for its first connection.
///
/// Pure: times are monotonic nanoseconds that come in.
struct SessionLedger {
  /// Who makes sessions: a process of this machine, or a host.
  typealias Creator = String

  private struct Entry {
    let creator: Creator
    /// When it ends unless somebody connects to it; nil once somebody has.
    var deadline: UInt64?
  }

  /// Most sessions of one creator, and of all together: each takes a descriptor.
  let limitPerCreator: Int
  let limit: Int
  /// How long a session waits for its first connection, in nanoseconds.
  let grace: UInt64
  private var entries: [UInt64: Entry] = [:]

  init(limitPerCreator: Int, limit: Int, grace: UInt64) {
    self.limitPerCreator = limitPerCreator
    self.limit = limit
    self.grace = grace
  }

  /// When the next session ends to which nobody has connected; nil when there is none.
  var nextDeadline: UInt64? { entries.values.lazy.compactMap(\.deadline).min() }

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

  mutating func add(_ id: UInt64, of creator: Creator, now: UInt64) {
    entries[id] = Entry(creator: creator, deadline: now + grace)
  }

  /// Notes that somebody has connected.
  mutating func visit(_ id: UInt64) { entries[id]?.deadline = nil }

  mutating func remove(_ id: UInt64) { entries[id] = nil }

  /// The sessions that have had a connection.
  var visited: [UInt64] { entries.filter { $0.value.deadline == nil }.keys.sorted() }

  /// The sessions that nobody has connected to in time.
  func expired(at now: UInt64) -> [UInt64] {
    entries.filter { $0.value.deadline.map { $0 <= now } ?? false }.keys.sorted()
  }
}
