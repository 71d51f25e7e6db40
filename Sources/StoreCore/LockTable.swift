/// Named locks of clients; a lock goes with the connection that holds it.
struct LockTable {
  /// A lock's name among those of one volume, or of everybody outside of volumes (scope 0).
  struct Key: Hashable {
    let scope: UInt64
    let name: ExactText
  }

  private var holders: [Key: UInt64] = [:]

  /// - Returns: false when another connection holds the lock. Acquiring one's own lock again succeeds.
  mutating func acquire(_ key: Key, by connection: UInt64) -> Bool {
    if let holder = holders[key] { return holder == connection }
    holders[key] = connection
    return true
  }

  mutating func remove(_ key: Key) { holders[key] = nil }

  func holder(_ key: Key) -> UInt64? { holders[key] }
}

extension Store {
  private func lockKey(_ name: String, _ connection: Connection) -> LockTable.Key {
    LockTable.Key(scope: connection.session.volume == nil ? 0 : connection.session.id, name: ExactText(name))
  }

  /// Takes a lock or waits for it.
  public func acquireLock(_ name: String, by connection: Connection) -> Outcome<Void> {
    let key = lockKey(name, connection)
    guard locks.acquire(key, by: connection.id) else { return .park(.lock(scope: key.scope, name)) }
    connection.locks.insert(ExactText(name))
    return .done(())
  }

  /// Gives up a lock; names nobody holds are fine.
  ///
  /// - Returns: false when another connection holds it.
  public func releaseLock(_ name: String, by connection: Connection) -> Bool {
    guard let holder = locks.holder(lockKey(name, connection)) else { return true }
    guard holder == connection.id else { return false }
    dropLock(name, of: connection)
    connection.locks.remove(ExactText(name))
    return true
  }

  func dropLock(_ name: String, of connection: Connection) {
    let key = lockKey(name, connection)
    locks.remove(key)
    note(.lock(scope: key.scope, name))
  }
}
