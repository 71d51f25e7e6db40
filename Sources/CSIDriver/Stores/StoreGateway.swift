import Coordination
import GRPCCore
import StoreClient
import StoreProtocol
import Support

/// Asks stores: each question on a connection of its own, and never longer than a time limit.
struct StoreGateway: Sendable {
  /// Time that connecting, sending and receiving may take, each.
  private static let step = TimeSpan.seconds(5)
  private static let limit: Duration = .seconds(8)

  /// The secrets that stores want to see over the network; nil where only sockets are used.
  let tokens: AdminTokens?
  private let workers = WorkerPool(named: "csi-store", count: 64)

  init(tokens: AdminTokens?) { self.tokens = tokens }

  /// Asks one store.
  ///
  /// - Throws: `StoreFailure`.
  func ask<Answer: Sendable>(
    _ store: StoreEndpoint,
    _ question: @escaping @Sendable (VolumeClient) throws(StoreClientError) -> Answer
  ) async throws(StoreFailure) -> Answer {
    guard case .network = store.address, let tokens else { return try await ask(store, token: nil, question) }
    let token = try await Self.token(tokens, store)
    do {
      return try await ask(store, token: token, question)
    } catch {
      guard error.isAboutToken else { throw error }
      let renewed = try await Self.token(tokens, store, insteadOf: token)
      guard renewed != token else { throw error }
      return try await ask(store, token: renewed, question)
    }
  }

  /// Asks several stores at once.
  ///
  /// - Returns: the answers in the order of the stores.
  func askAll<Answer: Sendable>(
    _ stores: [StoreEndpoint],
    _ question: @escaping @Sendable (VolumeClient) throws(StoreClientError) -> Answer
  ) async -> StoreReplies<Answer> {
    await withTaskGroup(of: (Int, Result<Answer, StoreFailure>).self) { group in
      for (index, store) in stores.enumerated() {
        group.addTask {
          do throws(StoreFailure) {
            return (index, .success(try await ask(store, question)))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      var results: [(Int, Result<Answer, StoreFailure>)] = []
      for await result in group { results.append(result) }
      results.sort { $0.0 < $1.0 }
      return StoreReplies(stores, results.map(\.1))
    }
  }

  private func ask<Answer: Sendable>(
    _ store: StoreEndpoint, token: String?,
    _ question: @escaping @Sendable (VolumeClient) throws(StoreClientError) -> Answer
  ) async throws(StoreFailure) -> Answer {
    let late = StoreClientError.unreachable(ProgramError(.notReady, "it does not answer", hint: "is it overloaded?"))
    let result = await workers.run(timeout: Self.limit, orElse: .failure(late)) {
      Result<Answer, StoreClientError> { () throws(StoreClientError) in
        let client = try Self.connect(store)
        try client.handshake()
        return try question(VolumeClient(client, adminToken: token))
      }
    }
    switch result {
    case .success(let answer): return answer
    case .failure(let reason): throw StoreFailure(store: store, reason: reason)
    }
  }

  private static func connect(_ store: StoreEndpoint) throws(StoreClientError) -> StoreClient {
    do throws(ProgramError) {
      switch store.address {
      case .socket(let root, let name):
        return try socket(name, in: root).connect(timeout: step)
      case .network(let host, let port): return try StoreClient(host: host, port: port, timeout: step)
      case .none: throw ProgramError(.notReady, "its pod has no address yet")
      }
    } catch {
      throw .unreachable(error)
    }
  }

  private static func socket(_ name: String, in root: String) throws(ProgramError) -> OpenSocket {
    do throws(PathError) {
      return try OpenDirectory.resolving(root).socket([name])
    } catch {
      throw ProgramError.system("cannot connect to \(root)/\(name)", errno: error.code, hint: "is the daemon running?")
    }
  }

  private static func token(
    _ tokens: AdminTokens, _ store: StoreEndpoint, insteadOf refused: String? = nil
  ) async throws(StoreFailure) -> String {
    do throws(RPCError) {
      return try await tokens.token(of: store.cluster, insteadOf: refused)
    } catch {
      throw StoreFailure(store: store, reason: .unreachable(ProgramError(.notReady, error.message)))
    }
  }
}

// MARK: - Replies

/// Replies of several stores to one question.
struct StoreReplies<Answer: Sendable>: Sendable {
  private(set) var answers: [(store: StoreEndpoint, answer: Answer)] = []
  private(set) var failures: [StoreFailure] = []

  init(_ stores: [StoreEndpoint], _ results: [Result<Answer, StoreFailure>]) {
    for (store, result) in zip(stores, results) {
      switch result {
      case .success(let answer): answers.append((store, answer))
      case .failure(let failure): failures.append(failure)
      }
    }
  }

  /// The failures as one error, nil when there was none.
  ///
  /// A refusal weighs more than no answer: asking again does not change it.
  var rpcError: RPCError? {
    guard let worst = failures.first(where: { !$0.isUnreachable }) ?? failures.first else { return nil }
    let others = failures.count > 1 ? "; \(failures.count - 1) other stores failed, too" : ""
    return RPCError(code: worst.rpcError.code, message: worst.message + others)
  }
}

/// A volume or snapshot, and the store that has it.
struct LocatedVolume: Sendable {
  let store: StoreEndpoint
  let record: VolumeRecord
}

/// Outcome of asking stores for a volume.
struct VolumeSearch: Sendable {
  let located: [LocatedVolume]
  let replies: StoreReplies<VolumeRecord?>

  init(_ replies: StoreReplies<VolumeRecord?>) {
    self.replies = replies
    located = replies.answers.compactMap { store, record in record.map { LocatedVolume(store: store, record: $0) } }
  }
}

// MARK: - Failures

/// A question that a store did not answer, or answered with no.
struct StoreFailure: Error {
  let store: StoreEndpoint
  let reason: StoreClientError

  /// Whether nobody answered, so that nobody knows.
  var isUnreachable: Bool {
    if case .unreachable = reason { return true }
    return false
  }

  /// The status code of a refusal.
  var code: StatusCode? {
    if case .refused(let error) = reason { return error.code }
    return nil
  }

  /// Whether the store doesn't take the admin token.
  var isAboutToken: Bool { code == .connectionError }

  /// The reason, and what to do about it.
  var explanation: String {
    // Source: StoreServer answers requests without the right token so.
    guard code == .connectionError else { return "\(reason)".onOneLine }
    let secret = "\(store.cluster.namespace)/\(store.cluster.name)-admin-token"
    return "\(reason) (hint: Secret \(secret) and the file of the store's --admin_token_file must agree)".onOneLine
  }

  var message: String { "\(store): \(explanation)" }

  /// The message about a store that does not answer, for somebody who looks at this node.
  var unreachableMessage: String {
    "no store of \(store.cluster) answers on node \(store.node): \(reason.plainReason)".onOneLine
  }

  /// The failure as callers of the driver get it.
  var rpcError: RPCError {
    let code: RPCError.Code =
      switch self.code {
      // A new token reaches the driver and the stores at different times.
      case nil, .connectionError, .serverNotReady: .unavailable
      case .objectNotExists: .notFound
      case .objectExists: .alreadyExists
      case .notEnoughMemory: .resourceExhausted
      default: .internalError
      }
    return RPCError(code: code, message: message)
  }
}

extension StoreClientError {
  /// The reason, without where and without advice.
  var plainReason: String {
    switch self {
    case .unreachable(let error): error.cause ?? error.message
    case .refused(let error): error.message
    }
  }
}
