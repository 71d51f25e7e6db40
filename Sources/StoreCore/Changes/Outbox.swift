import DequeModule

/// Something that is to be done outside of the store.
public enum Effect {
  /// Try requests again that wait for a key.
  case retry(WaitKey)
  /// Note that a volume has contents, the first time.
  case save(Volume)
  /// Note that the root session has names, the first time.
  case noteNames
  /// Make changes durable, then ``Store/acknowledge(upTo:)`` or ``Store/refuse(_:)``.
  case write(ChangeSet)
}

/// Effects to be carried out outside of the store, in the order in which they came up.
struct Outbox {
  private var effects: Deque<Effect> = []
  /// The keys in it, each of which is there once.
  private var keys: Set<WaitKey> = []

  var isEmpty: Bool { effects.isEmpty }

  mutating func add(_ effect: Effect) {
    if case .retry(let key) = effect, !keys.insert(key).inserted { return }
    effects.append(effect)
  }

  mutating func next() -> Effect? {
    guard let effect = effects.popFirst() else { return nil }
    if case .retry(let key) = effect { keys.remove(key) }
    return effect
  }

  /// Forgets a volume that is gone.
  mutating func remove(_ volume: Volume) {
    effects.removeAll { effect in
      guard case .save(let saved) = effect else { return false }
      return saved === volume
    }
  }
}
