import Support

/// The parts of the server's URL.
struct ServerAddress: Sendable, Equatable {
  let isSecure: Bool
  /// Name or address, without brackets around an IPv6 address.
  let host: String
  let port: Int
  /// Empty, or with a slash in front and none at the end.
  let path: String

  /// - Throws: `ProgramError` for what is no http or https URL.
  init(_ url: String) throws(ProgramError) {
    let invalid = ProgramError(
      .failed, "the server '\(url)' is no URL", hint: "it must look like https://host:port, see the kubeconfig")
    guard let colon = url.firstRange(of: "://") else { throw invalid }
    let rest = url[colon.upperBound...]
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    guard let (host, port) = Self.split(rest[..<slash]), !host.isEmpty else { throw invalid }
    switch url[..<colon.lowerBound].lowercased() {
    case "https": isSecure = true
    case "http": isSecure = false
    default: throw invalid
    }
    self.host = host
    self.port = port ?? (isSecure ? 443 : 80)
    var path = String(rest[slash...])
    while path.hasSuffix("/") { path.removeLast() }
    self.path = path
  }

  private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      let host = String(authority[authority.index(after: authority.startIndex)..<end])
      let rest = authority[authority.index(after: end)...]
      if rest.isEmpty { return (host, nil) }
      return rest.hasPrefix(":") ? number(rest.dropFirst()).map { (host, $0) } : nil
    }
    guard let colon = authority.firstIndex(of: ":") else { return (String(authority), nil) }
    return number(authority[authority.index(after: colon)...]).map { (String(authority[..<colon]), $0) }
  }

  private static func number(_ text: Substring) -> Int? {
    Int(text).flatMap { (1...65535).contains($0) ? $0 : nil }
  }

  /// `host:port`, as the `Host` header has it.
  var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}
