import Glibc

/// Opening a channel.
extension PodChannel {
  /// Connects and upgrades; blocks its thread.
  ///
  /// - Throws: `TransportFailure`, `UpgradeRefused`, `CancellationError`.
  static func open(_ request: HTTPRequest, stop: StopSignal) throws -> PodChannel {
    let connection = try RawConnection(request.url, request.connection, stop: stop.descriptor)
    let handshake = WebSocketHandshake(key: randomBytes(16))
    var rest = handshake.request(target: request.target, headers: request.headers)[...]
    while !rest.isEmpty {
      if let count = try connection.send(rest) {
        rest = rest.dropFirst(count)
      } else {
        try wait(connection, POLLOUT, stop, request.timeout)
      }
    }
    var answer = try readAnswer(connection, stop, request.timeout)
    if handshake.accepts(answer.head) { return PodChannel(connection, rest: answer.rest[...]) }
    // A text for people; its end is the connection's, or what the length says.
    let length = answer.head.value("Content-Length").flatMap { Int($0) } ?? 1 << 16
    while answer.head.status != 101, answer.rest.count < min(length, 1 << 16),
      let more = try read(connection, stop, request.timeout)
    {
      answer.rest += more
    }
    throw UpgradeRefused(response: HTTPResponse(head: answer.head, body: answer.rest))
  }

  private static func readAnswer(
    _ connection: RawConnection, _ stop: StopSignal, _ limit: Duration?
  ) throws -> (head: HTTPHead, rest: [UInt8]) {
    var bytes: [UInt8] = []
    while bytes.count < 1 << 16 {
      guard let more = try read(connection, stop, limit) else { break }
      bytes += more
      var parser = HTTPHeadParser()
      var start = 0
      while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
        if let head = parser.take(String(decoding: bytes[start...end], as: UTF8.self)) {
          return (head, Array(bytes[(end + 1)...]))
        }
        start = end + 1
      }
    }
    throw TransportFailure(.reset, "the connection ended before the answer to the upgrade")
  }

  /// - Returns: nil at the end of the connection.
  private static func read(
    _ connection: RawConnection, _ stop: StopSignal, _ limit: Duration?
  ) throws -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      if let count = try connection.receive(into: &buffer) { return count == 0 ? nil : Array(buffer[..<count]) }
      try wait(connection, POLLIN, stop, limit)
    }
  }

  /// - Parameter limit: the longest time without a byte; the server may have to ask a slow node.
  private static func wait(
    _ connection: RawConnection, _ event: CInt, _ stop: StopSignal, _ limit: Duration?
  ) throws {
    var descriptors = [
      pollfd(fd: connection.descriptor, events: CShort(event), revents: 0),
      pollfd(fd: stop.descriptor, events: CShort(POLLIN), revents: 0),
    ]
    guard awaitEvents(&descriptors, timeout: limit.map { CInt(clamping: $0.milliseconds) } ?? -1) else {
      throw TransportFailure(.timeout, "no answer to the upgrade")
    }
    if descriptors[1].revents != 0 { throw CancellationError() }
  }
}

/// The server answered something else than the upgrade asked for.
struct UpgradeRefused: Error {
  let response: HTTPResponse

  /// Whether it does not know such upgrades, rather than refusing this one.
  var isOfWebSockets: Bool {
    switch response.status {
    case 101, 200..<300, 405, 426, 501: true
    case 400: String(decoding: response.body, as: UTF8.self).contains("Upgrade request required")
    default: false
    }
  }
}
