import KubernetesObjects
import Logging
import Support
import Synchronization

/// Talks to one Kubernetes API server.
///
/// Every call may throw `KubernetesError` (the server said no), `TransportError` (it said nothing usable),
/// `ProgramError` (the configuration or its credentials are at fault) and `CancellationError`.
public final class KubernetesClient: Sendable {
  /// A finished request, for metrics.
  public struct Exchange: Sendable, Equatable {
    /// `get`, `list`, `watch`, `apply`, …
    public let verb: String
    /// The HTTP status, nil when there was no usable answer.
    public let status: Int?
    public let duration: Duration
  }

  let configuration: ClientConfiguration
  let log: Logger
  let timing: Timing
  /// The field manager of the objects that this client applies.
  public let fieldManager: String
  let observe: (@Sendable (Exchange) -> Void)?
  let transport = Transport()
  let discovery = DiscoveryCache()
  /// Warnings of the server that were passed on.
  let warnings = Mutex<Set<String>>([])
  /// Whether the server has ever answered.
  let hasAnswered = Atomic(false)

  /// Makes a client; nothing is read or connected before the first call.
  ///
  /// - Parameter observe: is called after every request, on any thread.
  public convenience init(
    _ configuration: ClientConfiguration, log: Logger, fieldManager: String = FieldManager.vineyardctl,
    observe: (@Sendable (Exchange) -> Void)? = nil
  ) {
    self.init(configuration, log: log, timing: Timing(), fieldManager: fieldManager, observe: observe)
  }

  init(
    _ configuration: ClientConfiguration, log: Logger, timing: Timing,
    fieldManager: String = FieldManager.vineyardctl, observe: (@Sendable (Exchange) -> Void)? = nil
  ) {
    self.configuration = configuration
    self.fieldManager = fieldManager
    self.observe = observe
    self.log = log
    self.timing = timing
  }

  /// The server's URL.
  public var server: String { configuration.server }

  /// The namespace of objects that name none: the context's, else `default`.
  public var defaultNamespace: String { configuration.namespace ?? "default" }

  /// Time limits; tests give their own.
  struct Timing: Sendable {
    var retry = RetryPolicy()
    /// One request, unless the configuration says otherwise.
    var request: Duration = .seconds(30)
    /// Limit until a connection can be used.
    var connection: Duration = .seconds(30)
    /// Lifetime of a watch, after which the server ends it and the client asks for a new one.
    var watch: ClosedRange<Int> = 240...420
    /// Bookmarks come every minute, so a watch that is silent for longer than this is dead.
    var silence: Duration = .seconds(150)
    /// Bytes of events that may wait for their reader.
    var watchBuffer = 64 << 20
    var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  }
}
