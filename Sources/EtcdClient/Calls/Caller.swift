import Coordination
import EtcdProtocol
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf

/// Makes calls: at one endpoint after the other, with a valid token, within a time limit.
final class Caller: Sendable {
  /// Effect of carrying a request out twice.
  enum Effect: Sendable {
    /// The second time changes nothing more.
    case repeatable
    /// It may do something twice, or find what it did itself.
    case once
  }

  let pool: EndpointPool
  let timing: EtcdTiming
  private let tokens: TokenSource?

  /// Answers may be as large as what one transaction wrote. The library takes the limit of requests for that of answers.
  static let options: CallOptions = {
    var options = CallOptions.defaults
    options.maxRequestMessageBytes = 64 << 20
    options.maxResponseMessageBytes = 64 << 20
    return options
  }()

  init(_ pool: EndpointPool, _ timing: EtcdTiming, _ credentials: EtcdCredentials?) {
    self.pool = pool
    self.timing = timing
    tokens = credentials.map(TokenSource.init)
  }

  /// Makes a call.
  ///
  /// - Throws: `EtcdError`; `.unknownOutcome` only for what must not be repeated.
  func call<Request: SwiftProtobuf.Message, Response: SwiftProtobuf.Message>(
    _ method: MethodDescriptor, _ request: Request, _ effect: Effect, within limit: Duration? = nil,
    isAuthenticated: Bool = true
  ) async throws(EtcdError) -> Response {
    let deadline = ContinuousClock.now + (limit ?? timing.call)
    var failures = 0
    var renewals = 0
    while true {
      let connection = try pool.connection()
      let token = isAuthenticated ? try await self.token(until: deadline) : nil
      let left = deadline - .now
      let outcome: Result<Response, CallFailure> = await attempt(
        method, request, on: connection, token, within: effect == .once ? left : min(left, timing.attempt))
      let failure: CallFailure
      switch outcome {
      case .success(let response): return response
      case .failure(let error): failure = error
      }
      if Task.isCancelled { throw .cancelled }
      let reason: String
      switch failure {
      case .final(let error): throw error
      case .badToken(let message):
        // A token that was just issued is refused for another reason.
        guard let tokens, renewals < 2 else { throw .denied(message) }
        renewals += 1
        tokens.forget(token)
        continue
      case .lost(let message) where effect == .once:
        pool.leave(connection)
        throw .unknownOutcome(message)
      case .lost(let message), .notSent(let message), .passing(let message):
        pool.leave(connection)
        reason = "\(connection.endpoint): \(message)"
      }
      failures += 1
      try await pause(after: failures, until: deadline, reason)
    }
  }

  /// Waits once every endpoint has failed.
  private func pause(after failures: Int, until deadline: ContinuousClock.Instant, _ reason: String)
    async throws(EtcdError)
  {
    let round = failures / pool.endpoints.count
    let wait = failures % pool.endpoints.count == 0 ? timing.backOff.delay(after: round) : .zero
    guard .now + wait < deadline else { throw .unavailable(reason) }
    do { try await Task.sleep(for: wait) } catch { throw .cancelled }
  }

  /// One try at one endpoint.
  private func attempt<Request: SwiftProtobuf.Message, Response: SwiftProtobuf.Message>(
    _ method: MethodDescriptor, _ request: Request, on connection: EtcdConnection, _ token: String?,
    within limit: Duration
  ) async -> Result<Response, CallFailure> {
    do throws(EtcdConnection.Unanswered) {
      let message: EtcdConnection.Transport.Bytes
      do {
        message = try ProtobufSerializer<Request>().serialize(request)
      } catch {
        return .failure(.final(.refused("\(error)")))
      }
      let answer = try await connection.call(
        method, message, Self.metadata(token), within: max(limit, .milliseconds(1)))
      do {
        return .success(try ProtobufDeserializer<Response>().deserialize(answer))
      } catch {
        return .failure(.lost("\(error)"))
      }
    } catch {
      if let failure = error.error as? RPCError { return .failure(CallFailure(failure, wasSent: error.wasSent)) }
      // It was cancelled, or the client was shut down between being chosen and being used, or while it worked.
      let reason = error.error is CancellationError ? "cancelled" : "\(error.error)"
      return .failure(error.wasSent ? .lost(reason) : .notSent(reason))
    }
  }

  // MARK: - Tokens

  static func metadata(_ token: String?) -> Metadata { token.map { ["token": .string($0)] } ?? [:] }

  /// A token for calls of the user; nil without one, and where etcd asks for none.
  ///
  /// - Throws: `EtcdError.denied` for a wrong password, and when etcd cannot be asked.
  func token(until deadline: ContinuousClock.Instant) async throws(EtcdError) -> String? {
    guard let tokens else { return nil }
    return try await tokens.token { (credentials) throws(EtcdError) -> String? in
      var request = Etcdserverpb_AuthenticateRequest()
      request.name = credentials.user
      request.password = credentials.password
      do throws(EtcdError) {
        let response: Etcdserverpb_AuthenticateResponse = try await self.call(
          Etcdserverpb_Auth.Method.Authenticate.descriptor, request, .repeatable, within: deadline - .now,
          isAuthenticated: false)
        return response.token
      } catch .refused(let reason) where reason.contains("not enabled") {
        return nil
      }
    }
  }

  /// Asks for a new token the next time.
  func forget(_ token: String?) { tokens?.forget(token) }
}
