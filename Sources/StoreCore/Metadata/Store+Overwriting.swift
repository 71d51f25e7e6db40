import StoreProtocol

/// Removal of objects whose name was given to another, once nobody uses them.
extension Store {
  /// Treatment of an object whose name a client gives to another.
  func overwritePolicy(of client: Client) -> OverwritePolicy {
    guard let volume = client.volume else { return configuration.overwrite }
    return volume.settings.overwrite ?? (volume.settings.scope == .volume ? .delete : configuration.overwrite)
  }

  /// Names a persistent object; a name in use is taken over, and the object that had it may go.
  ///
  /// - Throws: objectNotExists for an unknown object, invalid for a blob or an object that is not persistent.
  public func putName(_ name: String, to id: ObjectID, by client: Client) throws(StoreError) {
    let session = client.session
    let former = try putName(name, to: id, in: session, by: client)
    if session.superseded.contains(id) { apply(.supersede(id, false), to: session, by: client) }
    client.unfinished.removeAll()
    endLookup(of: client)
    guard let former, former != id, overwritePolicy(of: client) == .delete else { return }
    // With scope cluster the name may have been somebody else's.
    if let volume = client.volume, session.metadata[former]?.owner !== volume.sharedSessionUsage { return }
    // In a volume of several stores the one that has the object removes it.
    if session.volume?.isShared == true, isShared(former, in: session), !isOwn(former, in: session) { return }
    apply(.supersede(former, true), to: session, by: client)
    retire(former, in: session)
  }

  /// Milliseconds for which an object that lost its name stays where several stores have it: a client of another one may
  /// have been told of it, and fetches it now.
  static let grace: UInt64 = 2000

  private func retire(_ former: ObjectID, in session: Session) {
    if session.volume?.isShared == true { session.retiring[former] = now + Self.grace }
    reconsider(former, in: session)
  }

  /// Lets objects go that lost their names a while ago.
  func endGrace() {
    for session in sessions.values.filter({ !$0.retiring.isEmpty }).sorted(by: { $0.id < $1.id }) {
      var next: ObjectID? = ObjectID(0)
      while let first = next, let (id, end) = session.retiring.first(from: first) {
        work.spend(Work.entry)
        next = id.rawValue == .max ? nil : ObjectID(id.rawValue + 1)
        guard end <= now else { continue }
        session.retiring[id] = nil
        reconsider(id, in: session)
      }
    }
  }

  /// Lets an object of this store go that lost a name on another store, as the volume says.
  func supersedeElsewhere(_ former: ObjectID, in session: Session) {
    guard let volume = session.volume, volume.isShared, (volume.settings.overwrite ?? .delete) == .delete,
      isOwn(former, in: session)
    else { return }
    apply(.supersede(former, true), to: session)
    retire(former, in: session)
  }

  /// The object of a name; with `wait` the request is parked until the name appears.
  ///
  /// - Throws: objectNotExists for an unknown name, without `wait`.
  public func getName(_ name: String, wait: Bool, by client: Client) throws(StoreError) -> Outcome<ObjectID> {
    endLookup(of: client)
    let outcome = try getName(name, wait: wait, in: client.session, of: client.volume)
    if case .done(let id) = outcome, overwritePolicy(of: client) == .delete {
      client.found = id
      client.session.lookups[id] = (client.session.lookups[id] ?? 0) + 1
    }
    return outcome
  }

  /// Notes that a client has fetched the object it was told of by name, or asks for something else.
  func endLookup(of client: Client) {
    guard let id = client.found else { return }
    client.found = nil
    let session = client.session
    let rest = (session.lookups[id] ?? 1) - 1
    session.lookups[id] = rest == 0 ? nil : rest
    reconsider(id, in: session)
  }

  /// Deletes an object that lost a name to another if nobody uses it any more. Nobody's grants end by that.
  func reconsider(_ id: ObjectID, in session: Session) {
    guard session.superseded.contains(id), session.retiring[id] == nil, !isUsed(id, in: session) else { return }
    deleteUnused(id, in: session)
  }

  /// Deletes something of which nobody knows or wants to know any more: itself at once, its members in steps. Nobody's
  /// grants end by that.
  func deleteUnused(_ id: ObjectID, in session: Session) {
    var deletion = Deletion([id], of: session, force: false, deep: true, isImplicit: true, by: nil)
    deletion.begin(self)
    reclaim(Ignoring(deletion))
  }

  /// Makes room by deleting something of no use: a part left by a failed put, or an object that lost its name and is
  /// only kept for clients that have not fetched it yet.
  ///
  /// - Returns: false when there is none.
  func removeOneLeftOver(in session: Session) -> Bool {
    if removeOneSuspect(in: session) { return true }
    while let (id, _) = session.retiring.popFirst() {
      work.spend(Work.entry)
      guard session.superseded.contains(id), !isUsed(id, in: session) else { continue }
      deleteUnused(id, in: session)
      return true
    }
    // Unneeded objects are gone unless they were looked up: at most one for each client.
    for (id, _) in session.lookups {
      work.spend(Work.entry)
      guard session.superseded.contains(id), !isNeeded(id, in: session) else { continue }
      deleteUnused(id, in: session)
      return true
    }
    return false
  }

  /// Whether a name, an object, a stream or a client that was told of it uses an object.
  func isUsed(_ id: ObjectID, in session: Session) -> Bool {
    session.lookups[id] != nil || isNeeded(id, in: session)
  }

  private func isNeeded(_ id: ObjectID, in session: Session) -> Bool {
    session.names.name(of: id) != nil || session.metadata.hasDependents(id) || session.streams[id] != nil
  }
}
