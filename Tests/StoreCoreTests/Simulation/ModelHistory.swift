import StoreCore
import StoreProtocol

/// Objects and names of a session, in the model.
struct ModelContents {
  var objects: [ObjectID: ModelObject]
  var names: [(name: String, id: ObjectID)]
}

/// Something that was done and may be undone, in the model.
struct ModelStep {
  enum Kind {
    case put(ObjectID, ModelObject)
    case remove(ObjectID, ModelObject)
    case persist(ObjectID)
    case label(ObjectID)
    /// An object had to be visible for good already.
    case reliance(ObjectID)
    case name(String, ObjectID)
    case unname(String, of: ObjectID)
    case blob(ObjectID, ModelBlob, remover: SimulatedClient?)
    /// Something that cannot be undone.
    case other
  }

  /// 0 for what cannot be refused.
  let request: Int
  let session: ModelSession
  var kind: Kind
  /// Its change set: 0 when nobody waits for it, the largest number while the request is not at its end.
  var number: UInt64
  /// Whether what was removed cannot come back.
  var isFinal = false

  var object: ObjectID? {
    switch kind {
    case .put(let id, _), .remove(let id, _), .persist(let id), .label(let id), .reliance(let id), .name(_, let id): id
    case .unname, .blob, .other: nil
    }
  }
}

/// What becomes of everything that was done, but for what is refused.
struct ModelReplay {
  private let steps: [ModelStep]
  private let base: [UInt64: ModelContents]
  private let refused: Set<Int>
  /// What the refused have put and others have as a member.
  private let used: Set<ModelPlace>
  private(set) var contents: [UInt64: ModelContents]
  /// What came back.
  private(set) var revived: Set<ModelPlace> = []
  /// Removals that are not made any more.
  private var skipped: Set<Int> = []
  /// Steps that were made.
  private(set) var made: [ModelStep] = []

  init(_ steps: [ModelStep], from base: [UInt64: ModelContents], refused: Set<Int>, used: Set<ModelPlace>) {
    self.steps = steps
    self.base = base
    self.refused = refused
    self.used = used
    contents = base
    repeat {
      contents = base
      made = []
    } while !run()
  }

  /// - Returns: false when one more removal is not to be made, and everything has to be done again.
  private mutating func run() -> Bool {
    for (index, step) in steps.enumerated() {
      let place = step.object.map { ModelPlace(step.session, $0) }
      let session = step.session.session.id
      if refused.contains(step.request), !step.isFinal {
        if case .remove = step.kind, let place, revived.insert(place).inserted { return false }
        if case .put(let id, var object) = step.kind, let place, used.contains(place) {
          object.isPersistent = false
          contents[session]?.objects[id] = object
          made.append(ModelStep(request: 0, session: step.session, kind: .put(id, object), number: 0))
        }
        continue
      }
      if case .remove(let id, _) = step.kind, let place, !step.isFinal {
        if !skipped.contains(index), isUsedAgain(id, session) || isNamed(id, session) {
          skipped.insert(index)
          revived.insert(place)
          return false
        }
        if skipped.contains(index) { continue }
      }
      if case .unname(_, let id) = step.kind, isOfDeletion(step, id) {
        if isKept(id, step) || name(step) != id { continue }
      }
      if apply(step) { made.append(step) }
    }
    return true
  }

  private func isUsedAgain(_ id: ObjectID, _ session: UInt64) -> Bool {
    contents[session]?.objects.contains {
      $0.value.members.contains(id) && revived.contains(ModelPlace(session: session, id: $0.key))
    } == true
  }

  private func isNamed(_ id: ObjectID, _ session: UInt64) -> Bool {
    contents[session]?.names.contains { $0.id == id } == true
  }

  private func name(_ step: ModelStep) -> ObjectID? {
    guard case .unname(let name, _) = step.kind else { return nil }
    return contents[step.session.session.id]?.names.first { $0.name.utf8.elementsEqual(name.utf8) }?.id
  }

  private func isRemoval(_ step: ModelStep, of id: ObjectID, like other: ModelStep) -> Bool {
    guard case .remove(id, _) = step.kind else { return false }
    return step.session === other.session && step.request == other.request
  }

  private func isOfDeletion(_ step: ModelStep, _ id: ObjectID) -> Bool {
    step.request != 0 && steps.contains { isRemoval($0, of: id, like: step) }
  }

  private func isKept(_ id: ObjectID, _ step: ModelStep) -> Bool {
    steps.indices.contains { skipped.contains($0) && isRemoval(steps[$0], of: id, like: step) }
  }

  /// - Returns: whether there was something to do.
  private mutating func apply(_ step: ModelStep) -> Bool {
    contents[step.session.session.id]?.apply(step.kind) ?? true
  }
}

extension ModelContents {
  /// - Returns: false when there was nothing to do.
  mutating func apply(_ kind: ModelStep.Kind) -> Bool {
    switch kind {
    case .put(let id, let object): objects[id] = object
    case .remove(let id, _): return objects.removeValue(forKey: id) != nil
    case .persist(let id):
      guard objects[id]?.isPersistent == false else { return false }
      objects[id]?.isPersistent = true
    case .name(let name, let id):
      guard objects[id]?.isPersistent == true else { return false }
      names.removeAll { $0.name.utf8.elementsEqual(name.utf8) }
      names.append((name, id))
    case .unname(let name, _):
      let count = names.count
      names.removeAll { $0.name.utf8.elementsEqual(name.utf8) }
      return names.count < count
    case .label(let id): return objects[id] != nil
    case .reliance, .blob, .other: break
    }
    return true
  }
}

/// An object or blob of a session.
struct ModelPlace: Hashable {
  let session: UInt64
  let id: ObjectID

  init(session: UInt64, id: ObjectID) {
    self.session = session
    self.id = id
  }

  init(_ session: ModelSession, _ id: ObjectID) { self.init(session: session.session.id, id: id) }
}
