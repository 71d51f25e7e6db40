import Coordination
import Glibc
import Logging
import Support
import Synchronization

/// One forwarded port: a local listener, and a channel to the pod for each connection to it.
final class Forwarding: Sendable {
  private struct State {
    /// A channel that waits for the first connection.
    var first: PodChannel?
    var failure: (any Error)?
  }

  let listener: LocalListener
  let stop: StopSignal
  private let client: KubernetesClient
  private let call: APICall
  private let state = Mutex(State())

  init(_ client: KubernetesClient, _ call: APICall) throws {
    do {
      listener = try LocalListener()
      stop = try StopSignal()
    } catch {
      throw client.placed(error, call.operation)
    }
    self.client = client
    self.call = call
  }

  /// Cause of the last connection that failed.
  var failure: (any Error)? { state.withLock { $0.failure } }

  func openFirst() async throws {
    let channel = try await client.openChannel(call, stop: stop)
    state.withLock { $0.first = channel }
  }

  /// Serves connections until there is a stop, then waits for the last of them to end.
  func serve() async {
    await withTaskCancellationHandler {
      await withDiscardingTaskGroup { group in
        while let local = await accept() { group.addTask { await self.serve(local) } }
        // The thread that accepted may hold the listener a little longer.
        listener.refuse()
      }
    } onCancel: {
      stop.raise()
    }
  }

  private func accept() async -> CInt? {
    try? await onThread(named: "kubernetes-port") { self.listener.accept(stop: self.stop) }
  }

  private func serve(_ local: CInt) async {
    // Closed last, so that the reader who sees the end of the connection also finds the reason.
    defer { close(local) }
    do {
      let channel = try await channel()
      try await onThread(named: "kubernetes-pump") {
        var pump = Pump(local: local, channel, stop: self.stop)
        try pump.run()
      }
    } catch {
      if error is CancellationError { return }
      let placed = client.placed(error, call.operation)
      client.log.debug("\(call.operation): \(placed)")
      state.withLock { $0.failure = placed }
    }
  }

  private func channel() async throws -> PodChannel {
    let first = state.withLock { state in
      defer { state.first = nil }
      return state.first
    }
    if let first { return first }
    return try await client.openChannel(call, stop: stop)
  }
}
