/// Connection flags of a command line; everything left out comes from the kubeconfig.
public struct ConnectionOptions: Sendable, Equatable {
  /// The one kubeconfig file to read (`--kubeconfig`).
  public var kubeconfig: String?
  /// The context of the kubeconfig (`--context`).
  public var context: String?
  /// The user to act as (`--as`).
  public var impersonate: String?
  /// The URL of the API server (`--server`).
  public var server: String?
  /// Whether any certificate of the server will do (`--insecure-skip-tls-verify`).
  public var skipsTLSVerification: Bool
  /// Seconds one request may take (`--request-timeout`); 0 for no limit, nil for the client's default.
  public var requestTimeout: Double?

  public init(
    kubeconfig: String? = nil, context: String? = nil, impersonate: String? = nil, server: String? = nil,
    skipsTLSVerification: Bool = false, requestTimeout: Double? = nil
  ) {
    self.kubeconfig = kubeconfig
    self.context = context
    self.impersonate = impersonate
    self.server = server
    self.skipsTLSVerification = skipsTLSVerification
    self.requestTimeout = requestTimeout
  }
}

/// User as whom requests are made, other than the user who makes them (Kubernetes: user impersonation).
public struct Impersonation: Sendable, Equatable {
  public var user: String
  public var uid: String?
  public var groups: [String] = []
  /// Further facts about the user, by name; a name may come several times.
  public var extra: [Extra] = []

  /// One fact about a user.
  public struct Extra: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public init(user: String) { self.user = user }

  /// The headers that ask for it.
  var headers: [HTTPHeader] {
    [HTTPHeader("Impersonate-User", user)] + groups.map { HTTPHeader("Impersonate-Group", $0) }
      + (uid.map { [HTTPHeader("Impersonate-Uid", $0)] } ?? [])
      + extra.map { HTTPHeader("Impersonate-Extra-\($0.name.urlEscaped)", $0.value) }
  }
}
