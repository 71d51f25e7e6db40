import Support

/// Address of a member of an etcd cluster: `http://10.0.0.7:2379`, `https://etcd-0.etcd:2379`, `[::1]:2379`.
public struct EtcdEndpoint: Sendable, Hashable, CustomStringConvertible {
  /// Name or numeric address, without the brackets of IPv6.
  public let host: String
  public let port: Int
  /// Whether connections are encrypted.
  public let isSecure: Bool

  public static let defaultPort = 2379

  public init(host: String, port: Int = defaultPort, isSecure: Bool = false) {
    self.host = host
    self.port = port
    self.isSecure = isSecure
  }

  /// Reads one address. Without a scheme it is plain HTTP, without a port it is 2379.
  ///
  /// - Throws: `ProgramError` for what is no such address.
  public init(_ text: String) throws(ProgramError) {
    var rest = Substring(text)
    isSecure = rest.hasPrefix("https://")
    if isSecure { rest = rest.dropFirst(8) } else if rest.hasPrefix("http://") { rest = rest.dropFirst(7) }
    while rest.hasSuffix("/") { rest = rest.dropLast() }
    let isBracketed = rest.hasPrefix("[")
    let hostEnd = isBracketed ? rest.firstIndex(of: "]") : rest.firstIndex(of: ":") ?? rest.endIndex
    guard let hostEnd else { throw Self.invalid(text) }
    host = String(isBracketed ? rest[..<hostEnd].dropFirst() : rest[..<hostEnd])
    let after = isBracketed ? rest[rest.index(after: hostEnd)...] : rest[hostEnd...]
    if after.isEmpty {
      port = Self.defaultPort
    } else {
      guard after.first == ":", let number = UInt16(after.dropFirst()), number > 0 else { throw Self.invalid(text) }
      port = Int(number)
    }
    guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" || $0 == "[" || $0 == "@" }),
      isBracketed == host.contains(":")
    else { throw Self.invalid(text) }
  }

  /// Reads addresses that commas separate.
  ///
  /// - Throws: `ProgramError` when one of them is no address, or there is none.
  public static func list(_ text: String) throws(ProgramError) -> [EtcdEndpoint] {
    var endpoints: [EtcdEndpoint] = []
    for part in text.split(separator: ",") {
      let trimmed = part.drop { $0 == " " }
      endpoints.append(try EtcdEndpoint(String(trimmed.reversed().drop { $0 == " " }.reversed())))
    }
    guard !endpoints.isEmpty else { throw invalid(text) }
    return endpoints
  }

  private static func invalid(_ text: String) -> ProgramError {
    ProgramError(
      .usage, "'\(text)' is no address of etcd",
      hint: "write http://HOST:PORT or https://HOST:PORT, several with commas")
  }

  public var description: String {
    "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }
}
