import Documents
import Support

/// A user of a kubeconfig.
struct UserEntry {
  let entry: KubeconfigEntry

  /// Whether the user proves itself with a certificate.
  var hasCertificate: Bool {
    ["client-certificate", "client-certificate-data"].contains { entry.fields[$0]?.string?.isEmpty == false }
  }

  /// The user to act as.
  ///
  /// - Throws: `CommandError` when more than a name is to be taken over, which would otherwise be lost.
  func impersonatedUser() throws(CommandError) -> String? {
    for key in ["as-uid", "as-groups", "as-user-extra"] {
      let value = entry.fields[key] ?? .null
      guard value.isNull || value.array?.isEmpty == true || value.fields?.isEmpty == true else {
        throw entry.invalid(key, "only 'as' is supported", hint: "remove it")
      }
    }
    return try entry.text("as")
  }

  /// What proves this user.
  ///
  /// - Throws: `CommandError` when a field is wrong, a file is missing or two ways contradict each other.
  func credentials(
    _ target: PluginTarget, _ sources: ConfigurationSources
  ) throws(CommandError) -> any CredentialSource {
    if let name = entry.fields["auth-provider", "name"]?.string {
      throw CommandError(
        .failed, "\(entry.place) uses the auth-provider '\(name)'", cause: "Kubernetes 1.26 removed auth providers",
        hint: "let the provider's tool write an 'exec' user, for instance with gke-gcloud-auth-plugin or kubelogin")
    }
    let certificate = try certificate(sources)
    let tokenFile = try entry.path("tokenFile")
    let token = try entry.text("token")?.trimmingBlanks()
    let basic = try basic()
    guard basic == nil || (token == nil && tokenFile == nil) else {
      throw CommandError(.failed, "\(entry.place) has a token and a username", hint: "remove one of them")
    }
    if let tokenFile {
      let source = TokenFileCredentials(
        path: tokenFile, fallback: token, certificate: certificate, owner: entry.place, readFile: sources.readFile)
      _ = try source.token()
      return source
    }
    if let token {
      guard let authorization = BearerToken.authorization(token) else { throw entry.invalid("token", "it has blanks") }
      return FixedCredentials(Credentials(authorization: authorization, certificate: certificate))
    }
    if let basic { return FixedCredentials(Credentials(authorization: basic, certificate: certificate)) }
    if let plugin = try CredentialPlugin(entry) {
      return PluginCredentials(try PluginCall(plugin, target, sources), certificate: certificate, now: sources.now)
    }
    return FixedCredentials(Credentials(certificate: certificate))
  }

  private func basic() throws(CommandError) -> String? {
    guard let username = try entry.text("username") else { return nil }
    let password = try entry.text("password") ?? ""
    return "Basic \(Base64.encode(Array("\(username):\(password)".utf8)))"
  }

  private func certificate(_ sources: ConfigurationSources) throws(CommandError) -> ClientCertificate? {
    let chain = try entry.pem("client-certificate", sources)
    let key = try entry.pem("client-key", sources)
    switch (chain, key) {
    case (let chain?, let key?): return ClientCertificate(chain: chain, key: key)
    case (nil, nil): return nil
    default:
      let missing = chain == nil ? "client-certificate" : "client-key"
      throw CommandError(
        .failed, "\(entry.place) has no \(missing)", cause: "a certificate and its key belong together")
    }
  }
}
