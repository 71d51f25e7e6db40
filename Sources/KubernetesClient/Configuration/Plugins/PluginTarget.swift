import Documents
import Support

/// The cluster a credential plugin gives credentials for.
struct PluginTarget: Sendable {
  let server: String
  let tls: TLSOptions
  let proxy: String?
  /// Extensions of the cluster in the kubeconfig, by name.
  let extensions: [String: Value]

  /// The cluster as `KUBERNETES_EXEC_INFO` has it (client.authentication.k8s.io/v1, `spec.cluster`).
  ///
  /// - Throws: `CommandError` when the file of the certificate authority cannot be read.
  func document(_ sources: ConfigurationSources) throws(CommandError) -> Value {
    var cluster: Value = ["server": .string(server)]
    if let name = tls.serverName { cluster["tls-server-name"] = .string(name) }
    if tls.skipsVerification { cluster["insecure-skip-tls-verify"] = true }
    switch tls.authority {
    case .data(let bytes): cluster["certificate-authority-data"] = .string(Base64.encode(bytes))
    case .file(let path):
      cluster["certificate-authority-data"] = .string(Base64.encode(try sources.readBytes(path) ?? []))
    case nil: break
    }
    if let proxy { cluster["proxy-url"] = .string(proxy) }
    if let config = extensions["client.authentication.k8s.io/exec"] { cluster["config"] = config }
    return cluster
  }
}
