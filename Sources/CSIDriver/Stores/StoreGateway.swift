import GRPCCore
import StoreClient
import StoreProtocol
import Support

/// Asks stores: each question on a connection of its own, and never longer than a time limit.
struct StoreGateway: Sendable {
  /// How long connecting, sending and receiving may take, each.
  private static let step = TimeSpan.seconds(5)
  private static let limit: Duration = .seconds(8)

  /// What stores want to see over the network; nil where only sockets are used.
  let tokens: AdminTokens?
  private let seats = Seats(count: 64)

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
  ) async -> Survey<Answer> {
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
      return Survey(stores, results.map(\.1))
    }
  }

  private func ask<Answer: Sendable>(
    _ store: StoreEndpoint, token: String?,
    _ question: @escaping @Sendable (VolumeClient) throws(StoreClientError) -> Answer
  ) async throws(StoreFailure) -> Answer {
    let late = StoreClientError.unreachable(CommandError(.notReady, "it does not answer", hint: "is it overloaded?"))
    let result = await seats.withSeat { () -> Result<Answer, StoreClientError> in
      await onThread(within: Self.limit, orElse: .failure(late)) {
        Result<Answer, StoreClientError> { () throws(StoreClientError) in
          let client = try Self.connect(store)
          try client.handshake()
          return try question(VolumeClient(client, adminToken: token))
        }
      }
    }
    switch result ?? .failure(late) {
    case .success(let answer): return answer
    case .failure(let reason): throw StoreFailure(store: store, reason: reason)
    }
  }

  private static func connect(_ store: StoreEndpoint) throws(StoreClientError) -> StoreClient {
    do throws(CommandError) {
      switch store.address {
      case .socket(let root, let name):
        return try socket(name, in: root).connect(timeout: step)
      case .network(let host, let port): return try StoreClient(host: host, port: port, timeout: step)
      case .none: throw CommandError(.notReady, "its pod has no address yet")
      }
    } catch {
      throw .unreachable(error)
    }
  }

  private static func socket(_ name: String, in root: String) throws(CommandError) -> OpenSocket {
    do throws(PathError) {
      return try OpenDirectory.resolving(root).socket([name])
    } catch {
      throw CommandError.system("cannot connect to \(root)/\(name)", errno: error.code, hint: "is the daemon running?")
    }
  }

  private static func token(
    _ tokens: AdminTokens, _ store: StoreEndpoint, insteadOf refused: String? = nil
  ) async throws(StoreFailure) -> String {
    do throws(RPCError) {
      return try await tokens.token(of: store.cluster, insteadOf: refused)
    } catch {
      throw StoreFailure(store: store, reason: .unreachable(CommandError(.notReady, error.message)))
    }
  }
}
