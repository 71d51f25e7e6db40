import Documents
import Support

/// The `auth-provider` of a kubeconfig user: `oidc`, which kubectl still reads. Kubernetes 1.26 removed those of clouds.
struct AuthProvider {
  private let user: KubeconfigEntry
  private let config: KubeconfigEntry

  /// - Throws: `ProgramError` for another provider than `oidc`.
  init?(_ user: KubeconfigEntry) throws(ProgramError) {
    guard let provider = user.fields["auth-provider"], !provider.isNull else { return nil }
    let name = provider["name"]?.string ?? ""
    guard name == "oidc" else {
      throw ProgramError(
        .failed, "\(user.place) uses the auth-provider '\(name)'", cause: "Kubernetes 1.26 removed it",
        hint: "let the provider's tool write an 'exec' user, for instance with gke-gcloud-auth-plugin or kubelogin")
    }
    self.user = user
    config = KubeconfigEntry(
      kind: "auth-provider of user", name: user.name, fields: provider["config"] ?? [:], file: user.file)
  }

  /// The id-token, which is the bearer token.
  ///
  /// - Throws: `ProgramError` when there is none that is still valid. This program asks no identity provider for
  ///   another one: it would have to write it into the kubeconfig.
  func token(at time: Timestamp) throws(ProgramError) -> String {
    let hint = "log in again with what wrote the kubeconfig, or use an 'exec' user with kubelogin"
    guard let token = try config.text("id-token")?.trimmingBlanks() else {
      throw ProgramError(.failed, "\(user.place) has no id-token", hint: hint)
    }
    guard BearerToken.authorization(token) != nil else { throw config.invalid("id-token", "it has blanks") }
    if let expiry = Self.expiry(of: token), expiry <= time.milliseconds / 1000 {
      throw ProgramError(
        .failed, "the id-token of \(user.place) has expired", cause: "it was valid until \(Self.text(expiry))",
        hint: hint)
    }
    return token
  }

  /// Expiry of a token in seconds since 1970 (RFC 7519, claim `exp`); nil when it does not say.
  private static func expiry(of token: String) -> Int64? {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3 else { return nil }
    var payload = String(parts[1].map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    payload += String(repeating: "=", count: (4 - payload.utf8.count % 4) % 4)
    guard let bytes = Base64.decode(payload), let claims = try? Value(json: bytes) else { return nil }
    return claims["exp"]?.int.map { Int64($0) }
  }

  private static func text(_ seconds: Int64) -> String { Timestamp(milliseconds: max(0, seconds) * 1000).description }
}
