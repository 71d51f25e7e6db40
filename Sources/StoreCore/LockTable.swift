/// Named locks of clients; a lock goes with the connection that holds it.
struct LockTable {
  private var holders: [String: UInt64] = [:]

  /// - Returns: false when another connection holds the lock. Acquiring one's own lock again succeeds.
  mutating func acquire(_ key: String, by connection: UInt64) -> Bool {
    if let holder = holders[key] { return holder == connection }
    holders[key] = connection
    return true
  }

  mutating func remove(_ key: String) { holders[key] = nil }

  func holder(_ key: String) -> UInt64? { holders[key] }
}

extension Store {
  /// Takes a lock or waits for it.
  public func acquireLock(_ key: String, by connection: Connection) -> Outcome<Void> {
    guard locks.acquire(key, by: connection.id) else { return .park(.lock(key)) }
    connection.locks.insert(key)
    return .done(())
  }

  /// Gives up a lock; keys nobody holds are fine.
  ///
  /// - Returns: false when another connection holds it.
  public func releaseLock(_ key: String, by connection: Connection) -> Bool {
    guard let holder = locks.holder(key) else { return true }
    guard holder == connection.id else { return false }
    locks.remove(key)
    connection.locks.remove(key)
    note(.lock(key))
    return true
  }
}
