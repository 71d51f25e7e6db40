import CLinux
import Glibc
import Support
import Synchronization

/// Source of all events for the thread that owns the store: sockets, messages of other threads, signals and timers.
final class EventLoop {
  /// Owner of an event.
  enum Token {
    static let mailbox: UInt64 = 0
    static let signals: UInt64 = 1
    static let firstListener: UInt64 = 2
    static let firstConnection: UInt64 = 1 << 32
  }

  /// Work that the server does at given times.
  enum Timer {
    /// Looks at the sockets, lets time pass for the store, and checks it.
    case housekeeping
    /// Gives back pages that were spare since this struck last.
    case idlePages
    /// Accepts clients again.
    case accepting
    /// Checks the next password.
    case passwords
    /// Writes the documents of volumes that could not be written.
    case lateSaving
    /// Says again whose memory was used again.
    case reuse
    /// Ends a session to which nobody has connected.
    case session(UInt64)
    /// Asks other stores again that are to let go of copies.
    case copyWaits
    /// Gives up a held reply.
    case deadline(HeldReply)
  }

  let poller: Poller
  let mailbox: Mailbox
  var timers = TimerQueue<Timer>()
  private var signalFile: CInt = -1

  /// - Parameter handlesSignals: whether SIGTERM, SIGINT and SIGHUP become events.
  /// - Throws: `ProgramError` when the system gives no descriptors for it.
  init(handlesSignals: Bool) throws(ProgramError) {
    poller = try Poller()
    mailbox = try Mailbox()
    if handlesSignals {
      signalFile = [SIGTERM, SIGINT, SIGHUP].withUnsafeBufferPointer { signals in
        signals.baseAddress.map { clinux_signalfd($0, CInt(signals.count)) } ?? -1
      }
      if signalFile < 0 { throw ProgramError.system("cannot watch for signals", errno: -signalFile) }
    }
    guard poller.add(mailbox.descriptor, .reading, token: Token.mailbox),
      signalFile < 0 || poller.add(signalFile, .reading, token: Token.signals)
    else { throw ProgramError.system("cannot watch for events", errno: errno) }
  }

  deinit { if signalFile >= 0 { close(signalFile) } }

  /// The signal that has arrived, nil for none.
  func takeSignal() -> CInt? {
    let signal = clinux_signalfd_read(signalFile)
    return signal > 0 ? signal : nil
  }

  /// Milliseconds until the next timer, for `Poller.wait`.
  var timeout: CInt {
    guard let time = timers.nextTime else { return -1 }
    let now = monotonicNanoseconds()
    return time <= now ? 0 : CInt(clamping: (time - now) / 1_000_000 + 1)
  }

  /// Adds a timer that strikes after so many nanoseconds.
  @discardableResult
  func after(_ nanoseconds: UInt64, _ timer: Timer) -> TimerQueue<Timer>.Ticket {
    timers.add(at: monotonicNanoseconds() + nanoseconds, timer)
  }
}

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

/// Work that other threads hand to the loop, run there in the order of arrival.
final class Mailbox: Sendable {
  typealias Message = @Sendable (StoreServer) -> Void

  /// Becomes readable when messages arrive.
  let descriptor: CInt
  private let messages = Mutex<[Message]>([])

  init() throws(ProgramError) {
    descriptor = clinux_eventfd()
    if descriptor < 0 { throw ProgramError.system("cannot create an eventfd", errno: -descriptor) }
  }

  deinit { close(descriptor) }

  /// Safe from any thread; never blocks for long.
  func post(_ message: @escaping Message) {
    messages.withLock { $0.append(message) }
    _ = clinux_eventfd_notify(descriptor)
  }

  /// The messages that arrived since the last call.
  func takeAll() -> [Message] {
    _ = clinux_eventfd_drain(descriptor)
    return messages.withLock { messages in
      defer { messages.removeAll() }
      return messages
    }
  }
}
