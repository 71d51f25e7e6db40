import StoreClient
import Support

/// A way to a store.
public enum StoreAddress: Sendable, Hashable {
  /// Its socket, or that of one of its volumes.
  case socket(String)
  /// Its RPC port.
  case network(host: String, port: UInt16)

  /// The port of a store that names none.
  public static let defaultPort: UInt16 = 9600

  /// Reads `host:port`, `[address]:port` or a host alone.
  ///
  /// - Throws: `ProgramError` with code `usage`.
  public init(endpoint text: String) throws(ProgramError) {
    let invalid = ProgramError(
      .usage, "'\(text.printable())' is no address of a store", hint: "write HOST:PORT, such as 10.0.0.7:9600")
    var host = text.hasPrefix("tcp://") ? text.dropFirst(6) : text[...]
    var port = Self.defaultPort
    if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]"),
      host.hasPrefix("[") || host.firstIndex(of: ":") == colon
    {
      guard let number = UInt16(host[host.index(after: colon)...]), number > 0 else { throw invalid }
      port = number
      host = host[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, !host.contains(where: { $0 == "/" || $0 == " " }) else { throw invalid }
    self = .network(host: String(host), port: port)
  }

  /// Connects without registering.
  func connect(timeout: TimeSpan) throws(ProgramError) -> StoreClient {
    switch self {
    case .socket(let path): try StoreClient(path: path, timeout: timeout)
    case .network(let host, let port): try StoreClient(host: host, port: port, timeout: timeout)
    }
  }

  /// The socket of a volume of the store behind a main socket, read-only where that will do; nil over TCP.
  ///
  /// Source: docs/volumes.md.
  func socket(ofVolume id: String, isReadOnly: Bool) -> String? {
    guard case .socket(let path) = self else { return nil }
    let directory = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let root = directory.isEmpty ? (path.hasPrefix("/") ? "" : ".") : directory
    return "\(root)/volumes/\(id)/\(isReadOnly ? "read-only/" : "")vineyard.sock"
  }
}

extension StoreAddress: CustomStringConvertible {
  public var description: String {
    switch self {
    case .socket(let path): path
    case .network(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }
}
