import CLinux
import Glibc
import StoreProtocol
import Support

/// A blocking client of the wire protocol over a Unix or a TCP socket.
///
/// Requests and replies are JSON texts; nothing is interpreted beyond the framing.
public final class StoreClient: Sendable {
  public let file: CInt

  /// Connects to a Unix socket without registering.
  ///
  /// - Parameters:
  ///   - path: may be longer than the address of a socket.
  ///   - timeout: how long connecting, sending and receiving may block, each; nil for as long as it takes.
  /// - Throws: `ProgramError` when nobody accepts on `path`.
  public init(path: String, timeout: TimeSpan? = nil) throws(ProgramError) {
    let address = try UnixAddress(path)
    file = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    if file < 0 { throw ProgramError.system("cannot create a socket", errno: errno) }
    if let timeout { Self.limit(file, timeout) }
    let code = address.connect(file)
    if code != 0 { throw ProgramError.system("cannot connect to \(path)", errno: code, hint: "is the daemon running?") }
  }

  /// Connects to the RPC port of a store without registering.
  ///
  /// - Parameters:
  ///   - host: an address of IPv4 or IPv6, or a name.
  ///   - timeout: how long connecting, sending and receiving may block, each; nil for as long as it takes.
  /// - Throws: `ProgramError` when the host is unknown or nobody accepts there.
  public init(host: String, port: UInt16, timeout: TimeSpan? = nil) throws(ProgramError) {
    let addresses = try InternetAddresses(host: host, port: port)
    file = addresses.connect { file in
      if let timeout { Self.limit(file, timeout) }
      // A request and its reply are small, and nobody sends more before the reply is there.
      var isOn: CInt = 1
      setsockopt(file, CInt(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<CInt>.size))
    }
    if file < 0 {
      // connect(2) that ran into its limit says EINPROGRESS.
      let code = errno == EINPROGRESS ? ETIMEDOUT : errno
      throw ProgramError.system("cannot connect to \(host) port \(port)", errno: code, hint: "is the daemon running?")
    }
  }

  /// Takes over a connected socket.
  ///
  /// - Parameter timeout: how long sending and receiving may block, each; nil for as long as it takes.
  public init(file: CInt, timeout: TimeSpan? = nil) {
    self.file = file
    if let timeout { Self.limit(file, timeout) }
  }

  /// Also runs when an initialiser throws: from there on the descriptor is this object's.
  deinit { if file >= 0 { close(file) } }

  /// Source: socket(7); the limit for sending holds for connecting, too.
  private static func limit(_ file: CInt, _ timeout: TimeSpan) {
    var limit = timeval(
      tv_sec: Int(timeout.nanoseconds / 1_000_000_000), tv_usec: Int(timeout.nanoseconds % 1_000_000_000 / 1000))
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(file, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  fileprivate static let registration = #"{"type":"register_request","version":"0.24.2","store_type":1,"session_id":0}"#

  /// Registers and returns the reply.
  ///
  /// - Throws: `ProgramError` as ``request(_:)``; a refusal is a reply.
  @discardableResult
  public func register() throws(ProgramError) -> String { try request(Self.registration) }

  /// Sends one request and returns its reply.
  ///
  /// - Throws: `ProgramError` when the daemon does not take the request or does not answer in time.
  public func request(_ json: String) throws(ProgramError) -> String {
    try sendRaw(Self.frame(Array(json.utf8)))
    return String(decoding: try receive(), as: UTF8.self)
  }

  /// A message with its header.
  public static func frame(_ body: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt64(body.count).littleEndian) { Array($0) } + body
  }

  /// Sends bytes as they are.
  ///
  /// - Throws: `ProgramError` when the daemon does not take them.
  public func sendRaw(_ bytes: [UInt8]) throws(ProgramError) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(file, $0.baseAddress.map { $0 + sent }, bytes.count - sent, CInt(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw ProgramError.system("the daemon does not take the request", errno: errno) }
      sent += count
    }
  }

  /// Receives one message and returns its JSON.
  ///
  /// - Parameter limit: bytes of the longest message that is taken.
  /// - Throws: `ProgramError` when the daemon does not answer in time, closes the connection or announces too long a
  ///   message.
  public func receive(limit: UInt64 = Frame.maximumLength) throws(ProgramError) -> [UInt8] {
    let header = try receive(8)
    let length = header.withUnsafeBytes { Frame.length($0) }
    guard length <= limit else {
      throw ProgramError(.failed, "the daemon announced a message of \(length) bytes")
    }
    return try receive(Int(length))
  }

  /// Receives exactly `count` bytes.
  ///
  /// - Throws: `ProgramError` when the daemon does not answer in time or closes the connection.
  public func receive(_ count: Int) throws(ProgramError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var received = 0
    while received < count {
      let got = bytes.withUnsafeMutableBytes {
        recv(file, $0.baseAddress.map { $0 + received }, count - received, 0)
      }
      if got < 0, errno == EINTR { continue }
      if got < 0 { throw ProgramError.system("the daemon does not answer", errno: errno) }
      if got == 0 { throw ProgramError(.failed, "the daemon closed the connection") }
      received += got
    }
    return bytes
  }

  /// Receives the descriptor of a memory file that follows a reply.
  ///
  /// - Throws: `ProgramError` when none comes.
  public func receiveDescriptor() throws(ProgramError) -> CInt {
    let descriptor = clinux_recv_fd(file)
    if descriptor < 0 { throw ProgramError.system("the daemon sent no descriptor", errno: -descriptor) }
    return descriptor
  }
}

/// Requests whose replies are read.
extension StoreClient {
  /// Registers, and makes sure that the store takes it.
  ///
  /// - Throws: `StoreClientError`.
  public func handshake() throws(StoreClientError) { try call(Array(Self.registration.utf8)) { _ in } }

  /// Sends a request and reads the reply.
  ///
  /// - Parameters:
  ///   - request: JSON, with its type among the fields.
  ///   - read: takes what is wanted of the reply, which is gone afterwards.
  /// - Throws: `StoreClientError.refused` for an error reply, `.unreachable` when there is none or `read` throws.
  public func call<Reply>(
    _ request: [UInt8], _ read: (RequestMessage) throws(StoreError) -> Reply
  ) throws(StoreClientError) -> Reply {
    let bytes: [UInt8]
    do {
      try sendRaw(Self.frame(request))
      bytes = try receive()
    } catch {
      throw .unreachable(error)
    }
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(StoreClientError) in try Self.read(bytes, read) }
    }
    return try result.get()
  }

  private static func read<Reply>(
    _ bytes: UnsafeRawBufferPointer, _ read: (RequestMessage) throws(StoreError) -> Reply
  ) throws(StoreClientError) -> Reply {
    let message = RequestMessage()
    let refusal: StoreError?
    do throws(StoreError) {
      try message.parse(bytes)
      refusal = try Self.refusal(message)
      if refusal == nil {
        _ = try message.string("type")
        return try read(message)
      }
    } catch {
      throw .unreachable(
        ProgramError(.failed, "the answer of the store is not understood", cause: error.message))
    }
    throw .refused(refusal ?? StoreError(.unknownError, ""))
  }

  /// The error that a reply carries, nil for any other reply.
  private static func refusal(_ message: RequestMessage) throws(StoreError) -> StoreError? {
    let code = try message.integer("code", default: 0)
    if code == 0 { return nil }
    let status = UInt16(exactly: code).flatMap(StatusCode.init) ?? .unknownError
    return StoreError(status, try message.string("message", default: "status \(code)"))
  }
}
