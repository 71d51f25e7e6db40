import HTTPEndpoint
import Support

/// Settings of the operator.
public struct OperatorConfiguration: Sendable {
  /// The namespace of the operator and of the CSI driver's workloads.
  public var namespace: String
  /// The name of this replica among all.
  public var identity: String
  /// Whether several replicas agree by a Lease on who leads.
  public var electsLeader = false
  /// Whether custom resources are reconciled.
  public var runsControllers = true
  /// Address of the admission webhook; nil for none.
  public var webhook: ListenAddress?
  /// Directory of the webhook's certificate (`tls.crt` and `tls.key`); nil for no certificate.
  public var certificateDirectory: String?
  /// Lifetime of a certificate of the webhook.
  public var certificateLifetime: TimeSpan = .seconds(365 * 24 * 3600)
  /// Lifetime of the authority of these certificates; nil for ten times that.
  public var authorityLifetime: TimeSpan?
  /// Address of `/metrics`; nil for none.
  public var metrics: ListenAddress?
  /// Address of `/healthz` and `/readyz`; nil for none.
  public var health: ListenAddress?

  public init(namespace: String, identity: String) {
    self.namespace = namespace
    self.identity = identity
  }

  var certificateLives: CertificateLives {
    CertificateLives(server: certificateLifetime, authority: authorityLifetime)
  }
}
