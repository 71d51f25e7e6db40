import CCurl
import Glibc

/// A connection of libcurl's making, TLS and proxy included, over which the caller speaks for itself.
///
/// Sendable because it goes from the thread that opened it to the one that uses it, never to two at once.
final class RawConnection: @unchecked Sendable {
  private let handle: EasyHandle
  private let multi: UnsafeMutableRawPointer
  /// The socket, to wait on.
  let descriptor: CInt

  /// Connects, and returns when the TLS handshake is over.
  ///
  /// - Parameter stop: a descriptor that becomes readable when the connection is no longer needed.
  /// - Throws: `TransportFailure`, `CancellationError`.
  init(_ url: String, _ options: TransferSettings, stop: CInt) throws {
    handle = try EasyHandle()
    try handle.configure(options)
    try handle.set(CURLOPT_URL, url)
    try handle.set(CURLOPT_CONNECT_ONLY, 1)
    // A proxy must not take part in what is said.
    try handle.set(CURLOPT_HTTPPROXYTUNNEL, 1)
    // An upgrade needs HTTP/1.1, so nothing else may be agreed upon.
    try handle.set(CURLOPT_SSL_ENABLE_ALPN, 0)
    guard let multi = ccurl_multi_init() else { throw TransportFailure(.unusable, "libcurl gives no multi handle") }
    self.multi = multi
    ccurl_multi_add_handle(multi, handle.pointer)
    do {
      try Self.connect(multi, handle, stop: stop)
      var socket = CURL_SOCKET_BAD
      guard ccurl_get_socket(handle.pointer, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK, socket >= 0 else {
        throw TransportFailure(.reset, "the connection is gone")
      }
      descriptor = socket
    } catch {
      ccurl_multi_remove_handle(multi, handle.pointer)
      ccurl_multi_cleanup(multi)
      throw error
    }
  }

  deinit {
    ccurl_multi_remove_handle(multi, handle.pointer)
    ccurl_multi_cleanup(multi)
  }

  private static func connect(_ multi: UnsafeMutableRawPointer, _ handle: EasyHandle, stop: CInt) throws {
    var end = curl_waitfd(fd: stop, events: CShort(CURL_WAIT_POLLIN), revents: 0)
    while true {
      var (running, left): (CInt, CInt) = (0, 0)
      ccurl_multi_perform(multi, &running)
      if let message = ccurl_multi_info_read(multi, &left) {
        let code = ccurl_message_result(message)
        if code != CURLE_OK { throw TransportFailure(code, handle) }
        return
      }
      ccurl_multi_poll(multi, &end, 1, 1000, nil)
      if end.revents != 0 { throw CancellationError() }
    }
  }

  /// Takes some bytes without waiting.
  ///
  /// - Returns: how many were taken; nil when the socket takes none now.
  /// - Throws: `TransportFailure`.
  func send(_ bytes: ArraySlice<UInt8>) throws -> Int? {
    var count = 0
    let code = bytes.withUnsafeBytes { ccurl_easy_send(handle.pointer, $0.baseAddress, $0.count, &count) }
    if code == CURLE_AGAIN { return nil }
    guard code == CURLE_OK else { throw TransportFailure(code, handle) }
    return count
  }

  /// Gives the bytes that have arrived, without waiting.
  ///
  /// - Returns: how many bytes were put into the buffer, 0 at the end; nil when none are there now.
  /// - Throws: `TransportFailure`.
  func receive(into buffer: inout [UInt8]) throws -> Int? {
    var count = 0
    let code = buffer.withUnsafeMutableBytes { ccurl_easy_recv(handle.pointer, $0.baseAddress, $0.count, &count) }
    if code == CURLE_AGAIN { return nil }
    guard code == CURLE_OK else { throw TransportFailure(code, handle) }
    return count
  }
}
