import Logging
import ServiceLifecycle

/// Runs services until the task is cancelled, then ends them one after another, the last one first, since each may rely
/// on those before it. When one of them ends, so do all.
///
/// - Parameter limit: time that they have for their end; what takes longer is cancelled.
/// - Throws: the first error of a service, once all have ended.
public func runServices(_ services: [any Service], endingWithin limit: Duration) async throws {
  var configuration = ServiceGroupConfiguration(
    services: services.map {
      .init(
        service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
        failureTerminationBehavior: .gracefullyShutdownGroup)
    },
    // The services tell themselves what people want to know.
    logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() })
  configuration.maximumGracefulShutdownDuration = limit
  let group = ServiceGroup(configuration: configuration)
  // Not a child, since cancellation would reach the services at once.
  let running = Task { try await group.run() }
  try await withTaskCancellationHandler {
    try await running.value
  } onCancel: {
    Task { await group.triggerGracefulShutdown() }
  }
}

/// Work that goes on until it is cancelled, as a service: to end it is to cancel it.
public struct CancellableService: Service {
  private let body: @Sendable () async throws -> Void

  public init(_ body: @escaping @Sendable () async throws -> Void) { self.body = body }

  /// Does the work.
  ///
  /// - Throws: what it throws, except for `CancellationError` when it was to end.
  public func run() async throws {
    do {
      try await cancelWhenGracefulShutdown(body)
    } catch is CancellationError where Task.isShuttingDownGracefully {
    }
  }
}
