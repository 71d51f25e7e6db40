import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Support
import Synchronization

/// Follows the objects of a type and keeps them.
final class Informer: Sendable {
  /// The part of an object that is kept, nil for an object that is of no interest.
  typealias View = @Sendable (KubernetesObject) -> KubernetesObject?

  let type: ObjectType
  private let view: View
  private let selection: (namespace: String?, labels: String?, fields: String?)
  private let cache = Mutex(ObjectCache())
  private let sync = Latch()

  /// - Parameters:
  ///   - namespace: nil for every namespace.
  ///   - labels: a label selector.
  ///   - fields: a field selector.
  ///   - view: keeps memory small where there are many objects.
  init(
    _ type: ObjectType, namespace: String? = nil, labels: String? = nil, fields: String? = nil,
    view: @escaping View = { $0 }
  ) {
    self.type = type
    self.view = view
    selection = (namespace, labels, fields)
  }

  /// One object.
  convenience init(_ object: ObjectReference) {
    self.init(object.type, namespace: object.namespace, fields: "metadata.name=\(object.name)")
  }

  /// Waits until the objects have been listed once.
  ///
  /// - Throws: `CancellationError`.
  func waitUntilSynced() async throws { try await sync.wait() }

  subscript(key: ObjectKey) -> KubernetesObject? { cache.withLock { $0.objects[key] } }

  var keys: [ObjectKey] { cache.withLock { $0.objects.keys.sorted() } }

  var all: [KubernetesObject] {
    cache.withLock { cache in cache.objects.keys.sorted().compactMap { cache.objects[$0] } }
  }

  func objects(ownedBy uid: String) -> [KubernetesObject] { cache.withLock { $0.objects(ownedBy: uid) } }

  /// Takes over an object that a write has returned.
  func observeWrite(_ object: KubernetesObject) { cache.withLock { $0.observeWrite(object) } }

  /// Follows the objects until the task is cancelled.
  ///
  /// - Parameter changed: is called with every change, after the cache has it.
  func run(_ client: KubernetesClient, log: Logger, changed: @Sendable (ObjectCache.Change) -> Void) async throws {
    let backOff = BackOff(first: .seconds(1), longest: .seconds(30))
    var failures = 0
    while true {
      do {
        let events = client.watch(
          type, namespace: selection.namespace, labels: selection.labels, fields: selection.fields)
        for try await event in events {
          failures = 0
          let changes = event.seen(by: view).map { event in cache.withLock { $0.take(event) } } ?? []
          for change in changes { changed(change) }
          // Only now: those who wait for it count on every change having been reported.
          sync.open()
        }
        try Task.checkCancellation()
      } catch let error as CancellationError {
        throw error
      } catch {
        // What a watch gives up on may change: a right that is granted, a kind that is defined.
        try Task.checkCancellation()
        failures += 1
        log.warning("\(type.kind) objects cannot be watched, trying again: \(error)")
        try await Task.sleep(for: backOff.delay(after: failures))
      }
    }
  }
}

extension WatchEvent {
  /// The event with what a view keeps of the objects; nil when that is nothing.
  fileprivate func seen(by view: Informer.View) -> WatchEvent? {
    switch self {
    case .replaced(let objects): .replaced(objects.compactMap(view))
    case .added(let object): view(object).map { .added($0) }
    case .modified(let object): view(object).map { .modified($0) }
    case .deleted(let object): view(object).map { .deleted($0) }
    }
  }
}
