import CCurl
import Support
import Synchronization

/// Carries out exchanges on a thread of its own, which drives one libcurl multi handle.
final class TransferLoop: Sendable {
  private enum Command: Sendable {
    case start(Transfer)
    case cancel(Transfer)
  }

  /// The multi handle. Sendable because other threads only call `ccurl_multi_wakeup`, which libcurl allows.
  private struct Multi: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
  }

  private struct Inbox {
    var commands: [Command] = []
    var isStopping = false
    /// nil once the thread has let go of it.
    var multi: Multi?
  }

  private let inbox: Mutex<Inbox>

  /// Makes a loop that does nothing until `run`.
  init() throws(TransportFailure) {
    try CurlLibrary.start()
    guard let multi = ccurl_multi_init() else { throw TransportFailure(.unusable, "libcurl gives no multi handle") }
    inbox = Mutex(Inbox(multi: Multi(pointer: multi)))
  }

  /// Hands an exchange over.
  func start(_ transfer: Transfer) {
    if !post(.start(transfer)) { transfer.finish(.failure(CancellationError())) }
  }

  /// Takes an exchange that is over for its reader off the wire.
  func cancel(_ transfer: Transfer) { _ = post(.cancel(transfer)) }

  /// Makes `run` return; exchanges under way fail.
  func stop() {
    inbox.withLock { inbox in
      inbox.isStopping = true
      if let multi = inbox.multi { ccurl_multi_wakeup(multi.pointer) }
    }
  }

  private func post(_ command: Command) -> Bool {
    inbox.withLock { inbox in
      guard let multi = inbox.multi, !inbox.isStopping else { return false }
      inbox.commands.append(command)
      ccurl_multi_wakeup(multi.pointer)
      return true
    }
  }

  /// Serves until `stop`; called once, on the loop's thread.
  func run() {
    guard let multi = inbox.withLock({ $0.multi }) else { return }
    var active = ActiveTransfers(multi: multi.pointer)
    while true {
      let (commands, isStopping) = take()
      for command in commands {
        switch command {
        case .start(let transfer): active.start(transfer)
        case .cancel(let transfer): active.cancel(transfer)
        }
      }
      if isStopping { break }
      active.advance()
      ccurl_multi_poll(multi.pointer, nil, 0, active.pollTimeout, nil)
    }
    active.cancelAll()
    inbox.withLock { $0.multi = nil }
    ccurl_multi_cleanup(multi.pointer)
  }

  private func take() -> ([Command], isStopping: Bool) {
    inbox.withLock { inbox in
      defer { inbox.commands = [] }
      return (inbox.commands, inbox.isStopping)
    }
  }
}
