import StoreCore
import StoreProtocol

/// Writes again what a store has, after others have removed it or etcd has lost it: a few objects at a time, so that
/// clients are served between.
struct Republishing {
  /// Objects looked at in one step.
  private static let step = 64

  private let wake: @Sendable () -> Void
  /// The object to go on with; nil when there is nothing to do.
  private var next: ObjectID?

  /// - Parameter wake: has the next step done soon.
  init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

  mutating func begin() { next = ObjectID(0) }

  mutating func step(_ store: Store) {
    guard let first = next else { return }
    next = store.publishAgain(from: first, limit: Self.step, in: store.root)
    if next != nil { wake() }
  }
}
