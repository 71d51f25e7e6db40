import Glibc
import StoreClient

/// A client that says exactly what a test wants said and never waits for ever.
final class WireClient {
  enum Kind: Sendable {
    case ipc, rpc
  }

  let kind: Kind
  private(set) var file: CInt
  /// Milliseconds until silence counts as a hang.
  var timeout: CInt = 300_000

  /// Connects to the root session's socket, a session's socket at `path`, or the RPC port.
  init(_ server: RunningServer, _ kind: Kind = .ipc, path: String? = nil, receiveBuffer: CInt? = nil) throws {
    self.kind = kind
    switch kind {
    case .ipc: file = try connectUnix(path ?? server.socketPath)
    case .rpc: file = try connectTCP(server.rpcPort, receiveBuffer: receiveBuffer)
    }
  }

  /// Connects and registers.
  static func registered(_ server: RunningServer, _ kind: Kind = .ipc, path: String? = nil) throws -> WireClient {
    let client = try WireClient(server, kind, path: path)
    guard try client.request(Self.register)["type"] == .string("register_reply") else {
      throw TestFailure("register is refused")
    }
    return client
  }

  static let register = #"{"type":"register_request","version":"0.24.2","store_type":1,"session_id":0}"#

  deinit { close() }

  func close() {
    if file >= 0 { Glibc.close(file) }
    file = -1
  }

  /// Says that nothing more will be sent.
  func halfClose() { shutdown(file, CInt(SHUT_WR)) }

  /// Closes with a reset instead of an orderly end (TCP).
  func abort() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(file, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  // MARK: - Sending

  /// Sends bytes as they are.
  ///
  /// - Returns: false when the server has closed the connection.
  @discardableResult
  func send(_ bytes: [UInt8]) throws -> Bool {
    var sent = 0
    while sent < bytes.count {
      try wait(for: POLLOUT, "the server takes no bytes")
      let count = bytes.withUnsafeBytes {
        Glibc.send(file, $0.baseAddress! + sent, bytes.count - sent, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
      }
      if count < 0, errno == EAGAIN || errno == EINTR { continue }
      if count < 0 { return false }
      sent += count
    }
    return true
  }

  func sendFrame(_ json: String) throws { try send(StoreClient.frame(Array(json.utf8))) }

  private func wait(for events: CInt, _ failure: String) throws {
    var waiter = pollfd(file: file, events: events)
    if poll(&waiter, 1, timeout) == 0 { throw TestFailure("a hang: \(failure) within \(timeout / 1000) s") }
  }

  // MARK: - Receiving

  /// Whether something can be read within `milliseconds`.
  func isReadable(within milliseconds: CInt) -> Bool {
    var waiter = pollfd(file: file, events: POLLIN)
    return poll(&waiter, 1, milliseconds) > 0
  }

  /// Receives exactly `count` bytes; nil at the end of the stream.
  func receive(_ count: Int) throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var received = 0
    while received < count {
      try wait(for: POLLIN, "\(count - received) more bytes do not come")
      let got = bytes.withUnsafeMutableBytes { recv(file, $0.baseAddress! + received, count - received, 0) }
      if got < 0, errno == EINTR { continue }
      if got <= 0 {
        if received > 0 { throw TestFailure("the server closed in the middle of \(count) bytes") }
        return nil
      }
      received += got
    }
    return bytes
  }

  /// Receives one message as text; nil when the connection is closed instead.
  func receiveText() throws -> [UInt8]? {
    guard let header = try receive(8) else { return nil }
    let length = header.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length > 0, length <= 256 * mebibyte else { throw TestFailure("the reply has \(length) bytes") }
    guard let body = try receive(Int(length)) else { throw TestFailure("a header without a message") }
    return body
  }

  /// Receives one message; nil when the connection is closed instead.
  func receiveReply() throws -> JSON? {
    guard let text = try receiveText() else { return nil }
    guard let reply = JSON(text) else { throw TestFailure("not JSON: \(String(decoding: text, as: UTF8.self))") }
    return reply
  }

  func request(_ json: String) throws -> JSON {
    try sendFrame(json)
    guard let reply = try receiveReply() else { throw TestFailure("closed instead of a reply to \(json)") }
    return reply
  }

  /// The reply's text, byte for byte.
  func requestText(_ json: String) throws -> String {
    try sendFrame(json)
    guard let text = try receiveText() else { throw TestFailure("closed instead of a reply to \(json)") }
    return String(decoding: text, as: UTF8.self)
  }

  /// Whether the server has closed the connection, with nothing said before.
  func isClosedSilently() throws -> Bool { try receive(1) == nil }

  /// Receives one sendmsg(2): its bytes (at most 16) and the descriptors with it.
  func receiveDescriptors() throws -> (bytes: [UInt8], files: [CInt]) {
    try wait(for: POLLIN, "no descriptor comes")
    var bytes = [UInt8](repeating: 0, count: 16)
    // struct cmsghdr: length (8 bytes), level (4), type (4), then the descriptors.
    var control = [UInt8](repeating: 0, count: 64)
    var files: [CInt] = []
    let count = bytes.withUnsafeMutableBytes { bytes in
      control.withUnsafeMutableBytes { control in
        var vector = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return withUnsafeMutablePointer(to: &vector) { vector in
          var message = msghdr()
          message.msg_iov = vector
          message.msg_iovlen = 1
          message.msg_control = control.baseAddress
          message.msg_controllen = control.count
          let count = recvmsg(file, &message, CInt(MSG_CMSG_CLOEXEC))
          if message.msg_controllen >= 16, control.load(fromByteOffset: 12, as: CInt.self) == 1 {
            let length = control.load(as: Int.self)
            for offset in stride(from: 16, to: length, by: 4) {
              files.append(control.load(fromByteOffset: offset, as: CInt.self))
            }
          }
          return count
        }
      }
    }
    guard count >= 0 else { throw TestFailure("recvmsg: errno \(errno)") }
    return (Array(bytes.prefix(count)), files)
  }

  /// Receives the descriptor of the arena, which comes with the byte 0x14.
  func receiveArena() throws -> CInt {
    let (bytes, files) = try receiveDescriptors()
    guard bytes == [0x14], files.count == 1 else {
      throw TestFailure("instead of one descriptor: bytes \(bytes), descriptors \(files)")
    }
    return files[0]
  }
}

extension pollfd {
  fileprivate init(file: CInt, events: CInt) { self.init(fd: file, events: Int16(events), revents: 0) }
}

private func connectUnix(_ path: String) throws -> CInt {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  return try connectSocket(AF_UNIX, address, receiveBuffer: nil)
}

private func connectTCP(_ port: UInt16, receiveBuffer: CInt?) throws -> CInt {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  return try connectSocket(AF_INET, address, receiveBuffer: receiveBuffer)
}

private func connectSocket<Address>(_ family: CInt, _ address: Address, receiveBuffer: CInt?) throws -> CInt {
  let file = socket(family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
  if var size = receiveBuffer { setsockopt(file, SOL_SOCKET, SO_RCVBUF, &size, 4) }
  let code = withUnsafePointer(to: address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, socklen_t(MemoryLayout<Address>.size)) }
  }
  guard code == 0 else {
    let code = errno
    close(file)
    throw TestFailure("cannot connect: errno \(code)")
  }
  if family == AF_INET {
    var on: CInt = 1
    setsockopt(file, CInt(IPPROTO_TCP), TCP_NODELAY, &on, 4)
  }
  return file
}

/// An HTTP exchange in one breath: the status line, the headers and the body.
func httpExchange(_ request: String, port: UInt16) throws -> (head: String, body: String) {
  let file = try connectTCP(port, receiveBuffer: nil)
  defer { close(file) }
  let bytes = Array(request.utf8)
  guard send(file, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else { throw TestFailure("HTTP: not sent") }
  var answer: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while true {
    var waiter = pollfd(file: file, events: POLLIN)
    guard poll(&waiter, 1, 10_000) > 0 else { throw TestFailure("HTTP: no answer") }
    let count = recv(file, &buffer, buffer.count, 0)
    if count <= 0 { break }
    answer += buffer.prefix(count)
  }
  let text = String(decoding: answer, as: UTF8.self)
  guard let end = text.firstRange(of: "\r\n\r\n") else { throw TestFailure("HTTP: no head in \(text)") }
  return (String(text[..<end.lowerBound]), String(text[end.upperBound...]))
}
