import DequeModule
import StoreProtocol

/// Undoes the changes of refused requests, although others have made changes since.
///
/// Goes back to the first of them, then makes the changes of other requests again, except where that is impossible: an
/// object that came back keeps its members from being deleted, and one that others have as a member by now stays, known
/// to them only. Links are repaired where an object came back or went.
struct Undoing {
  private let store: Store
  private let refused: Set<UInt64>
  /// Steps done since, by the refused requests and by others.
  private var steps: [ChangeLog.Entry] = []
  /// Objects and blobs that came back.
  private var revived: Set<Place> = []
  /// Objects and blobs that the refused requests have put and others have as members.
  private var used: Set<Place> = []
  /// Objects and blobs deleted, by the request that did it.
  private var deleted: [UInt64: Set<Place>] = [:]

  init(_ refused: Set<UInt64>, in store: Store) {
    self.refused = refused
    self.store = store
  }

  mutating func run() {
    guard let first = store.log.entries.firstIndex(where: { refused.contains($0.request) }) else { return }
    steps = Array(store.log.entries[first...])
    store.log.entries.removeSubrange(first...)
    survey()
    for entry in steps.reversed() {
      if case .metadata(_, let undo) = entry.step { entry.session.takeBack(undo) }
    }
    for entry in steps {
      if refused.contains(entry.request) {
        leaveOut(entry)
      } else if let again = redo(entry) {
        store.log.entries.append(again)
      }
    }
    for entry in steps where refused.contains(entry.request) { settleName(entry) }
    giveBackBlobs()
  }

  private mutating func survey() {
    var put: Set<Place> = []
    for entry in steps {
      guard case .metadata(let change, _) = entry.step else { continue }
      if case .remove(let id) = change { deleted[entry.request, default: []].insert(Place(entry.session, id)) }
      if case .put(let id, _) = change, refused.contains(entry.request) { put.insert(Place(entry.session, id)) }
    }
    for entry in steps where refused.contains(entry.request) {
      guard case .metadata(.put(let id, _), _) = entry.step else { continue }
      let isUsed = entry.session.metadata.dependents(of: id).contains { !put.contains(Place(entry.session, $0)) }
      if isUsed { used.insert(Place(entry.session, id)) }
    }
  }

  // MARK: - Refused changes

  private mutating func leaveOut(_ entry: ChangeLog.Entry) {
    let session = entry.session
    switch entry.step {
    case .metadata(.put(let id, var record), _):
      if used.contains(Place(session, id)) {
        record.isTransient = true
        _ = session.apply(.put(id, record))
      } else {
        for link in record.links { _ = session.unlink(link.id, from: id) }
      }
    case .metadata(.remove(let id), _): revive(id, in: session)
    case .blob(let id, let blob, _): store.giveBack(blob, id, to: session)
    case .metadata, .reliance: break
    }
  }

  /// Repairs the links of an object that is there again, and brings those of its members back that went again already.
  private mutating func revive(_ id: ObjectID, in session: Session) {
    guard let record = session.metadata[id], revived.insert(Place(session, id)).inserted else { return }
    store.note(.object(session: session.id, id))
    for link in record.links {
      session.link(link.id, to: id)
      if !link.id.isBlob, !session.metadata.contains(link.id) { bringBack(link.id, in: session) }
    }
  }

  private mutating func bringBack(_ id: ObjectID, in session: Session) {
    let index = store.log.entries.lastIndex { entry in
      guard entry.session === session, case .metadata(.remove(let removed), _) = entry.step else { return false }
      return removed == id
    }
    guard let index, case .metadata(_, let undo) = store.log.entries[index].step else { return }
    let request = store.log.entries.remove(at: index).request
    session.takeBack(undo)
    bringBackNames(of: id, in: session, from: request)
    revive(id, in: session)
  }

  /// Gives an object the names back that a request took from it to delete it.
  private func bringBackNames(of id: ObjectID, in session: Session, from request: UInt64) {
    for (index, entry) in store.log.entries.enumerated().reversed() {
      guard entry.request == request, entry.session === session,
        case .metadata(.unname(let name), .name(let undo)) = entry.step, undo.former?.id == id
      else { continue }
      store.log.entries.remove(at: index)
      if session.names[name] == nil { session.takeBack(.name(undo)) }
    }
  }

  /// A name that leads somewhere again wakes those who wait for it; one whose object cannot come back goes.
  private func settleName(_ entry: ChangeLog.Entry) {
    guard case .metadata(_, .name(let undo)) = entry.step, let id = entry.session.names[undo.name] else { return }
    if entry.session.metadata.contains(id) {
      store.note(.name(session: entry.session.id, undo.name))
    } else {
      _ = entry.session.apply(.unname(undo.name))
    }
  }

  // MARK: - Changes of other requests

  /// Makes a change again.
  ///
  /// - Returns: nil when it is not to be made any more.
  private mutating func redo(_ entry: ChangeLog.Entry) -> ChangeLog.Entry? {
    let session = entry.session
    guard case .metadata(let change, _) = entry.step else { return entry }
    switch change {
    case .clear, .copy: return entry
    case .put: break
    case .remove(let id):
      guard session.metadata.contains(id) else { return nil }
      if isAdopted(entry) {
        takeNames(from: id, in: session)
        break
      }
      if isUsedAgain(id, in: session) || session.names.name(of: id) != nil {
        bringBackNames(of: id, in: session, from: entry.request)
        revive(id, in: session)
        return nil
      }
    case .unname(let name):
      guard let id = session.names[name] else { return nil }
      if !isAdopted(entry), isOfDeletion(entry), !isFormerTarget(id, of: entry) || isUsedAgain(id, in: session) {
        return nil
      }
    case .name(_, let id): guard session.metadata[id]?.isTransient == false else { return nil }
    case .persist(let id), .label(let id, _, _), .supersede(let id, _), .removeOwner(let id):
      guard session.metadata.contains(id) else { return nil }
    }
    let undo = session.apply(change)
    if case .nothing = undo { return nil }
    return ChangeLog.Entry(request: entry.request, session: session, step: .metadata(change, undo))
  }

  /// Whether somebody else made the change, so that it stays whatever is refused here.
  private func isAdopted(_ entry: ChangeLog.Entry) -> Bool {
    guard entry.request == 0, case .metadata(let change, let undo) = entry.step else { return false }
    switch change {
    case .remove: return undo.removed?.isTransient == false
    case .unname: return true
    default: return false
    }
  }

  /// Takes the names away that an object has again which somebody else has deleted.
  private mutating func takeNames(from id: ObjectID, in session: Session) {
    while let name = session.names.firstName(of: id) {
      let undo = session.apply(.unname(name))
      store.log.entries.append(.init(request: 0, session: session, step: .metadata(.unname(name), undo)))
    }
  }

  /// Whether a name was taken from an object to delete it.
  private func isOfDeletion(_ entry: ChangeLog.Entry) -> Bool {
    guard case .metadata(_, let undo) = entry.step, let id = undo.formerTarget else { return false }
    return deleted[entry.request]?.contains(Place(entry.session, id)) == true
  }

  private func isFormerTarget(_ id: ObjectID, of entry: ChangeLog.Entry) -> Bool {
    guard case .metadata(_, let undo) = entry.step else { return false }
    return undo.formerTarget == id
  }

  /// Gives blobs back that others deleted and something has as a member again.
  private func giveBackBlobs() {
    for (index, entry) in store.log.entries.enumerated().reversed() {
      guard case .blob(let id, let blob, _) = entry.step, isUsedAgain(id, in: entry.session) else { continue }
      store.log.entries.remove(at: index)
      store.giveBack(blob, id, to: entry.session)
    }
  }

  /// Whether something that came back has this as a member.
  private func isUsedAgain(_ id: ObjectID, in session: Session) -> Bool {
    session.metadata.dependents(of: id).contains { revived.contains(Place(session, $0)) }
  }
}

extension Store {
  func undo(_ requests: Set<UInt64>) {
    var undoing = Undoing(requests, in: self)
    undoing.run()
  }
}
