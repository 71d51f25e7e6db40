import Documents
import Support

/// The output of a credential plugin: an `ExecCredential`.
struct ExecCredential: Sendable, Equatable {
  let credentials: Credentials
  /// Expiry of the credentials; nil when they last as long as this process.
  let expiry: Timestamp?

  /// Reads the output of a plugin; errors never repeat it, as it is secret.
  ///
  /// - Throws: `ProgramError` when it is no such document, of another version, or gives nothing.
  init(output: [UInt8], of plugin: CredentialPlugin) throws(ProgramError) {
    func bad(_ cause: String) -> ProgramError {
      ProgramError(.failed, "bad answer of credential plugin '\(plugin.command)' of \(plugin.owner)", cause: cause)
    }
    guard let text = String(validating: output, as: UTF8.self) else { throw bad("it is not UTF-8") }
    guard !text.allSatisfy(\.isWhitespace) else { throw bad("it is empty") }
    let document: Value
    do throws(DocumentError) {
      document = text.trimmingBlanks().hasPrefix("{") ? try Value(json: text) : try Value(yaml: text)
    } catch {
      throw bad("no ExecCredential" + (error.position.map { " (line \($0.line), column \($0.column))" } ?? ""))
    }
    guard document["kind"]?.string == "ExecCredential" else { throw bad("its kind is not ExecCredential") }
    guard document["apiVersion"]?.string == plugin.apiVersion else {
      throw bad("its apiVersion is not \(plugin.apiVersion), which the kubeconfig asks for")
    }
    guard let status = document["status"], status.fields != nil else { throw bad("it has no status") }
    let token = status["token"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    let chain = status["clientCertificateData"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    let key = status["clientKeyData"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    guard (chain == nil) == (key == nil) else { throw bad("a certificate and its key belong together") }
    guard token != nil || chain != nil else { throw bad("it gives neither a token nor a certificate") }
    var credentials = Credentials()
    if let token {
      guard let authorization = BearerToken.authorization(token) else { throw bad("its token has blanks") }
      credentials.authorization = authorization
    }
    if let chain, let key {
      credentials.certificate = ClientCertificate(chain: .data(Array(chain.utf8)), key: .data(Array(key.utf8)))
    }
    self.credentials = credentials
    guard let expiry = status["expirationTimestamp"]?.string else {
      self.expiry = nil
      return
    }
    guard let time = Timestamp(rfc3339: expiry) else { throw bad("its expirationTimestamp is no RFC 3339 time") }
    self.expiry = time
  }
}
