/// Named locks of clients; a lock goes with the client that holds it.
struct LockTable {
  /// A lock's name among those of one volume, or of everybody outside of volumes (scope 0).
  struct Key: Hashable {
    let scope: UInt64
    let name: ExactText
  }

  private var holders: [Key: UInt64] = [:]

  /// - Returns: false when another client holds the lock. Acquiring one's own lock again succeeds.
  mutating func acquire(_ key: Key, by client: UInt64) -> Bool {
    if let holder = holders[key] { return holder == client }
    holders[key] = client
    return true
  }

  mutating func remove(_ key: Key) { holders[key] = nil }

  func holder(_ key: Key) -> UInt64? { holders[key] }
}

extension Store {
  private func lockKey(_ name: String, _ client: Client) -> LockTable.Key {
    LockTable.Key(scope: client.session.volume == nil ? 0 : client.session.id, name: ExactText(name))
  }

  /// Takes a lock or waits for it.
  public func acquireLock(_ name: String, by client: Client) -> Outcome<Void> {
    let key = lockKey(name, client)
    guard locks.acquire(key, by: client.id) else { return .park(.lock(scope: key.scope, name)) }
    client.locks.insert(ExactText(name))
    return .done(())
  }

  /// Gives up a lock; names nobody holds are fine.
  ///
  /// - Returns: false when another client holds it.
  public func releaseLock(_ name: String, by client: Client) -> Bool {
    guard let holder = locks.holder(lockKey(name, client)) else { return true }
    guard holder == client.id else { return false }
    dropLock(name, of: client)
    client.locks.remove(ExactText(name))
    return true
  }

  func dropLock(_ name: String, of client: Client) {
    let key = lockKey(name, client)
    locks.remove(key)
    note(.lock(scope: key.scope, name))
  }
}
