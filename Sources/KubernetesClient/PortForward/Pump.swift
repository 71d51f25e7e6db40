import CLinux
import Glibc

/// Carries bytes between one local connection and a pod until either ends; blocks its thread.
struct Pump {
  /// Bytes that may wait on either side.
  private static let limit = 1 << 18
  /// Milliseconds without a byte from the pod after which a client that sends no more is taken to be gone.
  private static let drainTimeout: CInt = 1000

  private let local: CInt
  private let channel: PodChannel
  private let stop: StopSignal
  /// Bytes for the local connection.
  private var incoming: ArraySlice<UInt8> = []
  private var hasLocalEnded = false
  private var buffer = [UInt8](repeating: 0, count: 1 << 15)

  /// - Parameter local: a non-blocking socket.
  init(local: CInt, _ channel: PodChannel, stop: StopSignal) {
    self.local = local
    self.channel = channel
    self.stop = stop
  }

  /// - Throws: `TransportFailure`.
  mutating func run() throws {
    while true {
      if incoming.count < Self.limit, !channel.isAtEnd { incoming += try channel.receive(limit: Self.limit) }
      guard writeLocal(), !(channel.isAtEnd && incoming.isEmpty) else { break }
      try channel.flush()
      guard readyToGoOn() else { break }
      try readLocal()
    }
    try? channel.close()
  }

  /// Waits for either side.
  ///
  /// - Returns: false when it is time to end.
  private func readyToGoOn() -> Bool {
    let localEvents =
      (incoming.isEmpty ? 0 : POLLOUT) | (hasLocalEnded || channel.backlog >= Self.limit ? 0 : POLLIN)
    let remoteEvents =
      (channel.backlog == 0 ? 0 : POLLOUT) | (channel.isAtEnd || incoming.count >= Self.limit ? 0 : POLLIN)
    var descriptors = [
      pollfd(fd: localEvents == 0 ? -1 : local, events: CShort(localEvents), revents: 0),
      pollfd(fd: remoteEvents == 0 ? -1 : channel.descriptor, events: CShort(remoteEvents), revents: 0),
      pollfd(fd: stop.descriptor, events: CShort(POLLIN), revents: 0),
    ]
    let happened = awaitEvents(&descriptors, timeout: hasLocalEnded ? Self.drainTimeout : -1)
    return happened && descriptors[2].revents == 0
  }

  private mutating func readLocal() throws {
    while !hasLocalEnded, channel.backlog < Self.limit {
      let count = read(local, &buffer, buffer.count)
      if count > 0 {
        try channel.send(buffer[..<count])
      } else if count == 0 {
        hasLocalEnded = true
      } else if errno != EINTR {
        hasLocalEnded = errno != EAGAIN
        return
      }
    }
  }

  /// - Returns: false when the local client is gone.
  private mutating func writeLocal() -> Bool {
    while !incoming.isEmpty {
      let count = incoming.withUnsafeBytes { send(local, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
      if count >= 0 {
        incoming = incoming.dropFirst(count)
      } else if errno != EINTR {
        return errno == EAGAIN
      }
    }
    incoming = []
    return true
  }
}

/// Tells several threads that wait in poll(2) to end.
final class StopSignal: Sendable {
  /// Readable from `raise` on.
  let descriptor: CInt

  /// - Throws: `TransportFailure` when the process has no descriptors left.
  init() throws {
    descriptor = clinux_eventfd()
    guard descriptor >= 0 else {
      throw TransportFailure(.unusable, "cannot create an eventfd: \(String(cString: clinux_error_text(-descriptor)))")
    }
  }

  deinit { close(descriptor) }

  func raise() { _ = clinux_eventfd_notify(descriptor) }
}

/// Waits for one of some descriptors (poll(2)).
///
/// - Parameter timeout: milliseconds, negative for ever.
/// - Returns: whether anything happened before the timeout.
func awaitEvents(_ descriptors: inout [pollfd], timeout: CInt = -1) -> Bool {
  while true {
    let count = poll(&descriptors, nfds_t(descriptors.count), timeout)
    if count >= 0 { return count > 0 }
    if errno != EINTR { return true }
  }
}
