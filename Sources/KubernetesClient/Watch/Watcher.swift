import Coordination
import Documents
import Logging
import Support

/// Lists, watches, and goes on after every interruption.
struct Watcher {
  private let client: KubernetesClient
  private let selection: Selection
  private let operation: Operation
  /// Version to go on from; nil asks for a list.
  private var resourceVersion: String?
  private var stream: HTTPStream?
  private var lines = LineSplitter()
  private var events: ArraySlice<WatchEvent> = []
  private var hasListed = false
  /// Interruptions since the last sign of life.
  private var interruptions = 0

  init(_ client: KubernetesClient, _ selection: Selection) {
    self.client = client
    self.selection = selection
    operation = selection.operation("watch")
  }

  mutating func next() async throws -> WatchEvent {
    while true {
      if let event = events.popFirst() { return event }
      do {
        try await advance()
      } catch let error as CancellationError {
        throw error
      } catch {
        try await recover(from: error)
      }
    }
  }

  /// Does one step: list, connect, or read.
  private mutating func advance() async throws {
    guard let version = resourceVersion else {
      let resource = try await client.existingResource(for: selection.type, operation)
      let list = try await client.list(selection, resource)
      events = [.replaced(list.items)]
      resourceVersion = list.resourceVersion
      hasListed = true
      return
    }
    guard let stream else {
      stream = try await connect(from: version)
      lines = LineSplitter()
      return
    }
    guard let bytes = try await stream.next() else {
      // The server ends every watch after a while; one that ends without a word is no sign of health.
      self.stream = nil
      if lines.isInsideLine { throw TransportFailure(.reset, "the watch ended inside a line") }
      interruptions += 1
      if interruptions > 1 { try await pause() }
      return
    }
    for line in lines.take(bytes) { try take(WatchLine(line, selection.type)) }
  }

  private func connect(from version: String) async throws -> HTTPStream {
    let resource = try await client.existingResource(for: selection.type, operation)
    let path = selection.path(resource)
      .setting("watch", "true").setting("allowWatchBookmarks", "true").setting("resourceVersion", version)
      .setting("timeoutSeconds", String(Int.random(in: client.timing.watch)))
    return try await client.open(APICall(path, operation))
  }

  private mutating func take(_ line: WatchLine) throws {
    switch line {
    case .event(let event, let version):
      events.append(event)
      advance(to: version)
    case .bookmark(let version): advance(to: version)
    case .failure(let status): throw KubernetesError(status, operation, server: client.server)
    }
  }

  private mutating func advance(to version: String) {
    interruptions = 0
    if !version.isEmpty { resourceVersion = version }
  }

  private mutating func recover(from error: any Error) async throws {
    stream = nil
    let error = client.placed(error, operation)
    if let refusal = error as? KubernetesError, refusal.isExpired {
      client.log.debug("\(operation): the version is no longer kept, listing again")
      resourceVersion = nil
      interruptions += 1
      if interruptions > 1 { try await pause() }
      return
    }
    // Before the first list nobody knows whether this can ever work.
    guard hasListed, Self.isPassing(error) else { throw error }
    interruptions += 1
    client.log.debug("\(operation): interrupted, going on: \(error)")
    try await pause()
  }

  /// Whether a watch that worked may work again.
  private static func isPassing(_ error: any Error) -> Bool {
    switch error {
    case let error as KubernetesError: error.httpStatus == 408 || error.httpStatus == 429 || error.httpStatus >= 500
    case let error as TransportError:
      switch error.kind {
      case .unreachable, .timeout, .reset, .malformedAnswer, .tooLarge: true
      case .tls, .unsupported, .podUnreachable, .unusable: false
      }
    default: false
    }
  }

  private func pause() async throws {
    try await client.timing.sleep(client.timing.retry.backOff.delay(after: interruptions))
  }
}
