import EtcdClient
import MetadataBackend
import StoreCore
import StoreProtocol

/// What the store asks of etcd, since it has not heard of it, or not lately.
extension EtcdBackend {
  public func ask(_ places: [MetadataPlace]) -> UInt64? { questions.ask(places) }

  /// The keys that tell whether something is at a place.
  func keys(of place: MetadataPlace) -> [[UInt8]] {
    switch place {
    case .object(let session, let id):
      [layout.text(.object(id), session: session), layout.text(.field(id, "typename"), session: session)]
    case .name(let session, let name): [layout.text(.name(name), session: session)]
    }
  }

  public func takeAnswers() -> [BackendAnswer] {
    for answer in queues.takeAnswers() {
      guard let places = questions.end(answer.number) else { continue }
      guard let changed = answer.changed else {
        questions.fail(answer.number)
        continue
      }
      for (place, revision) in zip(places, changed) where revision == nil { forget(place, at: answer.revision) }
      // The watch tells of what is there with all that belongs to it.
      var needed: [UInt64: Int64] = [:]
      for (place, revision) in zip(places, changed) {
        needed[place.session] = max(needed[place.session] ?? 0, revision ?? 0)
      }
      questions.answer(answer.number, when: needed)
    }
    return questions.take(at: followed)
  }

  /// Forgets what is not in etcd any more, unless more was heard since.
  private func forget(_ place: MetadataPlace, at revision: Int64) {
    guard let followed = followed[place.session], followed <= revision, !own.isPending(place) else { return }
    // Others may have given the store up meanwhile: then only the watch says what somebody has deleted.
    if membership?.isCertain == false, isOwn(place) { return }
    let change: PlaceEvent.Change =
      switch place {
      case .object: .removed
      case .name: .name(nil)
      }
    let event = PlaceEvent(place: place, change: change, revision: revision)
    // It may have been written here since it was read.
    guard own.admits(event) else { return }
    takeOver(event)
    if followed < revision { own.note(place, readAt: revision) }
  }

  /// Whether a place is this store's to tell of.
  private func isOwn(_ place: MetadataPlace) -> Bool {
    guard let session = store.sessions[place.session] else { return false }
    switch place {
    case .object(_, let id): return store.isOwn(id, in: session)
    case .name(_, let name): return session.target(of: name).map { store.isOwn($0, in: session) } ?? false
    }
  }
}
