import KubernetesObjects

/// The objects of a selection and every change to them, for as long as they are read.
///
/// The first event, and the first after changes were missed, is `replaced`. Dropped connections are replaced by new
/// ones. Reading ends with an error only: `CancellationError`, or what the server refuses for good, such as 403 or a
/// kind that is gone.
public struct WatchSequence: AsyncSequence, Sendable {
  public typealias Element = WatchEvent

  let client: KubernetesClient
  let selection: Selection

  public func makeAsyncIterator() -> Iterator { Iterator(Watcher(client, selection)) }

  public struct Iterator: AsyncIteratorProtocol {
    private var watcher: Watcher

    init(_ watcher: Watcher) { self.watcher = watcher }

    /// Waits for the next event; never nil.
    ///
    /// - Throws: `CancellationError`; before the first list as every call of ``KubernetesClient``, later when the
    ///   server refuses for good.
    public mutating func next() async throws -> WatchEvent? { try await watcher.next() }
  }
}

extension KubernetesClient {
  /// Watches the objects of a type; the parameters are those of `list`.
  public func watch(
    _ type: ObjectType, namespace: String? = nil, labels: String? = nil, fields: String? = nil
  ) -> WatchSequence {
    WatchSequence(
      client: self, selection: Selection(type: type, namespace: namespace, labels: labels, fields: fields))
  }
}
