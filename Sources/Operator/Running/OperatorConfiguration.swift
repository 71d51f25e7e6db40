import HTTPEndpoint
import Support

/// How the operator runs.
public struct OperatorConfiguration: Sendable {
  /// The namespace of the operator and of the CSI driver's workloads.
  public var namespace: String
  /// Who this replica is, among all.
  public var identity: String
  /// Whether several replicas agree by a Lease on who leads.
  public var electsLeader = false
  /// Whether custom resources are reconciled.
  public var runsControllers = true
  /// Where custom resources are admitted; nil for nowhere.
  public var webhook: ListenAddress?
  /// Where the webhook's certificate is kept as `tls.crt` and `tls.key`; nil for no certificate.
  public var certificateDirectory: String?
  /// How long a certificate of the webhook is valid.
  public var certificateLifetime: TimeSpan = .seconds(365 * 24 * 3600)
  /// How long the authority of these certificates is trusted; nil for ten times that.
  public var authorityLifetime: TimeSpan?
  /// Where `/metrics` is served; nil for nowhere.
  public var metrics: ListenAddress?
  /// Where `/healthz` and `/readyz` are served; nil for nowhere.
  public var health: ListenAddress?

  public init(namespace: String, identity: String) {
    self.namespace = namespace
    self.identity = identity
  }

  var certificateLives: CertificateLives {
    CertificateLives(server: certificateLifetime, authority: authorityLifetime)
  }
}
