import CLinux
import Glibc
import Support
import Synchronization

@testable import KubernetesClient

/// A server without TLS that says what a test tells it to, whatever it is asked.
final class ScriptedServer: Sendable {
  enum Step {
    case send(String)
    case close
    case reset
    /// Says nothing until the client goes.
    case silence
  }

  private let listener: LocalListener
  private let stop: StopSignal
  private let thread: BackgroundThread
  /// Request lines and headers as they came.
  let requests: Recorder<String>

  var url: String { "http://127.0.0.1:\(listener.port)" }

  /// - Parameters:
  ///   - greeting: what it says before it is asked anything.
  ///   - script: the steps for the n-th request, counted from 0.
  init(greeting: String = "", _ script: @escaping @Sendable (Int) -> [Step]) throws {
    let (listener, stop, requests) = (try LocalListener(), try StopSignal(), Recorder<String>())
    (self.listener, self.stop, self.requests) = (listener, stop, requests)
    thread = try BackgroundThread(named: "scripted") {
      while let client = listener.accept(stop: stop) {
        _ = fcntl(client, F_SETFL, 0)
        _ = Self.carryOut([.send(greeting)], client, stop)
        while let request = Self.request(client, stop) {
          requests.append(request)
          if !Self.carryOut(script(requests.all.count - 1), client, stop) { break }
        }
        close(client)
      }
    }
  }

  deinit {
    stop.raise()
    thread.join()
  }

  /// - Returns: nil when the client is gone.
  private static func request(_ client: CInt, _ stop: StopSignal) -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while !bytes.ends(with: Array("\r\n\r\n".utf8)) {
      guard isReadable(client, stop), read(client, &byte, 1) == 1 else { return nil }
      bytes.append(byte)
    }
    let head = String(decoding: bytes, as: UTF8.self)
    let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
    for _ in 0..<(length.flatMap { Int($0.drop { !$0.isNumber }) } ?? 0) { _ = read(client, &byte, 1) }
    return head
  }

  private static func isReadable(_ client: CInt, _ stop: StopSignal) -> Bool {
    var descriptors = [
      pollfd(fd: client, events: CShort(POLLIN), revents: 0),
      pollfd(fd: stop.descriptor, events: CShort(POLLIN), revents: 0),
    ]
    _ = awaitEvents(&descriptors)
    return descriptors[1].revents == 0
  }

  /// - Returns: whether the connection stays open.
  private static func carryOut(_ steps: [Step], _ client: CInt, _ stop: StopSignal) -> Bool {
    for step in steps {
      switch step {
      case .send(let text):
        let bytes = Array(text.utf8)
        _ = Glibc.send(client, bytes, bytes.count, CInt(MSG_NOSIGNAL))
      case .close: return false
      case .reset:
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        return false
      case .silence:
        _ = isReadable(client, stop)
        return false
      }
    }
    return true
  }
}

extension [UInt8] {
  fileprivate func ends(with suffix: [UInt8]) -> Bool {
    count >= suffix.count && self[(count - suffix.count)...] == suffix[...]
  }
}

/// An HTTP answer.
func answer(_ status: String, _ body: String, _ headers: String = "") -> ScriptedServer.Step {
  .send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
}
