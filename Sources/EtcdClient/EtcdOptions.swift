import Coordination

/// Certificates for connections to etcd, as files in PEM form. They are read again for every new connection, so that
/// rotated ones come into use without a restart.
public struct EtcdTLS: Sendable, Equatable {
  /// Authorities that the servers' certificates must come from; nil trusts those of the system.
  public var authorities: String?
  /// The client's certificate with its chain, and its key; nil where the servers ask for none.
  public var identity: Identity?
  /// Certificates that are in memory, and count instead of files.
  public var texts: Texts?

  /// Who the client is.
  public struct Identity: Sendable, Equatable {
    public var certificate: String
    public var key: String

    public init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  /// Authorities and the client's certificate with its key, as texts in PEM form.
  public struct Texts: Sendable, Equatable {
    public var authorities: String
    public var certificate: String
    public var key: String

    public init(authorities: String, certificate: String, key: String) {
      self.authorities = authorities
      self.certificate = certificate
      self.key = key
    }
  }

  public init(authorities: String? = nil, identity: Identity? = nil) {
    self.authorities = authorities
    self.identity = identity
  }

  public init(_ texts: Texts) { self.texts = texts }
}

/// A user of etcd's own authentication.
public struct EtcdCredentials: Sendable, Equatable {
  public var user: String
  public var password: String

  public init(user: String, password: String) {
    self.user = user
    self.password = password
  }
}

/// Time limits of the client.
public struct EtcdTiming: Sendable {
  /// A call in all, tries at other endpoints included.
  public var call: Duration = .seconds(5)
  /// One try of a read; a hung server costs no more than that before the next is asked.
  public var attempt: Duration = .seconds(2)
  /// Silence after which a watch asks for a sign of life.
  public var probe: Duration = .seconds(3)
  /// The wait for that sign; then the watch moves to another endpoint.
  public var patience: Duration = .seconds(3)
  /// Waits between tries, once every endpoint has failed.
  public var backOff = BackOff(first: .milliseconds(100), longest: .seconds(3))

  public init() {}
}
