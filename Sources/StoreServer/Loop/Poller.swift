import CLinux
import Glibc
import Support

/// epoll(7), level triggered, with a 64-bit token for each descriptor.
final class Poller {
  struct Event {
    let token: UInt64
    fileprivate let events: UInt32

    var isReadable: Bool { events & (CLINUX_EPOLLIN | CLINUX_EPOLLHUP | CLINUX_EPOLLERR) != 0 }
    var isWritable: Bool { events & CLINUX_EPOLLOUT != 0 }
    /// The peer has closed its side, or the descriptor is broken.
    var isHungUp: Bool { events & (CLINUX_EPOLLHUP | CLINUX_EPOLLERR | CLINUX_EPOLLRDHUP) != 0 }
  }

  /// Kinds of events to report for a descriptor.
  struct Interest: OptionSet {
    let rawValue: UInt32
    static let reading = Interest(rawValue: CLINUX_EPOLLIN)
    static let writing = Interest(rawValue: CLINUX_EPOLLOUT)
    static let hangUp = Interest(rawValue: CLINUX_EPOLLRDHUP)
  }

  /// Events of one turn of the loop: few, so that a turn is short when each of them means work.
  static let capacity = 16

  private let descriptor: CInt
  private let buffer: UnsafeMutablePointer<clinux_event>
  /// Calls of epoll_wait, for the metrics.
  private(set) var waits: UInt64 = 0

  init() throws(ProgramError) {
    descriptor = clinux_epoll_create()
    if descriptor < 0 { throw ProgramError.system("cannot create an epoll instance", errno: -descriptor) }
    buffer = .allocate(capacity: Self.capacity)
  }

  deinit {
    close(descriptor)
    buffer.deallocate()
  }

  /// - Returns: false when the system refuses (too many watches, bad descriptor).
  func add(_ file: CInt, _ interest: Interest, token: UInt64) -> Bool {
    clinux_epoll_control(descriptor, CLINUX_EPOLL_ADD, file, interest.rawValue, token) == 0
  }

  func change(_ file: CInt, _ interest: Interest, token: UInt64) {
    _ = clinux_epoll_control(descriptor, CLINUX_EPOLL_CHANGE, file, interest.rawValue, token)
  }

  func remove(_ file: CInt) { _ = clinux_epoll_control(descriptor, CLINUX_EPOLL_REMOVE, file, 0, 0) }

  /// Waits for events and hands each to `body`.
  ///
  /// - Parameters:
  ///   - timeout: milliseconds, -1 for ever.
  ///   - woken: called when the wait is over, before the first event.
  ///   - serve: called with each event.
  /// - Returns: how many events there were.
  @discardableResult
  func wait(timeout: CInt, woken: () -> Void = {}, serve: (Event) -> Void) -> Int {
    waits &+= 1
    let count = Int(clinux_epoll_wait(descriptor, buffer, CInt(Self.capacity), timeout))
    woken()
    guard count > 0 else { return 0 }
    for index in 0..<count { serve(Event(token: buffer[index].token, events: buffer[index].events)) }
    return count
  }
}
