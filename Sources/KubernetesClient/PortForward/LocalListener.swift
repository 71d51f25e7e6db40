import CLinux
import Glibc

/// A port of 127.0.0.1 that is free.
final class LocalListener: Sendable {
  let descriptor: CInt
  let port: Int

  /// - Throws: `TransportFailure` when the system gives no port.
  init() throws {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        descriptor >= 0 && bind(descriptor, address, length) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, address, &length) == 0
      }
    }
    guard isListening else {
      let failure = TransportFailure(
        .unusable, "cannot listen at 127.0.0.1: \(String(cString: clinux_error_text(errno)))")
      if descriptor >= 0 { close(descriptor) }
      throw failure
    }
    self.descriptor = descriptor
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }

  /// Refuses connections from now on.
  func refuse() { shutdown(descriptor, CInt(SHUT_RDWR)) }

  /// The next connection, non-blocking; nil once there is a stop.
  func accept(stop: StopSignal) -> CInt? {
    while true {
      var descriptors = [
        pollfd(fd: descriptor, events: CShort(POLLIN), revents: 0),
        pollfd(fd: stop.descriptor, events: CShort(POLLIN), revents: 0),
      ]
      _ = awaitEvents(&descriptors)
      if descriptors[1].revents != 0 { return nil }
      let client = clinux_accept(descriptor)
      if client >= 0 { return client }
      // Out of descriptors: the connection stays in the queue, so a short rest keeps this from spinning.
      if client == -EMFILE || client == -ENFILE { usleep(10_000) }
    }
  }
}
