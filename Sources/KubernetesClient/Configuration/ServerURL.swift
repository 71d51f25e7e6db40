import Support

/// The address of an API server, taken apart and checked.
struct ServerURL {
  /// `https://host:port/path` with scheme and host in lower case, without a slash at the end.
  let text: String

  /// Reads the URL of a kubeconfig or `--server`.
  ///
  /// - Parameters:
  ///   - place: where it stands, for messages.
  ///   - assumesTLS: what a text without a scheme means.
  /// - Throws: `ProgramError` when it is no usable address.
  init(_ text: String, place: String, assumesTLS: Bool) throws(ProgramError) {
    let text = text.trimmingBlanks()
    func invalid(_ cause: String) -> ProgramError {
      ProgramError(.failed, "invalid server '\(text)' of \(place)", cause: cause, hint: "write https://HOST:PORT")
    }
    var rest = text[...]
    var scheme = assumesTLS ? "https" : "http"
    if let separator = text.firstRange(of: "://") {
      scheme = text[..<separator.lowerBound].lowercased()
      rest = text[separator.upperBound...]
      guard scheme == "https" || scheme == "http" else { throw invalid("unsupported scheme '\(scheme)'") }
    }
    let authority = rest.prefix { !"/?#".contains($0) }
    var path = rest.dropFirst(authority.count)
    guard !path.contains(where: { "?#".contains($0) }) else { throw invalid("it has a query or a fragment") }
    guard !text.contains(where: { $0.isWhitespace }) else { throw invalid("it has blanks") }
    guard !authority.contains("@") else { throw invalid("it has a user name, which belongs to the users") }
    let (host, port) = try Self.split(authority, invalid)
    while path.last == "/" { path.removeLast() }
    self.text = "\(scheme)://\(host.lowercased())\(port.map { ":\($0)" } ?? "")\(path)"
  }

  private static func split(
    _ authority: Substring, _ invalid: (String) -> ProgramError
  ) throws(ProgramError) -> (host: Substring, port: Substring?) {
    let hostEnd: Substring.Index
    if authority.first == "[" {
      guard let bracket = authority.firstIndex(of: "]") else { throw invalid("a bracket is not closed") }
      hostEnd = authority.index(after: bracket)
    } else {
      hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
    }
    let host = authority[..<hostEnd]
    guard !host.isEmpty, host != "[]" else { throw invalid("the host is missing") }
    guard hostEnd < authority.endIndex else { return (host, nil) }
    let port = authority[authority.index(after: hostEnd)...]
    guard authority[hostEnd] == ":", port.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(port),
      (1...65535).contains(number)
    else { throw invalid("'\(authority[hostEnd...].dropFirst())' is no port") }
    return (host, port)
  }
}
