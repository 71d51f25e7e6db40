import Documents
import Support

extension ClientConfiguration {
  /// Finds the cluster to talk to: the flags, a kubeconfig (`--kubeconfig`, `KUBECONFIG`, `~/.kube/config`), or the
  /// service account of the pod this process runs in.
  ///
  /// - Throws: `ProgramError` with code `failed` when nothing is found or something is wrong with what is found.
  public static func resolve(
    _ options: ConnectionOptions, sources: ConfigurationSources = .process
  ) throws(ProgramError) -> ClientConfiguration {
    let kubeconfig = try Kubeconfig.load(options.kubeconfig, sources)
    if let kubeconfig, !kubeconfig.isEmpty || options.kubeconfig != nil {
      return try resolve(options, kubeconfig, sources)
    }
    if let context = options.context {
      throw ProgramError(.failed, "unknown context '\(context)'", cause: "there is no kubeconfig", hint: findingHint)
    }
    if let server = options.server {
      let url = try ServerURL(server, place: "--server", assumesTLS: options.skipsTLSVerification)
      let configuration = ClientConfiguration(server: url.text, credentials: FixedCredentials())
      return try configuration.applying(options, sources)
    }
    if let configuration = try inCluster(sources) { return try configuration.applying(options, sources) }
    throw nothingFound(sources)
  }

  /// The contexts of a kubeconfig, found as `resolve` finds it.
  ///
  /// - Throws: `ProgramError` when it cannot be read.
  public static func contextNames(
    kubeconfig: String?, sources: ConfigurationSources = .process
  ) throws(ProgramError) -> [String] {
    try Kubeconfig.load(kubeconfig, sources).map { Array($0.contexts.keys) } ?? []
  }

  private static func resolve(
    _ options: ConnectionOptions, _ kubeconfig: Kubeconfig, _ sources: ConfigurationSources
  ) throws(ProgramError) -> ClientConfiguration {
    let context = try kubeconfig.context(options)
    var cluster = try kubeconfig.cluster(of: context, options)
    if options.skipsTLSVerification { cluster.ignoreAuthority() }
    let tls = try cluster.tls(sources)
    let user = try kubeconfig.user(of: context)
    let hasTLSSettings = tls.authority != nil || tls.skipsVerification || user?.hasCertificate == true
    let server = try cluster.server(assumesTLS: hasTLSSettings)
    let target = PluginTarget(server: server, tls: tls, proxy: try cluster.proxy(), extensions: cluster.extensions)
    let configuration = ClientConfiguration(
      server: server, context: context?.name, namespace: try context?.text("namespace"), tls: tls,
      proxy: target.proxy, credentials: try user?.credentials(target, sources) ?? FixedCredentials(),
      impersonation: try user?.impersonation(options))
    return try configuration.applying(options, sources)
  }

  /// The configuration with what the flags and the environment say about any cluster.
  private func applying(
    _ options: ConnectionOptions, _ sources: ConfigurationSources
  ) throws(ProgramError) -> ClientConfiguration {
    var configuration = self
    if options.skipsTLSVerification {
      configuration.tls.skipsVerification = true
      configuration.tls.authority = nil
    }
    if let user = options.impersonate, !user.isEmpty, impersonation == nil {
      configuration.impersonation = Impersonation(user: user)
    }
    if proxy == nil { configuration.proxy = try ProxyChoice.ofEnvironment(for: server, sources) }
    configuration.requestTimeout = options.requestTimeout
    return configuration
  }

  private static let findingHint = "name a file with --kubeconfig or KUBECONFIG"

  private static func nothingFound(_ sources: ConfigurationSources) -> ProgramError {
    let files = Kubeconfig.candidates(sources).joined(separator: ", ")
    let cause = files.isEmpty ? "HOME is not set" : "\(files) not found or empty, and this is no pod"
    return ProgramError(.failed, "no cluster to talk to", cause: cause, hint: findingHint)
  }
}

extension ClientConfiguration {
  /// The API server of the cluster this process runs in, as the kubelet tells every container of a pod.
  ///
  /// - Returns: nil outside a pod.
  /// - Throws: `ProgramError` when the pod has no token of a service account.
  static func inCluster(_ sources: ConfigurationSources) throws(ProgramError) -> ClientConfiguration? {
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
      throw ProgramError(
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
