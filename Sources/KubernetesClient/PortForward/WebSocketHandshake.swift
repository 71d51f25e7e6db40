import Crypto
import Support

/// The upgrade of an HTTP/1.1 connection to a WebSocket (RFC 6455, section 4).
struct WebSocketHandshake {
  /// Each message begins with the number of its channel; kubelets have spoken it since Kubernetes 1.6.
  static let channels = "v4.channel.k8s.io"

  let key: String

  /// - Parameter key: 16 random bytes.
  init(key: [UInt8]) { self.key = Base64.encode(key) }

  /// The request's bytes.
  ///
  /// - Parameters:
  ///   - target: path and query.
  ///   - headers: others than those of the upgrade, `Host` among them.
  func request(target: String, headers: [HTTPHeader]) -> [UInt8] {
    let upgrade = [
      HTTPHeader("Connection", "Upgrade"), HTTPHeader("Upgrade", "websocket"),
      HTTPHeader("Sec-WebSocket-Version", "13"),
      HTTPHeader("Sec-WebSocket-Key", key), HTTPHeader("Sec-WebSocket-Protocol", Self.channels),
    ]
    let lines = (headers + upgrade).map { "\($0.name): \($0.value)\r\n" }
    return Array("GET \(target) HTTP/1.1\r\n\(lines.joined())\r\n".utf8)
  }

  /// Whether an answer completes this handshake.
  func accepts(_ head: HTTPHead) -> Bool {
    let proof = Base64.encode(Array(Insecure.SHA1.hash(data: Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))))
    return head.status == 101 && head.value("Upgrade")?.lowercased() == "websocket"
      && head.value("Sec-WebSocket-Accept") == proof && head.value("Sec-WebSocket-Protocol") == Self.channels
  }
}

/// Unpredictable bytes (getrandom(2)).
func randomBytes(_ count: Int) -> [UInt8] {
  var generator = SystemRandomNumberGenerator()
  return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}
