/// A request that got no usable answer, and why.
public struct TransportError: Error, Equatable, Sendable {
  /// The part of the exchange that failed.
  public enum Kind: Equatable, Sendable {
    /// No connection was made.
    case unreachable(Unreachable)
    /// The TLS handshake failed.
    case tls(TLSProblem)
    /// The server took the request and did not answer in time.
    case timeout
    /// The connection broke before the answer was whole.
    case reset
    /// The answer is not HTTP, not JSON or cut short.
    case malformedAnswer
    /// The answer is larger than this client takes.
    case tooLarge
    /// The server cannot do what was asked for.
    case unsupported
    /// The node cannot reach the pod's port.
    case podUnreachable
    /// libcurl or the system cannot do what the configuration asks for.
    case unusable
  }

  /// A cause of a failed connection.
  public enum Unreachable: Equatable, Sendable {
    case refused, unknownHost, noRoute, proxy
    /// A part of connecting was not over in time.
    case noAnswer(ConnectionPart)
  }

  /// The parts of connecting, one after the other.
  public enum ConnectionPart: Equatable, Sendable {
    case nameResolution, connection, proxy, tls
  }

  /// A cause of a failed TLS handshake.
  public enum TLSProblem: Sendable {
    case expired, notYetValid, unknownAuthority, wrongName
    /// The server refuses the client's certificate, or the client cannot read it.
    case clientCertificate
    case authorityUnreadable
    /// The other end does not speak TLS.
    case notTLS
    /// The other end closed the connection in the middle of it.
    case closed
    case other
  }

  public let kind: Kind
  /// The text of the layer below.
  public let detail: String
  /// The operation that failed.
  public let operation: Operation
  /// The server's URL.
  public let server: String

  /// Whether a page of HTML came instead of an answer.
  let isPage: Bool
  /// Whether the beginning of an HTTP answer came.
  let hasAnswered: Bool

  init(_ failure: TransportFailure, _ operation: Operation, server: String) {
    isPage = failure.isPage
    hasAnswered = failure.hasAnswered
    kind = failure.isOfProxy(server: server) ? .unreachable(.proxy) : failure.kind
    detail = failure.detail
    self.operation = operation
    self.server = server
  }
}

extension TransportFailure {
  /// Whether libcurl's text names another host than the server's, which can only be a proxy's.
  fileprivate func isOfProxy(server: String) -> Bool {
    guard case .unreachable(let reason) = kind, reason == .refused || reason == .noRoute,
      let text = detail.firstRange(of: "connect to "),
      let address = try? ServerAddress(server)
    else { return false }
    return !detail[text.upperBound...].hasPrefix("\(address.host) ")
  }
}
