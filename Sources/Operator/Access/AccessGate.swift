import Coordination
import Crypto
import HTTPEndpoint
import KubernetesClient
import Logging
import Support
import Synchronization

/// Admits requests by bearer tokens (RFC 6750): those whose owner may read a path of the API server.
final class AccessGate: Sendable {
  /// Tokens are remembered by their digest only.
  private typealias Digest = SHA256Digest
  private typealias Decisions = AccessDecisions<Digest>

  private struct State {
    var decisions = Decisions()
    var running = 0
  }

  private let client: KubernetesClient
  private let path: String
  private let log: Logger
  private let state = Mutex(State())

  /// Tokens that are asked about at the same time, so that invented ones do not become a load for the API server.
  private static let concurrency = 8

  init(client: KubernetesClient, path: String, log: Logger) {
    self.client = client
    self.path = path
    self.log = log
  }

  /// - Returns: nil when the owner of the token may; else the response.
  func refusal(of request: HTTPEndpoint.Request) async -> HTTPEndpoint.Response? {
    guard let token = Self.token(request.header("Authorization")) else {
      return Self.unauthorized("a bearer token of the cluster is needed\n")
    }
    let digest = SHA256.hash(data: Array(token.utf8))
    if let decision = state.withLock({ $0.decisions.decision(on: digest, now: .now) }) { return response(to: decision) }
    let mayAsk = state.withLock { state in
      guard state.running < Self.concurrency else { return false }
      state.running += 1
      return true
    }
    guard mayAsk else { return HTTPEndpoint.Response(status: 503, "too many tokens at once, try again\n") }
    defer { state.withLock { $0.running -= 1 } }
    do {
      let decision = try await withTimeout(.seconds(10)) { try await self.decide(token) }
      state.withLock { $0.decisions.note(decision, on: digest, now: .now) }
      return response(to: decision)
    } catch {
      log.warning("cannot ask who may read \(path): \(error)")
      return HTTPEndpoint.Response(status: 503, "the API server cannot be asked who you are\n")
    }
  }

  private func decide(_ token: String) async throws -> Decisions.Decision {
    guard let owner = try await client.owner(ofToken: token) else { return .unknown }
    return try await client.isAllowed(owner, verb: "get", path: path) ? .allowed : .forbidden(owner.name)
  }

  private func response(to decision: Decisions.Decision) -> HTTPEndpoint.Response? {
    switch decision {
    case .allowed: nil
    case .unknown: Self.unauthorized("the token is not valid in this cluster\n")
    case .forbidden(let name):
      HTTPEndpoint.Response(status: 403, "\(name) may not get \(path)\n")
    }
  }

  private static func unauthorized(_ text: String) -> HTTPEndpoint.Response {
    var response = HTTPEndpoint.Response(status: 401, text)
    response.challenge = "Bearer"
    return response
  }

  /// The token of an Authorization header.
  static func token(_ header: String?) -> String? {
    guard let header, let blank = header.firstIndex(of: " "), header[..<blank].lowercased() == "bearer" else {
      return nil
    }
    let token = header[blank...].trimmingBlanks()
    // What a JWT or an opaque token can consist of (RFC 6750, section 2.1); anything else need not be asked about.
    guard (1...16384).contains(token.utf8.count), token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    return token
  }
}

/// Cache of decisions on bearer tokens, each valid for a short time. Time is an argument.
struct AccessDecisions<Token: Hashable & Sendable>: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// Verdict of the API server on a token.
  enum Decision: Sendable, Equatable {
    case allowed
    case unknown
    /// Its owner has no right to.
    case forbidden(String)
  }

  /// Lifetime of a permission; a revoked token works for that much longer.
  static var trust: Duration { .seconds(60) }
  /// Lifetime of a refusal: short, since the right may have just been granted.
  static var distrust: Duration { .seconds(10) }
  /// Tokens remembered, so that invented ones cannot fill the memory.
  static var capacity: Int { 256 }

  private var entries: [Token: (decision: Decision, end: Instant)] = [:]

  init() {}

  var count: Int { entries.count }

  func decision(on token: Token, now: Instant) -> Decision? {
    guard let entry = entries[token], now < entry.end else { return nil }
    return entry.decision
  }

  mutating func note(_ decision: Decision, on token: Token, now: Instant) {
    if entries.count >= Self.capacity, entries[token] == nil { makeRoom(now) }
    entries[token] = (decision, now + (decision == .allowed ? Self.trust : Self.distrust))
  }

  private mutating func makeRoom(_ now: Instant) {
    entries = entries.filter { now < $0.value.end }
    if entries.count < Self.capacity { return }
    // Permissions outlast a flood of invented tokens.
    let victim = entries.first { $0.value.decision != .allowed } ?? entries.first
    if let victim { entries[victim.key] = nil }
  }
}
