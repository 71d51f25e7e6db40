import Support

/// The proxy on the way to an API server, as kubectl chooses it.
enum ProxyChoice {
  /// The schemes a proxy may have.
  static let schemes = ["http", "https", "socks5", "socks5h"]

  /// The proxy that the environment names for a server: HTTPS_PROXY or HTTP_PROXY by its scheme, in capitals or lower
  /// case. ALL_PROXY does not count.
  ///
  /// - Returns: nil for a server that needs none: on this machine, or named by NO_PROXY.
  /// - Throws: `ProgramError` for an address that is no proxy's.
  static func ofEnvironment(for server: String, _ sources: ConfigurationSources) throws(ProgramError) -> String? {
    let address = try ServerAddress(server)
    guard let (name, text) = variable(address.isSecure ? "HTTPS_PROXY" : "HTTP_PROXY", sources) else { return nil }
    if address.host.lowercased() == "localhost" || IPAddress(address.host)?.isLoopback == true { return nil }
    let exceptions = ProxyExceptions(variable("NO_PROXY", sources)?.value ?? "")
    if exceptions.cover(host: address.host, port: address.port) { return nil }
    let url = text.firstRange(of: "://") == nil ? "http://\(text)" : text
    let scheme = scheme(of: url)
    guard schemes.contains(scheme) else {
      throw ProgramError(
        .failed, "invalid \(name) '\(withoutPassword(text))'", cause: "unsupported scheme '\(scheme)'",
        hint: "use \(schemes.joined(separator: ", "))")
    }
    return url
  }

  /// The scheme of a URL in lower case, empty without one.
  static func scheme(of url: String) -> String {
    url.firstRange(of: "://").map { url[..<$0.lowerBound].lowercased() } ?? ""
  }

  /// A proxy's URL as libcurl needs it to have the proxy look up the server's name, as kubectl does for any SOCKS
  /// proxy: names of a private network are known behind it only.
  static func resolvingNames(_ url: String) -> String {
    scheme(of: url) == "socks5" ? "socks5h\(url.dropFirst("socks5".count))" : url
  }

  private static func variable(_ name: String, _ sources: ConfigurationSources) -> (name: String, value: String)? {
    for spelling in [name, name.lowercased()] {
      if let value = sources.nonEmpty(spelling)?.trimmingBlanks(), !value.isEmpty { return (spelling, value) }
    }
    return nil
  }

  private static func withoutPassword(_ url: String) -> String {
    guard let at = url.lastIndex(of: "@") else { return url }
    let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
    return "\(url[..<start])…\(url[at...])"
  }
}
