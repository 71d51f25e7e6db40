import CLinux
import Glibc
import Support

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
