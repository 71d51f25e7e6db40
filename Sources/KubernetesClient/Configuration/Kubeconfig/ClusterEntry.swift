import Documents
import Support

/// A cluster of a kubeconfig, or none with only `--server`.
struct ClusterEntry {
  private let entry: KubeconfigEntry?
  private let serverOverride: String?
  private var ignoresAuthority = false

  init(_ entry: KubeconfigEntry?, serverOverride: String?) {
    self.entry = entry
    self.serverOverride = serverOverride
  }

  /// Drops the authorities for the server's certificate, as `--insecure-skip-tls-verify` does.
  mutating func ignoreAuthority() { ignoresAuthority = true }

  /// The address of the API server.
  func server(assumesTLS: Bool) throws(ProgramError) -> String {
    if let serverOverride { return try ServerURL(serverOverride, place: "--server", assumesTLS: assumesTLS).text }
    guard let entry else { throw ProgramError(.failed, "no server is known", hint: "give --server URL") }
    guard let server = try entry.text("server") else {
      throw ProgramError(.failed, "\(entry.place) has no server", hint: "give it one, or use --server URL")
    }
    return try ServerURL(server, place: entry.place, assumesTLS: assumesTLS).text
  }

  /// Verification of the server; the name in its certificate is not that of another server given by a flag.
  func tls(_ sources: ConfigurationSources) throws(ProgramError) -> TLSOptions {
    guard let entry else { return TLSOptions(skipsVerification: ignoresAuthority) }
    let serverName = serverOverride == nil ? try entry.text("tls-server-name") : nil
    if ignoresAuthority { return TLSOptions(serverName: serverName, skipsVerification: true) }
    let skipsVerification = try entry.boolean("insecure-skip-tls-verify")
    let authority = try entry.pem("certificate-authority", sources)
    guard !skipsVerification || authority == nil else {
      throw ProgramError(
        .failed, "\(entry.place) has a certificate-authority and insecure-skip-tls-verify",
        hint: "remove one of them")
    }
    return TLSOptions(authority: authority, serverName: serverName, skipsVerification: skipsVerification)
  }

  /// The proxy of this cluster.
  func proxy() throws(ProgramError) -> String? {
    guard let entry, let proxy = try entry.text("proxy-url") else { return nil }
    let scheme = ProxyChoice.scheme(of: proxy)
    guard ProxyChoice.schemes.contains(scheme) else {
      throw entry.invalid(
        "proxy-url", "unsupported scheme '\(scheme)'", hint: "use \(ProxyChoice.schemes.joined(separator: ", "))")
    }
    return proxy
  }

  /// Extensions of the cluster by name; one of them is meant for credential plugins.
  var extensions: [String: Value] {
    (entry?.fields["extensions"]?.array ?? []).reduce(into: [:]) { extensions, element in
      if let name = element["name"]?.string { extensions[name] = element["extension"] }
    }
  }
}
