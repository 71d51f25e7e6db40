import Glibc
import Support

/// Address at which the driver listens: a Unix socket, or a TCP port of this machine.
public enum DriverEndpoint: Equatable, Sendable, CustomStringConvertible {
  case unix(path: String)
  case tcp(host: String, port: UInt16)

  /// Reads `unix:///path` or `tcp://127.0.0.1:port`; the scheme's case doesn't matter. As with the original, the path
  /// of a Unix socket is absolute whether it is written so or not.
  ///
  /// - Throws: `ProgramError` with code `usage`.
  public init(_ text: String) throws(ProgramError) {
    let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty else { throw Self.invalid(text) }
    let rest = String(parts[1])
    switch parts[0].lowercased() {
    case "unix":
      self = .unix(path: rest.hasPrefix("/") ? rest : "/\(rest)")
    case "tcp":
      self = try Self.tcp(rest, text)
    default: throw Self.invalid(text)
    }
  }

  private static func tcp(_ address: String, _ text: String) throws(ProgramError) -> DriverEndpoint {
    guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
      throw invalid(text)
    }
    let host = String(address[..<colon])
    // Everybody who reaches the endpoint may mount and delete volumes: the interface knows no authentication.
    guard let address = ["localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1", "[::1]": "::1"][host] else {
      throw ProgramError(
        .usage, "--endpoint \(text) would let other hosts in", cause: "the interface knows no authentication",
        hint: "use unix:///path, or tcp://127.0.0.1:port")
    }
    return .tcp(host: address, port: port)
  }

  private static func invalid(_ text: String) -> ProgramError {
    ProgramError(.usage, "invalid --endpoint '\(text)'", hint: "use unix:///csi/csi.sock or tcp://127.0.0.1:port")
  }

  public var description: String {
    switch self {
    case .unix(let path): "unix://\(path)"
    case .tcp(let host, let port): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
    }
  }
}

/// The Unix socket that the kubelet and the sidecars connect to.
struct EndpointSocket {
  let file: CInt
  private let path: String
  private let identity: (device: dev_t, inode: ino_t)

  /// Binds a socket, in place of one that a driver which is gone left behind.
  ///
  /// - Throws: `ProgramError` when a driver answers there, or the path cannot be used.
  init(path: String) throws(ProgramError) {
    try UnixSocketPath.removeStaleSocket(for: path, flag: "--endpoint")
    let address = try UnixSocketPath.address(path, flag: "--endpoint")
    let file = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    if file < 0 { throw ProgramError.system("cannot create a socket", errno: errno) }
    // The sidecars may run as another user of the same group.
    let code = address.bind(file, mode: 0o660)
    var status = stat()
    guard code == 0, lstat(path, &status) == 0 else {
      close(file)
      throw ProgramError.system("cannot listen on \(path)", errno: code, hint: "choose another path with --endpoint")
    }
    self.file = file
    self.path = path
    identity = (status.st_dev, status.st_ino)
  }

  /// Removes the socket file, unless another driver has replaced it.
  func removePath() {
    var status = stat()
    if lstat(path, &status) == 0, (status.st_dev, status.st_ino) == identity { unlink(path) }
  }
}
