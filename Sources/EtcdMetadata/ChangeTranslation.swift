import EtcdClient
import JSON
import MetadataBackend
import StoreCore
import StoreProtocol

/// Turns changes of objects and names into changes of keys.
///
/// Members come before what has them, names after what they lead to, and deletions last, so that whoever reads between
/// two transactions finds nothing half done.
struct ChangeTranslation {
  /// What becomes of an object.
  private enum Fate {
    /// - isRestored: whether others may see something else there.
    case put(MetadataRecord, isRestored: Bool)
    case removed(MetadataRecord?)
    /// Some of its fields change that are keys of their own.
    case fields(labels: Bool, name: Bool)
  }

  private let store: Store
  private let layout: KeyLayout
  private var fates: [MetadataPlace: Fate] = [:]
  private var names: [MetadataPlace: ObjectID?] = [:]
  /// Places in the order in which they were first changed.
  private var order: [MetadataPlace] = []
  /// Sessions all of whose objects and names go.
  private(set) var cleared: [UInt64] = []
  private var signatures: [[UInt8]] = []

  init(_ store: Store, _ layout: KeyLayout) {
    self.store = store
    self.layout = layout
  }

  // MARK: - What changes

  mutating func add(_ written: WrittenChange) {
    let session = written.session
    switch written.change {
    case .put(let id, let record): set(id, session, .put(record, isRestored: false))
    case .remove(let id): set(id, session, .removed(written.removed))
    case .label(let id, _, _): touch(id, session, labels: true)
    case .name(let name, let id):
      set(name, session, id)
      touch(id, session, name: true)
      if let former = written.former, former != id { touch(former, session, name: true) }
    case .unname(let name):
      set(name, session, nil)
      if let former = written.former { touch(former, session, name: true) }
    case .clear:
      cleared.append(session)
      order = order.filter { $0.session != session }
      fates = fates.filter { $0.key.session != session }
      names = names.filter { $0.key.session != session }
    case .copy: addContents(of: session)
    case .persist, .supersede, .removeOwner: break
    }
  }

  /// Everything of a session that others are to see.
  private mutating func addContents(of id: UInt64) {
    guard let session = store.sessions[id] else { return }
    for object in session.sharedObjects { addPresent(.object(session: id, object.id)) }
    for (name, _) in session.sharedNames { addPresent(.name(session: id, name)) }
  }

  /// A place as the store has it now, whatever others see there.
  mutating func addPresent(_ place: MetadataPlace) {
    switch place {
    case .object(let session, let id):
      let record = store.sessions[session].flatMap { store.sharedRecord(of: id, in: $0) }
      set(id, session, record.map { .put($0, isRestored: true) } ?? .removed(nil))
    case .name(let session, let name): set(name, session, store.sessions[session]?.target(of: name))
    }
  }

  /// The labels or the name of an object as the store has them now.
  mutating func addPresentField(_ field: String, of place: MetadataPlace) {
    if case .object(let session, let id) = place {
      touch(id, session, labels: field == "__labels", name: field == "__name")
    }
  }

  /// The object of a signature as the store has it now.
  mutating func addPresent(signature key: [UInt8]) { signatures.append(key) }

  private mutating func set(_ id: ObjectID, _ session: UInt64, _ fate: Fate) {
    let place = MetadataPlace.object(session: session, id)
    if fates.updateValue(fate, forKey: place) == nil { order.append(place) }
  }

  private mutating func set(_ name: String, _ session: UInt64, _ target: ObjectID?) {
    let place = MetadataPlace.name(session: session, name)
    if names.updateValue(target, forKey: place) == nil { order.append(place) }
  }

  private mutating func touch(_ id: ObjectID, _ session: UInt64, labels: Bool = false, name: Bool = false) {
    switch fates[.object(session: session, id)] {
    case nil: set(id, session, .fields(labels: labels, name: name))
    case .fields(let others, let other)?: set(id, session, .fields(labels: labels || others, name: name || other))
    // What is put has its labels and its name, what goes has none.
    case .put?, .removed?: break
    }
  }

  // MARK: - Operations

  /// The changes of keys; nil when there are none.
  func changes(_ sequence: UInt64, number: UInt64?, isRefusable: Bool) -> KeyChanges? {
    var operations = cleared.flatMap { layout.contents(of: $0) }.map { Transaction.Operation.delete(.prefix($0)) }
    var signatures: [[UInt8]: [UInt8]?] = [:]
    for place in membersFirst { put(place, into: &operations, &signatures) }
    for place in order {
      guard case .name(let session, let name) = place, let target = names[place] else { continue }
      operations.append(.set(layout.text(.name(name), session: session), target.map { JSONText.text($0.rawValue) }))
    }
    for place in order { remove(place, into: &operations, &signatures) }
    for key in self.signatures where signatures[key] == nil {
      guard case (let session, .signature(let instance, let signature))? = layout.parse(key) else { continue }
      set(signature, instance, session, key, into: &operations, &signatures)
    }
    if operations.isEmpty { return nil }
    return KeyChanges(
      sequence: sequence, number: number, isRefusable: isRefusable, since: .now, operations: operations,
      places: Set(order), signatures: Set(signatures.keys), isAlone: !cleared.isEmpty)
  }

  /// What this store makes of the places.
  var own: [(place: MetadataPlace, change: OwnChanges.Change)] {
    names.map { (place: $0.key, change: .name($0.value)) }
      + fates.map { fate in
        switch fate.value {
        case .put: (place: fate.key, change: .put)
        case .removed: (place: fate.key, change: .removed)
        case .fields(let labels, _): (place: fate.key, change: .fields(labels: labels))
        }
      }
  }

  /// The objects that are put or changed, members before what has them.
  private var membersFirst: [MetadataPlace] {
    var sorted: [MetadataPlace] = []
    var visited: Set<MetadataPlace> = []
    for place in order.reversed() {
      var stack: [(place: MetadataPlace, isExpanded: Bool)] = [(place, false)]
      while let (place, isExpanded) = stack.popLast() {
        if isExpanded {
          sorted.append(place)
        } else if let fate = fates[place], visited.insert(place).inserted {
          stack.append((place, true))
          guard case .put(let record, _) = fate else { continue }
          stack += record.memberObjects.map { (.object(session: place.session, $0), false) }
        }
      }
    }
    return sorted
  }

  private func put(
    _ place: MetadataPlace, into operations: inout [Transaction.Operation], _ signatures: inout [[UInt8]: [UInt8]?]
  ) {
    guard case .object(let sessionID, let id) = place, let session = store.sessions[sessionID] else { return }
    func key(_ key: MetadataKey) -> [UInt8] { layout.text(key, session: sessionID) }
    let labels = store.storedLabels(of: id, in: session)
    switch fates[place] {
    case .put(let record, let isRestored)?:
      if let (signature, instance) = record.sharedFacts {
        let signatureKey = key(.signature(instance: instance, signature))
        if signatures.updateValue(JSONText.text("\(id)"), forKey: signatureKey) == nil {
          operations.append(.put(key: signatureKey, value: JSONText.text("\(id)")))
        }
      }
      if labels != nil || isRestored { operations.append(.set(key(.field(id, "__labels")), labels)) }
      if isRestored { operations.append(.set(key(.field(id, "__name")), Self.nameField(record))) }
      let text = store.storedText(of: record, in: session)
      if text.count <= TransactionRoom.bytes / 2 {
        operations.append(.put(key: key(.object(id)), value: text))
      } else {
        operations += ObjectFields.list(text).map { .put(key: key(.field(id, $0.name)), value: $0.value) }
      }
    case .fields(let changesLabels, let changesName)?:
      // Gone again, or not for everybody: then there is nothing to be changed.
      guard let record = store.sharedRecord(of: id, in: session) else { return }
      if changesLabels { operations.append(.set(key(.field(id, "__labels")), labels)) }
      if changesName { operations.append(.set(key(.field(id, "__name")), Self.nameField(record))) }
    case .removed?, nil: break
    }
  }

  private static func nameField(_ record: MetadataRecord) -> [UInt8]? {
    record.storedName.map { JSONText.text("v" + $0) }
  }

  private func remove(
    _ place: MetadataPlace, into operations: inout [Transaction.Operation], _ signatures: inout [[UInt8]: [UInt8]?]
  ) {
    guard case .object(let sessionID, let id) = place, case .removed(let record)? = fates[place] else { return }
    // Its own key and those of its fields.
    operations.append(.delete(.prefix(layout.text(.object(id), session: sessionID))))
    guard let (signature, instance) = record?.sharedFacts else { return }
    let key = layout.text(.signature(instance: instance, signature), session: sessionID)
    if signatures[key] == nil { set(signature, instance, sessionID, key, into: &operations, &signatures) }
  }

  /// Lets a signature lead to the object that has it now, if one has.
  private func set(
    _ signature: UInt64, _ instance: UInt64, _ session: UInt64, _ key: [UInt8],
    into operations: inout [Transaction.Operation], _ signatures: inout [[UInt8]: [UInt8]?]
  ) {
    let object = store.sessions[session].flatMap {
      store.sharedObject(signature: signature, instance: instance, in: $0)
    }
    let value = object.map { JSONText.text("\($0)") }
    signatures.updateValue(value, forKey: key)
    operations.append(.set(key, value))
  }
}

extension Transaction.Operation {
  /// Puts a value or, for nil, deletes the key.
  static func set(_ key: [UInt8], _ value: [UInt8]?) -> Self {
    value.map { .put(key: key, value: $0) } ?? .delete(.key(key))
  }
}

extension MetadataPlace {
  var session: UInt64 {
    switch self {
    case .object(let session, _), .name(let session, _): session
    }
  }
}
