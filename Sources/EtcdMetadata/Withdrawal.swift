import EtcdClient
import MetadataBackend
import StoreCore
import StoreProtocol

/// Places at which etcd may have something else than the store, since changes were undone that are written, or others
/// deleted an object while its labels were written.
///
/// Each is written as the store has it now if nobody else has changed it since; else the store takes what is there. What
/// was deleted leaves nothing to compare: a deletion that is written stays.
struct Withdrawal {
  private enum Doubt {
    /// Something was put that does not count, under a key and others of the place, at a revision.
    case put([UInt8], Int64)
    case deleted
    /// Something is back that a later change has deleted.
    case revived
    /// Fields may be left of an object that others have deleted.
    case leftover
  }

  private let layout: KeyLayout
  private var doubts: [MetadataPlace: Doubt] = [:]
  /// Keys beside, with the revisions at which they were put: fields of objects that stay, and signatures.
  private var fields: [MetadataPlace: [[UInt8]: Int64]] = [:]
  private var signatures: [[UInt8]: Int64] = [:]

  init(_ layout: KeyLayout) { self.layout = layout }

  // MARK: - What is in doubt

  /// Adds what was written and does not count, later changes last.
  ///
  /// - Parameters:
  ///   - touched: objects of which only fields are changed.
  ///   - revisions: those of its parts that are written.
  mutating func add(_ changes: KeyChanges, touched: Set<MetadataPlace>, writtenAt revisions: [Int64]) {
    for place in changes.places where !touched.contains(place) { doubts[place] = .deleted }
    for (part, revision) in zip(TransactionRoom.pieces(of: changes.operations), revisions) {
      for case .put(let key, _, _) in part {
        guard let (session, parsed) = layout.parse(key) else { continue }
        switch parsed {
        case .object(let id): doubts[.object(session: session, id)] = .put(key, revision)
        case .field(let id, let field):
          let place = MetadataPlace.object(session: session, id)
          if touched.contains(place) {
            fields[place, default: [:]][key] = revision
          } else if field != "__labels", field != "__name" {
            doubts[place] = .put(key, revision)
          }
        case .name(let name): doubts[.name(session: session, name)] = .put(key, revision)
        case .signature: signatures[key] = revision
        case .instance, .nextInstance: break
        }
      }
    }
  }

  /// Adds a place where the store has something again.
  ///
  /// - Parameter isRemoved: whether others have deleted it as well.
  mutating func add(revived place: MetadataPlace, isRemoved: Bool) {
    if doubts[place] == nil { doubts[place] = isRemoved ? .deleted : .revived }
  }

  /// Adds an object that others have deleted while this store wrote fields of it.
  mutating func add(leftover place: MetadataPlace) { if doubts[place] == nil { doubts[place] = .leftover } }

  // MARK: - What is written

  var isEmpty: Bool { doubts.isEmpty && fields.isEmpty && signatures.isEmpty }

  /// Takes the changes that can be made now: members before what has them as far as ids tell, names between objects that
  /// are there and those that are not.
  ///
  /// - Parameters:
  ///   - changing: places that wait, since other changes of them are on their way.
  ///   - next: the number of the next change.
  mutating func take(
    _ store: Store, except changing: Set<MetadataPlace>, next: () -> UInt64
  ) -> [(changes: KeyChanges, translation: ChangeTranslation)] {
    var found: [(changes: KeyChanges, translation: ChangeTranslation)] = []
    func add(_ translation: ChangeTranslation, _ change: (inout KeyChanges) -> Void) {
      guard var changes = translation.changes(next(), number: nil, isRefusable: false) else { return }
      changes.isAlone = true
      change(&changes)
      found.append((changes, translation))
    }
    for place in doubts.keys.sorted(by: { rank($0, store) < rank($1, store) }) where !changing.contains(place) {
      guard let doubt = doubts.removeValue(forKey: place) else { continue }
      fields[place] = nil
      var translation = ChangeTranslation(store, layout)
      translation.addPresent(place)
      add(translation) { changes in
        changes.reading = reading(place)
        changes.conditions = conditions(place, doubt)
        if case .deleted = doubt { changes.operations = [] }
      }
    }
    for (place, keys) in fields where !changing.contains(place) {
      fields[place] = nil
      for (key, revision) in keys {
        guard case .field(_, let field)? = layout.parse(key)?.key else { continue }
        var translation = ChangeTranslation(store, layout)
        translation.addPresentField(field, of: place)
        add(translation) { changes in
          changes.reading = .key(key)
          changes.conditions = [.isUnchanged(key, since: revision)]
        }
      }
    }
    for (key, revision) in signatures {
      var translation = ChangeTranslation(store, layout)
      translation.addPresent(signature: key)
      add(translation) { $0.conditions = [.isUnchanged(key, since: revision)] }
    }
    signatures = [:]
    return found
  }

  private func rank(_ place: MetadataPlace, _ store: Store) -> (Int, UInt64, String) {
    switch place {
    case .object(let session, let id):
      let isThere = store.sessions[session].map { store.isShared(id, in: $0) } == true
      return (isThere ? 0 : 2, id.rawValue, "")
    case .name(_, let name): return (1, 0, name)
    }
  }

  private func reading(_ place: MetadataPlace) -> KeyRange {
    switch place {
    case .object(let session, let id): .prefix(layout.text(.object(id), session: session))
    case .name(let session, let name): .key(layout.text(.name(name), session: session))
    }
  }

  private func conditions(_ place: MetadataPlace, _ doubt: Doubt) -> [Transaction.Comparison] {
    switch (doubt, place) {
    case (.put(let key, let revision), _): [.isUnchanged(key, since: revision)]
    case (.deleted, _): []
    case (_, .object(let session, let id)):
      [
        .isAbsent(layout.text(.object(id), session: session)),
        .isAbsent(layout.text(.field(id, "typename"), session: session)),
      ]
    case (_, .name(let session, let name)): [.isAbsent(layout.text(.name(name), session: session))]
    }
  }
}

extension EtcdBackend {
  /// Takes what was read of a place where this store's change is outdated.
  func takeOutdated(_ changes: KeyChanges, _ pairs: [KeyValue], at revision: Int64) {
    var later = own.giveUp(changes.sequence, changes.places)
    guard let place = changes.places.first, let reading = changes.reading else { return later.forEach(takeOver) }
    let (events, labelsOnly) = events(of: place, reading, pairs, at: revision)
    var isTaken = true
    for event in events {
      if own.admits(event) { takeOver(event) } else { isTaken = false }
    }
    if isTaken, !events.isEmpty {
      own.note(place, readAt: revision, labelsOnly: labelsOnly)
      later.removeAll { $0.revision <= revision && (!labelsOnly || $0.change.isLabels) }
    }
    later.forEach(takeOver)
  }

  /// What somebody has made of a place, told from its keys.
  private func events(
    of place: MetadataPlace, _ reading: KeyRange, _ pairs: [KeyValue], at revision: Int64
  ) -> (events: [PlaceEvent], labelsOnly: Bool) {
    func event(_ change: PlaceEvent.Change) -> PlaceEvent {
      PlaceEvent(place: place, change: change, revision: revision)
    }
    if case .name = place {
      let target = pairs.first.flatMap { JSONText.number($0.value) }.map { ObjectID($0) }
      return ([event(.name(target))], false)
    }
    var text: [UInt8]?
    var fields: [String: [UInt8]] = [:]
    for pair in pairs {
      switch layout.parse(pair.key)?.key {
      case .object?: text = pair.value
      case .field(_, let field)?: fields[field] = pair.value
      default: break
      }
    }
    let labels = fields.removeValue(forKey: "__labels")
    if case .field(_, let field)? = layout.parse(reading.start)?.key {
      return (field == "__labels" ? [event(.field(field, labels))] : [], true)
    }
    fields["__name"] = nil
    if text == nil, fields["typename"] != nil { text = ObjectFields.text(fields) }
    guard let text else { return ([event(.removed)], false) }
    return ([event(.object(text)), event(.field("__labels", labels))], false)
  }
}
