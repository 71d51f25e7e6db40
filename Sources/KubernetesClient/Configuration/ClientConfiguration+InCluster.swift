import Support

extension ClientConfiguration {
  /// The API server of the cluster this process runs in, as the kubelet tells every container of a pod.
  ///
  /// - Returns: nil outside a pod.
  /// - Throws: `CommandError` when the pod has no token of a service account.
  static func inCluster(_ sources: ConfigurationSources) throws(CommandError) -> ClientConfiguration? {
    guard let host = sources.nonEmpty("KUBERNETES_SERVICE_HOST"),
      let port = sources.nonEmpty("KUBERNETES_SERVICE_PORT")
    else { return nil }
    let authority = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
    let server = try ServerURL(
      "https://\(authority):\(port)", place: "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT", assumesTLS: true)
    let credentials = TokenFileCredentials(
      path: "\(accountDirectory)/token", owner: "the service account of this pod", sources: sources)
    do {
      _ = try credentials.token()
    } catch {
      throw CommandError(
        .failed, error.message, cause: error.cause, hint: "mount it (automountServiceAccountToken) or give --kubeconfig"
      )
    }
    let authorityFile = "\(accountDirectory)/ca.crt"
    let hasAuthority = try sources.readFile(authorityFile) != nil
    let namespace = try sources.readFile("\(accountDirectory)/namespace")?.trimmingBlanks()
    return ClientConfiguration(
      server: server.text, namespace: namespace?.isEmpty == false ? namespace : nil,
      tls: TLSOptions(authority: hasAuthority ? .file(authorityFile) : nil), credentials: credentials)
  }

  private static let accountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"
}
