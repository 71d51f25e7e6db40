/// Address, trust and credentials for one API server, resolved from a kubeconfig, flags and the environment.
public struct ClientConfiguration: Sendable {
  /// `https://host:port` and perhaps a path, without a slash at the end.
  public var server: String
  /// The context's name, for messages; nil inside a cluster or with `--server` alone.
  public var context: String?
  /// The namespace of the context.
  public var namespace: String?
  public var tls: TLSOptions
  /// The URL of the proxy to go through, with one of the `ProxyChoice.schemes`; nil for none.
  public var proxy: String?
  public var credentials: any CredentialSource
  /// User to act as.
  public var impersonation: Impersonation?
  /// Seconds one request may take with its connection, watches and logs excepted; 0 for no limit, nil for the default.
  public var requestTimeout: Double?

  public init(
    server: String, context: String? = nil, namespace: String? = nil, tls: TLSOptions = TLSOptions(),
    proxy: String? = nil, credentials: any CredentialSource, impersonation: Impersonation? = nil,
    requestTimeout: Double? = nil
  ) {
    self.server = server
    self.context = context
    self.namespace = namespace
    self.tls = tls
    self.proxy = proxy
    self.credentials = credentials
    self.impersonation = impersonation
    self.requestTimeout = requestTimeout
  }
}

/// Verification of the server.
public struct TLSOptions: Sendable, Equatable {
  /// Authorities that may have signed the server's certificate; nil for the system's.
  public var authority: PEM?
  /// The name the certificate must have, when it is not the URL's host.
  public var serverName: String?
  /// Whether any certificate will do.
  public var skipsVerification = false

  public init(authority: PEM? = nil, serverName: String? = nil, skipsVerification: Bool = false) {
    self.authority = authority
    self.serverName = serverName
    self.skipsVerification = skipsVerification
  }
}

/// Certificates or keys in PEM form.
public enum PEM: Sendable, Equatable {
  /// A file, read for each new connection, so that rotated ones are taken up.
  case file(String)
  case data([UInt8])
}

/// Credentials of the client.
public struct Credentials: Sendable, Equatable {
  /// The value of the `Authorization` header.
  public var authorization: String?
  public var certificate: ClientCertificate?

  public init(authorization: String? = nil, certificate: ClientCertificate? = nil) {
    self.authorization = authorization
    self.certificate = certificate
  }
}

/// A certificate chain and its key.
public struct ClientCertificate: Sendable, Equatable {
  public var chain: PEM
  public var key: PEM

  public init(chain: PEM, key: PEM) {
    self.chain = chain
    self.key = key
  }
}

/// Gives credentials for each request; token files are read again, plugins run when theirs expire.
public protocol CredentialSource: Sendable {
  /// The credentials of now.
  ///
  /// - Throws: `ProgramError` when a file or a plugin fails.
  func current() async throws -> Credentials
  /// Called once when the server answered 401, before one more try.
  ///
  /// - Returns: whether `current` may give other credentials now.
  func refresh() async -> Bool
}
