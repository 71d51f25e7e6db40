import Documents
import Support

/// A user of a kubeconfig.
struct UserEntry {
  let entry: KubeconfigEntry

  /// Whether the user proves itself with a certificate.
  var hasCertificate: Bool {
    ["client-certificate", "client-certificate-data"].contains { entry.fields[$0]?.string?.isEmpty == false }
  }

  /// User to act as; `--as` takes precedence over the user's name, the rest stays, as with kubectl.
  ///
  /// - Throws: `ProgramError` when a field is wrong, or says more about a user who is not named.
  func impersonation(_ options: ConnectionOptions) throws(ProgramError) -> Impersonation? {
    let (uid, groups, extra) = (try entry.text("as-uid"), try entry.texts("as-groups"), try extra())
    let flag = options.impersonate.flatMap { $0.isEmpty ? nil : $0 }
    let entryName = try entry.text("as")
    guard let name = flag ?? entryName else {
      guard uid == nil, groups.isEmpty, extra.isEmpty else {
        throw ProgramError(
          .failed, "\(entry.place) acts as somebody without a name", hint: "give 'as' to the user, or --as USER")
      }
      return nil
    }
    var impersonation = Impersonation(user: name)
    (impersonation.uid, impersonation.groups, impersonation.extra) = (uid, groups, extra)
    return impersonation
  }

  private func extra() throws(ProgramError) -> [Impersonation.Extra] {
    guard let value = entry.fields["as-user-extra"], !value.isNull else { return [] }
    var extra: [Impersonation.Extra] = []
    for (name, values) in value.fields ?? ["": .null] {
      guard let values = values.array?.compactMap(\.string), !name.isEmpty else {
        throw entry.invalid("as-user-extra", "it is not a mapping of names to lists of texts")
      }
      extra += values.map { Impersonation.Extra(name, $0) }
    }
    return extra
  }

  /// The credentials of this user.
  ///
  /// - Throws: `ProgramError` when a field is wrong, a file is missing or two ways contradict each other.
  func credentials(
    _ target: PluginTarget, _ sources: ConfigurationSources
  ) throws(ProgramError) -> any CredentialSource {
    let certificate = try certificate(sources)
    let tokenFile = try entry.path("tokenFile")
    let token = try entry.text("token")?.trimmingBlanks()
    let basic = try basic()
    guard basic == nil || (token == nil && tokenFile == nil) else {
      throw ProgramError(.failed, "\(entry.place) has a token and a username", hint: "remove one of them")
    }
    if let tokenFile {
      let source = TokenFileCredentials(
        path: tokenFile, fallback: token, certificate: certificate, owner: entry.place, sources: sources)
      _ = try source.token()
      return source
    }
    if let token {
      guard let authorization = BearerToken.authorization(token) else { throw entry.invalid("token", "it has blanks") }
      return FixedCredentials(Credentials(authorization: authorization, certificate: certificate))
    }
    if let basic { return FixedCredentials(Credentials(authorization: basic, certificate: certificate)) }
    if let token = try AuthProvider(entry)?.token(at: sources.now()) {
      return FixedCredentials(Credentials(authorization: "Bearer \(token)", certificate: certificate))
    }
    if let plugin = try CredentialPlugin(entry) {
      return PluginCredentials(try PluginCall(plugin, target, sources), certificate: certificate, now: sources.now)
    }
    return FixedCredentials(Credentials(certificate: certificate))
  }

  private func basic() throws(ProgramError) -> String? {
    guard let username = try entry.text("username") else { return nil }
    let password = try entry.text("password") ?? ""
    return "Basic \(Base64.encode(Array("\(username):\(password)".utf8)))"
  }

  private func certificate(_ sources: ConfigurationSources) throws(ProgramError) -> ClientCertificate? {
    let chain = try entry.pem("client-certificate", sources)
    let key = try entry.pem("client-key", sources)
    switch (chain, key) {
    case (let chain?, let key?): return ClientCertificate(chain: chain, key: key)
    case (nil, nil): return nil
    default:
      let missing = chain == nil ? "client-certificate" : "client-key"
      throw ProgramError(
        .failed, "\(entry.place) has no \(missing)", cause: "a certificate and its key belong together")
    }
  }
}
