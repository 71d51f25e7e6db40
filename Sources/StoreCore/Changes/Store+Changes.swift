import DequeModule
import StoreProtocol

/// The one way in which objects and names change, and the fate of changes that are not durable yet.
///
/// A change is made at once. What a request changed gets a number when the request ends, and is handed out as one
/// ``ChangeSet``; its reply may leave when that is acknowledged, and it is undone when that is refused.
extension Store {
  /// Whether change sets are handed out and may be refused. Without that every change counts as durable at once, and
  /// nothing is kept. To be set before the first change.
  public var keepsChanges: Bool {
    get { log.isKept }
    set { log.isKept = newValue }
  }

  /// Changes objects or names of a session.
  ///
  /// - Parameter client: the client whose request it is; nil when nobody could be told of a refusal.
  /// - Returns: the step that takes it back.
  @discardableResult
  func apply(_ change: MetadataChange, to session: Session, by client: Client? = nil) -> MetadataUndo {
    let undo = session.apply(change)
    switch change {
    case .put(let id, _): note(.object(session: session.id, id))
    case .name(let name, _):
      noteName(in: session)
      note(.name(session: session.id, name))
    default: break
    }
    if log.isKept { keep(change, undo, in: session, by: client) }
    return undo
  }

  /// Removes an object from a session, whose links are still to be undone, and frees it unless it may come back.
  ///
  /// - Parameter client: whose request it is.
  /// - Returns: its links, nil when there is no such object.
  func removeObject(_ id: ObjectID, from session: Session, by client: Client? = nil) -> [MemberLink]? {
    guard let record = apply(.remove(id), to: session, by: client).removed else { return nil }
    let links = record.links
    dropCopies(of: record, in: session)
    if !log.isPending { discard(record) }
    return links
  }

  /// Closes the changes of a client's request. Its reply may leave when they are durable.
  public func endRequest(of client: Client) -> Durability {
    let (request, awaited) = (client.request, client.awaitedChange)
    client.request = 0
    client.awaitedChange = 0
    guard request != 0 else { return awaited == 0 ? .durable : .pending(awaited) }
    if log.requests[request]?.isRefused == true {
      undo([request])
      log.abandon(request)
      freeDurable()
      return .refused
    }
    guard let set = log.close(request) else {
      freeDurable()
      return awaited == 0 ? .durable : .pending(awaited)
    }
    outbox.add(.write(set))
    return .pending(set.number)
  }

  /// Everything up to a change set is durable.
  public func acknowledge(upTo number: UInt64) {
    log.acknowledge(upTo: number)
    freeDurable()
  }

  /// Undoes a change set that cannot be made durable, as if its request had never been.
  ///
  /// What the store did by itself is not refused: whoever writes it down tries again.
  /// - Returns: the numbers of what is undone: this one, and those that built on it; empty when it cannot be.
  public func refuse(_ number: UInt64) -> [UInt64] {
    guard let request = log.refusable(number) else { return [] }
    let refused = log.builtOn(request)
    undo(refused)
    defer { freeDurable() }
    return log.refuse(refused)
  }

  // MARK: - Keeping

  private func keep(_ change: MetadataChange, _ undo: MetadataUndo, in session: Session, by client: Client?) {
    switch change {
    case .clear: forgetChanges(in: session)
    case .copy: break
    default: if case .nothing = undo { return }
    }
    let written = written(change, undo, in: session)
    let request = request(of: change.isRefusable ? client : nil, isWritten: written != nil)
    if let written { log.add(WrittenChange(written, undo, in: session), to: request) }
    if log.isPending { log.entries.append(.init(request: request, session: session, step: .metadata(change, undo))) }
    guard written != nil, request != client?.request, let set = log.close(request) else { return }
    outbox.add(.write(set))
    // What cannot be refused is waited for nevertheless.
    if !change.isRefusable { client?.awaitedChange = set.number }
  }

  /// The form in which a backend has to write a change; nil when others need not know of it.
  private func written(_ change: MetadataChange, _ undo: MetadataUndo, in session: Session) -> MetadataChange? {
    guard session.isShared else { return nil }
    return switch change {
    case .put(_, let record): record.isTransient ? nil : change
    case .remove: undo.removed?.isTransient == false ? change : nil
    case .persist(let id): session.metadata[id].map { .put(id, $0) }
    case .label(let id, _, _): session.metadata[id]?.isTransient == false ? change : nil
    case .name, .unname, .clear, .copy: change
    case .supersede, .removeOwner: nil
    }
  }

  /// The request that a change belongs to.
  private func request(of client: Client?, isWritten: Bool) -> UInt64 {
    guard let client, clients[client.id] === client else { return isWritten ? log.open(isRefusable: false) : 0 }
    if client.request == 0 { client.request = log.open(isRefusable: true) }
    return client.request
  }

  /// Lets a request stand and fall with another's that makes an object visible for good.
  func rely(on id: ObjectID, in session: Session, by client: Client?) {
    guard log.isPending, let client, let number = log.pendingNumber(persisting: id, in: session) else { return }
    client.awaitedChange = max(client.awaitedChange, number)
    let request = request(of: client, isWritten: false)
    log.entries.append(.init(request: request, session: session, step: .reliance(id)))
  }

  /// Lets nothing come back in a session whose contents go, or move elsewhere.
  func forgetChanges(in session: Session, of usage: VolumeUsage? = nil) {
    if log.entries.isEmpty { return }
    let entries = log.entries
    log.entries.removeAll()
    for entry in entries {
      guard entry.session === session else {
        log.entries.append(entry)
        continue
      }
      switch entry.step {
      case .blob(let id, let blob, let remover):
        if let usage, blob.usage !== usage {
          log.entries.append(entry)
        } else {
          free(blob, id, in: session, by: remover)
        }
      case .metadata(_, let undo):
        if let usage, undo.removed?.owner !== usage { log.entries.append(entry) }
      case .reliance: if usage != nil { log.entries.append(entry) }
      }
    }
    // What is left may have waited for what is forgotten.
    freeDurable()
  }

  // MARK: - Blobs of deleted objects

  /// Removes a blob that may come back with the object that had it.
  ///
  /// - Parameters:
  ///   - remover: the client that wants it, nil when it is nobody's wish.
  ///   - client: whose request it is.
  func retireBlob(_ id: ObjectID, in session: Session, by remover: Client?, for client: Client?) {
    guard log.isPending || log.isKept && client != nil, !isCopy(id, in: session) else {
      return removeBlob(id, in: session, by: remover)
    }
    guard let blob = session.removeBlob(id, self) else { return }
    work.spend(Work.item)
    log.entries.append(
      .init(request: request(of: client, isWritten: false), session: session, step: .blob(id, blob, remover: remover)))
  }

  /// Frees blobs and objects that cannot come back any more.
  private func freeDurable() {
    while let entry = log.popDurable() {
      switch entry.step {
      case .blob(let id, let blob, let remover): free(blob, id, in: entry.session, by: remover)
      case .metadata(_, let undo): if let record = undo.removed { discard(record) }
      case .reliance: break
      }
    }
  }

  /// Puts a blob back.
  func giveBack(_ blob: Blob, _ id: ObjectID, to session: Session) {
    if let writer = blob.writer, clients[writer.id] !== writer { return free(blob, id, in: session, by: nil) }
    session.blobs[id] = blob
    note(.object(session: session.id, id))
  }
}
