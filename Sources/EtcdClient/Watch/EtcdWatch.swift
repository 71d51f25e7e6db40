import Coordination
import EtcdProtocol
import FoundationEssentials
import GRPCCore
import GRPCProtobuf
import Synchronization

/// What happens to the keys of a range, as a sequence.
public struct EtcdWatch: AsyncSequence, Sendable {
  /// The updates' type.
  public typealias Element = WatchUpdate
  public typealias Failure = EtcdError

  let caller: Caller
  let range: KeyRange
  let revision: Int64
  let horizon: EtcdHorizon

  public func makeAsyncIterator() -> Iterator { Iterator(WatchRunner(caller, range, from: revision, horizon)) }

  /// Starts watching when it is made, and stops when it is dropped.
  public final class Iterator: AsyncIteratorProtocol {
    private let runner: WatchRunner
    private let task: Task<Void, Never>

    init(_ runner: WatchRunner) {
      self.runner = runner
      task = Task { await runner.run() }
    }

    deinit { task.cancel() }

    /// The next update.
    ///
    /// - Throws: `EtcdError.compacted`, `.historyLost`, `.denied` or `.badCertificate` when the watch cannot go on;
    ///   `.cancelled`.
    public func next() async throws(EtcdError) -> WatchUpdate? { try await runner.updates.next() }

    /// The same, on an actor.
    ///
    /// - Throws: as ``next()``.
    public func next(isolation actor: isolated (any Actor)?) async throws(EtcdError) -> WatchUpdate? {
      try await runner.updates.next()
    }
  }
}

/// Keeps a watch going: connects, reads, and connects again where it stopped.
final class WatchRunner: Sendable {
  private struct State {
    var position: WatchPosition
    /// When etcd was last heard of; nil while that does not matter, as what it said is being taken.
    var heard: ContinuousClock.Instant?
    /// Interruptions since etcd was last heard of.
    var failures = 0
    var isConnected = false
    /// The token of the last try, and whether it was renewed since etcd was last heard of.
    var token: String?
    var isTokenRenewed = false
  }

  /// What was heard and not yet taken; etcd keeps the rest.
  let updates = Handover<WatchUpdate>(capacity: 16)
  private let caller: Caller
  private let range: KeyRange
  private let horizon: EtcdHorizon
  /// What the horizon was of when the watch began.
  private let history: Int
  private let state: Mutex<State>

  init(_ caller: Caller, _ range: KeyRange, from revision: Int64, _ horizon: EtcdHorizon) {
    self.caller = caller
    self.range = range
    self.horizon = horizon
    history = horizon.history
    horizon.note(revision - 1, of: history)
    state = Mutex(State(position: WatchPosition(from: revision)))
  }

  /// Runs until the watch cannot go on, or its task is cancelled.
  func run() async {
    do {
      while true {
        do {
          try await follow()
        } catch {
          try await recover(from: error)
        }
      }
    } catch {
      updates.finish(error)
    }
  }

  /// Decides whether the watch goes on, and waits before it does.
  private func recover(from error: EtcdError) async throws(EtcdError) {
    if Task.isCancelled { throw .cancelled }
    switch error {
    case .compacted, .historyLost, .badCertificate, .cancelled: throw error
    case .denied:
      // The token may have been the reason.
      let token = state.withLock { state -> String? in
        defer { state.isTokenRenewed = true }
        return state.isTokenRenewed ? nil : state.token
      }
      guard let token else { throw error }
      caller.forget(token)
      return
    default: break
    }
    let (wasConnected, failures) = state.withLock { state in
      defer { state.isConnected = false }
      state.failures += 1
      return (state.isConnected || state.failures == 1, state.failures)
    }
    if wasConnected { try await updates.send(.interrupted(error)) }
    // One that worked is made again at once.
    guard failures > 1 else { return }
    do {
      try await Task.sleep(for: caller.timing.backOff.delay(after: failures - 1))
    } catch {
      throw .cancelled
    }
  }

  // MARK: - One stream

  /// Watches until something goes wrong.
  private func follow() async throws(EtcdError) {
    let position = state.withLock(\.position)
    if position.next > 0, position.cluster != nil {
      // Etcd would wait without a word for a revision that is ahead of it.
      var request = Etcdserverpb_RangeRequest.range(range, limit: 1)
      request.countOnly = true
      let response: Etcdserverpb_RangeResponse = try await caller.call(
        Etcdserverpb_KV.Method.Range.descriptor, request, .repeatable)
      try horizon.check(response.header.revision, of: history)
      try position.check(revision: response.header.revision)
    }
    let token = try await caller.token(until: .now + caller.timing.call)
    let connection = try caller.pool.connection()
    state.withLock { state in
      state.position.restart()
      state.heard = .now
      state.token = token
    }
    let error = await stream(on: connection, token)
    switch error {
    case .unavailable, .malformed, .refused: caller.pool.leave(connection)
    default: break
    }
    throw error
  }

  /// - Returns: why it ended.
  private func stream(on connection: EtcdConnection, _ token: String?) async -> EtcdError {
    await withTaskGroup(of: EtcdError.self) { group in
      group.addTask { await self.read(connection, token) }
      group.addTask { await self.awaitSilence() }
      defer { group.cancelAll() }
      return await group.next() ?? .cancelled
    }
  }

  private func read(_ connection: EtcdConnection, _ token: String?) async -> EtcdError {
    let request = StreamingClientRequest<Etcdserverpb_WatchRequest>(metadata: Caller.metadata(token)) { writer in
      try await writer.write(self.creation)
      var question = Etcdserverpb_WatchRequest()
      question.progressRequest = .init()
      // A question is due once nothing was heard for as long as `probe`, not at every so many seconds: one that came
      // later than that would have less time to be answered in.
      let probe = self.caller.timing.probe
      while true {
        let silence = self.state.withLock { $0.heard.map { .now - $0 } ?? .zero }
        if silence >= probe { try await writer.write(question) }
        try await Task.sleep(for: silence >= probe ? probe : probe - silence)
      }
    }
    do {
      try await connection.client.bidirectionalStreaming(
        request: request, descriptor: Etcdserverpb_Watch.Method.Watch.descriptor,
        serializer: ProtobufSerializer(), deserializer: ProtobufDeserializer<Etcdserverpb_WatchResponse>(),
        options: Caller.options
      ) { response in
        for try await message in response.messages { try await self.take(message) }
      }
      return .unavailable("\(connection.endpoint) ended the stream")
    } catch let error as EtcdError {
      return error
    } catch let error as RPCError {
      switch CallFailure(error, wasSent: false) {
      case .final(let error): return error
      case .badToken(let message): return .denied(message)
      case .notSent(let message), .passing(let message), .lost(let message):
        return .unavailable("\(connection.endpoint): \(message)")
      }
    } catch {
      return .unavailable("\(connection.endpoint): \(error)")
    }
  }

  private func take(_ message: Etcdserverpb_WatchResponse) async throws(EtcdError) {
    let update = try state.withLock { (state) throws(EtcdError) -> WatchUpdate? in
      let update = try state.position.take(message)
      state.heard = nil
      state.failures = 0
      state.isConnected = true
      if !message.created { state.isTokenRenewed = false }
      return update
    }
    horizon.note(state.withLock(\.position.next) - 1, of: history)
    if let update { try await updates.send(update) }
    state.withLock { $0.heard = .now }
  }

  private var creation: Etcdserverpb_WatchRequest {
    var creation = Etcdserverpb_WatchCreateRequest()
    creation.key = Data(range.start)
    creation.rangeEnd = Data(range.end)
    creation.startRevision = state.withLock(\.position.next)
    creation.progressNotify = true
    creation.fragment = true
    var request = Etcdserverpb_WatchRequest()
    request.createRequest = creation
    return request
  }

  /// Returns when etcd has not answered a question for a sign of life.
  private func awaitSilence() async -> EtcdError {
    let limit = caller.timing.probe + caller.timing.patience
    while true {
      let silence = state.withLock { $0.heard.map { .now - $0 } ?? .zero }
      if silence >= limit { return .unavailable("nothing was heard for \(silence.text)") }
      do { try await Task.sleep(for: limit - silence) } catch { return .cancelled }
    }
  }
}
