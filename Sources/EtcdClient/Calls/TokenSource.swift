import Coordination
import Synchronization

/// The token of a user, which is asked for when it is first needed and whenever etcd no longer takes it.
final class TokenSource: Sendable {
  private enum State {
    case none
    /// Somebody asks for it.
    case awaited(SharedTask<String?>)
    /// Nil where etcd asks for none.
    case known(String?)
  }

  private let credentials: EtcdCredentials
  private let state = Mutex(State.none)

  init(_ credentials: EtcdCredentials) { self.credentials = credentials }

  /// The token; callers at the same time share one question.
  ///
  /// - Throws: what `ask` throws.
  func token(_ ask: @escaping @Sendable (EtcdCredentials) async throws(EtcdError) -> String?) async throws(EtcdError)
    -> String?
  {
    let task: SharedTask<String?>
    switch state.withLock({ Self.start(&$0, credentials, ask) }) {
    case .known(let token): return token
    case .awaited(let shared): task = shared
    case .none: return nil
    }
    do {
      let token = try await task.value()
      settle(task, .known(token))
      return token
    } catch {
      settle(task, .none)
      throw error as? EtcdError ?? .cancelled
    }
  }

  private static func start(
    _ state: inout State, _ credentials: EtcdCredentials,
    _ ask: @escaping @Sendable (EtcdCredentials) async throws(EtcdError) -> String?
  ) -> State {
    switch state {
    case .known: break
    case .awaited(let task) where !task.isAbandoned: break
    case .none, .awaited: state = .awaited(SharedTask { try await ask(credentials) })
    }
    return state
  }

  private func settle(_ task: SharedTask<String?>, _ outcome: State) {
    state.withLock { state in
      if case .awaited(task) = state { state = outcome }
    }
  }

  /// Drops a token that etcd does not take.
  func forget(_ token: String?) {
    state.withLock { state in
      if case .known(token) = state { state = .none }
    }
  }
}

private func ~= <Value>(pattern: SharedTask<Value>, value: SharedTask<Value>) -> Bool { pattern === value }
