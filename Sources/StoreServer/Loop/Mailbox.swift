import CLinux
import Glibc
import Support
import Synchronization

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
