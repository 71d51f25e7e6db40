import CLinux
import Glibc
import Support
import Synchronization

/// Work that other threads hand to the loop, run there in the order of arrival.
final class Mailbox: Sendable {
  typealias Letter = @Sendable (StoreServer) -> Void

  /// Becomes readable when letters arrive.
  let descriptor: CInt
  private let letters = Mutex<[Letter]>([])

  init() throws(CommandError) {
    descriptor = clinux_eventfd()
    if descriptor < 0 { throw CommandError.system("cannot create an eventfd", errno: -descriptor) }
  }

  deinit { close(descriptor) }

  /// Safe from any thread; never blocks for long.
  func post(_ letter: @escaping Letter) {
    letters.withLock { $0.append(letter) }
    _ = clinux_eventfd_notify(descriptor)
  }

  /// The letters that arrived since the last call.
  func takeAll() -> [Letter] {
    _ = clinux_eventfd_drain(descriptor)
    return letters.withLock { letters in
      defer { letters.removeAll() }
      return letters
    }
  }
}
