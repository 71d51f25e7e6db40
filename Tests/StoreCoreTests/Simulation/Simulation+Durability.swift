import JSON
import SeededRandom
import StoreCore
import StoreProtocol

/// A backend that acknowledges late, out of time, or refuses.
extension Simulation {
  // MARK: - What is done

  /// Notes something before it is done.
  ///
  /// - Parameters:
  ///   - isPublished: whether others are to know of it.
  ///   - isAsked: whether it may be refused: a client waits for it.
  func note(_ kind: ModelStep.Kind, in session: ModelSession, isPublished: Bool, isAsked: Bool = false) {
    guard isLate else { return }
    let isPublished = isPublished && session.isShared
    if isAsked {
      isWritten = isWritten || isPublished
    } else if isPublished {
      lastNumber += 1
      outstanding.append(lastNumber)
      if case .other = kind { awaited = lastNumber }
    } else if history.isEmpty {
      return
    }
    let id = session.session.id
    if base[id] == nil { base[id] = ModelContents(objects: session.objects, names: session.names) }
    history.append(
      ModelStep(
        request: isAsked ? request : 0, session: session, kind: kind,
        number: isAsked ? .max : isPublished ? lastNumber : 0))
  }

  func put(_ id: ObjectID, _ object: ModelObject, in session: ModelSession, isAsked: Bool = false) {
    note(.put(id, object), in: session, isPublished: object.isPersistent, isAsked: isAsked)
    session.objects[id] = object
  }

  /// Takes an object out, and its names.
  func takeOut(_ id: ObjectID, in session: ModelSession, isAsked: Bool = false) {
    guard let object = session.objects[id] else { return }
    for (name, target) in session.names where target == id {
      note(.unname(name, of: id), in: session, isPublished: true, isAsked: isAsked)
    }
    note(.remove(id, object), in: session, isPublished: object.isPersistent, isAsked: isAsked)
    session.names.removeAll { $0.id == id }
    session.objects[id] = nil
  }

  /// Takes out a blob that may come back.
  func retire(_ id: ObjectID, in session: ModelSession, by client: SimulatedClient, isAsked: Bool) {
    guard isLate, session.blobs[id]?.isCopy != true else { return remove(id, in: session, by: client) }
    guard let blob = session.blobs.removeValue(forKey: id) else { return }
    history.append(
      ModelStep(
        request: isAsked ? request : 0, session: session, kind: .blob(id, blob, remover: client),
        number: isAsked ? .max : 0))
  }

  /// The request stands and falls with the one that makes an object visible for good.
  func rely(on id: ObjectID, in session: ModelSession) {
    guard isLate else { return }
    let step = history.first { step in
      guard step.session === session, step.request != 0, outstanding.contains(step.number), step.object == id else {
        return false
      }
      switch step.kind {
      case .put, .persist: return true
      default: return false
      }
    }
    guard let step else { return }
    awaited = max(awaited, step.number)
    note(.reliance(id), in: session, isPublished: false, isAsked: true)
  }

  /// Ends the request at hand.
  ///
  /// - Returns: the number of its change set, if it has one.
  @discardableResult
  func endRequest(of client: SimulatedClient) throws(SimulationFailure) -> UInt64? {
    guard isLate else { return nil }
    var expected: Durability = awaited == 0 ? .durable : .pending(awaited)
    if isWritten {
      lastNumber += 1
      outstanding.append(lastNumber)
      expected = .pending(lastNumber)
      refusable.insert(lastNumber)
    }
    for index in history.indices where history[index].number == .max {
      history[index].number = isWritten ? lastNumber : 0
    }
    let durability = store.endRequest(of: client.handle)
    record("\(durability)")
    try check(durability == expected, "the reply is \(durability), expected \(expected)")
    let number = isWritten ? lastNumber : nil
    isWritten = false
    awaited = 0
    request += 1
    prune()
    return number
  }

  /// The keys of what changed; change sets come in order.
  func takeChanges() throws(SimulationFailure) -> Set<WaitKey> {
    var keys: Set<WaitKey> = []
    while let effect = store.nextEffect() {
      switch effect {
      case .retry(let key): keys.insert(key)
      case .write(let set):
        lastWritten += 1
        try check(set.number == lastWritten, "change set \(set.number) is handed out after \(lastWritten - 1)")
        try check(!set.changes.isEmpty, "change set \(set.number) is empty")
      case .save, .noteNames: break
      }
    }
    // What is handed out and awaited by nobody is a matter of the next request, not of the last one.
    awaited = 0
    prune()
    return keys
  }

  // MARK: - Verdicts

  func settleSome() throws(SimulationFailure) {
    if random.oneIn(3) { return try misjudge() }
    guard let number = random.pick(outstanding) else { return }
    switch random.number(below: 8) {
    case 0, 1: try acknowledge(upTo: number)
    case 2, 3:
      begin("refuse \(number)")
      _ = try refuse(number)
    default: break
    }
  }

  /// Verdicts about what is settled, or not there yet, change nothing.
  private func misjudge() throws(SimulationFailure) {
    begin("verdicts out of time")
    let settled = (outstanding.first ?? lastNumber + 1) - 1
    store.acknowledge(upTo: settled)
    for number in [0, settled, lastNumber + 7] {
      let refused = store.refuse(number)
      try check(refused.isEmpty, "\(refused) are undone by refusing \(number)")
    }
  }

  private func acknowledge(upTo number: UInt64) throws(SimulationFailure) {
    begin("acknowledge \(number)")
    store.acknowledge(upTo: number)
    outstanding.removeAll { $0 <= number }
    prune()
  }

  func acknowledgeAll() throws(SimulationFailure) {
    _ = try takeChanges()
    if isLate { try acknowledge(upTo: lastNumber) }
  }

  /// - Returns: whether it could be refused.
  func refuse(_ number: UInt64) throws(SimulationFailure) -> Bool {
    let refused = builtOn(number)
    var numbers = Set(history.filter { refused.contains($0.request) && $0.number > 0 }.map(\.number))
    // Of some there is nothing left to undo.
    if refusable.contains(number), outstanding.contains(number) { numbers.insert(number) }
    let undone = store.refuse(number)
    record("\(undone)")
    try check(Set(undone) == numbers, "\(undone) are undone, expected \(numbers.sorted())")
    guard !numbers.isEmpty else { return false }
    undo(refused)
    outstanding.removeAll { numbers.contains($0) }
    prune()
    return true
  }

  /// The requests that are undone when a change set is refused; none when it cannot be.
  private func builtOn(_ number: UInt64) -> Set<Int> {
    var refused = Set(history.filter { $0.number == number && $0.request != 0 }.map(\.request))
    while true {
      let before = refused.count
      var put: Set<ModelPlace> = []
      var persisted: Set<ModelPlace> = []
      for step in history {
        guard let place = step.object.map({ ModelPlace(step.session, $0) }) else { continue }
        if refused.contains(step.request) {
          if case .put = step.kind { put.insert(place) }
          if case .persist = step.kind { persisted.insert(place) }
          continue
        }
        // What is settled, or a matter of this store alone, is not refused.
        guard step.request != 0, outstanding.contains(step.number) else { continue }
        switch step.kind {
        case .name, .reliance: if put.contains(place) || persisted.contains(place) { refused.insert(step.request) }
        case .label, .persist: if put.contains(place) { refused.insert(step.request) }
        default: break
        }
      }
      if refused.count == before { return refused }
    }
  }

  private func undo(_ refused: Set<Int>) {
    var put: Set<ModelPlace> = []
    for step in history where refused.contains(step.request) {
      if case .put(let id, _) = step.kind { put.insert(ModelPlace(step.session, id)) }
    }
    let used = put.filter { place in
      sessions.contains { session in
        session.session.id == place.session
          && session.dependents(of: place.id).contains { !put.contains(ModelPlace(session, $0)) }
      }
    }
    let replay = ModelReplay(history, from: base, refused: refused, used: used)
    for session in sessions {
      guard let contents = replay.contents[session.session.id] else { continue }
      session.objects = contents.objects
      session.names = contents.names.filter { contents.objects[$0.id] != nil }
      for (id, object) in session.objects where !volumes.contains(where: { $0 === object.owner }) {
        session.objects[id]?.owner = nil
      }
    }
    let blobs = history.filter { step in
      guard case .blob(let id, _, _) = step.kind else { return false }
      if refused.contains(step.request) { return true }
      return step.session.dependents(of: id).contains { replay.revived.contains(ModelPlace(step.session, $0)) }
    }
    history = replay.made
    for step in blobs {
      guard case .blob(let id, let blob, _) = step.kind else { continue }
      history.removeAll { if case .blob(_, let other, _) = $0.kind { other === blob } else { false } }
      giveBack(blob, id, to: step.session)
    }
  }

  private func giveBack(_ blob: ModelBlob, _ id: ObjectID, to session: ModelSession) {
    if blob.isAbandoned { free(blob, id, in: session, by: nil) } else { session.blobs[id] = blob }
  }

  // MARK: - What cannot be undone any more

  /// What is settled at the front.
  private func prune() {
    while let step = history.first, step.number != .max, !outstanding.contains(step.number) {
      history.removeFirst()
      _ = base[step.session.session.id]?.apply(step.kind)
      if case .blob(let id, let blob, let remover) = step.kind { free(blob, id, in: step.session, by: remover) }
    }
    if history.isEmpty { base = [:] }
  }

  func forgetHistory(of session: ModelSession) {
    let blobs = history.filter { $0.session === session }
    history.removeAll { $0.session === session }
    base[session.session.id] = nil
    for step in blobs {
      if case .blob(let id, let blob, let remover) = step.kind { free(blob, id, in: session, by: remover) }
    }
  }

  /// What came through a volume does not come back.
  func forgetHistory(of volume: ModelVolume) {
    for index in history.indices where history[index].session === volume.session {
      if case .remove(_, let object) = history[index].kind, object.owner === volume { history[index].isFinal = true }
    }
    let blobs = history
    history.removeAll { step in
      if case .blob(_, let blob, _) = step.kind { blob.payer === volume } else { false }
    }
    for step in blobs {
      guard case .blob(let id, let blob, let remover) = step.kind, blob.payer === volume else { continue }
      free(blob, id, in: step.session, by: remover)
    }
  }

  var retiredBlobs: [ModelBlob] {
    history.compactMap { if case .blob(_, let blob, _) = $0.kind { blob } else { nil } }
  }

  /// Ids of deleted objects, or blobs, that may come back.
  func reserved(in session: ModelSession, blobs: Bool) -> Set<ObjectID> {
    Set(
      history.compactMap { step in
        guard step.session === session, !step.isFinal else { return nil }
        switch step.kind {
        case .remove(let id, _) where !blobs: return id
        case .blob(let id, _, _) where blobs: return id
        default: return nil
        }
      })
  }

  func isReserved(_ id: ObjectID, in session: ModelSession) -> Bool {
    reserved(in: session, blobs: id.isBlob).contains(id)
  }

  /// A client goes that had not sealed what was deleted.
  func abandonRetired(by client: SimulatedClient) {
    for blob in retiredBlobs where blob.writer === client {
      blob.writer = nil
      blob.isAbandoned = true
    }
  }

  // MARK: - Looking at everything

  /// All that the store says of objects, names, blobs and volume usage.
  func fingerprint() throws(SimulationFailure) -> String {
    var text = "\(store.memory.used) \(store.memory.retained)\n"
    for session in sessions {
      let real = session.session
      let ids = try expect(nil) { try store.listObjects(.wildcard("*"), limit: .max, in: real) } ?? []
      let writer = ByteWriter()
      _ = try expect(nil) { try store.render(ids, in: real, into: writer) }
      text += String(decoding: writer.bytes, as: UTF8.self)
      text += "\(try expect(nil) { try store.listNames(.wildcard("*"), limit: .max, in: real) } ?? [])"
      text += "\(store.liveRanges(in: real)) \(real.objectCount) \(real.nameCount) \(real.heapBytes)\n"
    }
    for volume in volumes.map(\.volume) {
      text += "\(volume.id) \(volume.usage.used) \(volume.objectCount) \(volume.nameCount)\n"
    }
    return text
  }
}
