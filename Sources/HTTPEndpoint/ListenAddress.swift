import Support

/// An address to listen at.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
  /// nil for every address of the machine.
  public let host: String?
  public let port: Int

  /// - Parameter port: 0 lets the system choose.
  public init(host: String? = nil, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads an address as Go programs take it: `:8443`, `127.0.0.1:8081`, `[::1]:80`; `0` means not to listen.
  ///
  /// - Returns: nil for `0`.
  /// - Throws: `ProgramError` with code `usage`.
  public static func parse(_ text: String, flag: String) throws(ProgramError) -> ListenAddress? {
    if text == "0" { return nil }
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65535).contains(port)
    else {
      throw ProgramError(
        .usage, "invalid address '\(text)' for \(flag)", hint: "write :8443, 127.0.0.1:8443, or 0 for none")
    }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    return ListenAddress(host: host.isEmpty ? nil : host, port: port)
  }

  public var description: String {
    guard let host else { return "port \(port)" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
