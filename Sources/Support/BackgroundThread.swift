import CLinux
import Glibc
import Synchronization

/// Starts a detached thread that takes no signals.
///
/// - Returns: false when the system refuses another thread; then `body` never runs.
public func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
  final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
  let context = Unmanaged.passRetained(Start(name, body))
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
  var thread = pthread_t()
  let code = pthread_create(
    &thread, &attributes,
    { raw in
      guard let raw else { return nil }
      let start = Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
      _ = clinux_block_signals()
      _ = clinux_thread_name(start.name)
      start.body()
      return nil
    }, context.toOpaque())
  if code != 0 { context.release() }
  return code == 0
}

/// Unix time in milliseconds.
public func unixMilliseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
}

/// Nanoseconds of a clock that never steps back.
public func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
