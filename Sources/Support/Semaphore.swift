import Glibc

/// A counting semaphore (sem_overview(7)), for a thread that waits for another one.
///
/// `@unchecked` because of the pointer: it never changes, and semaphores are made to be shared by threads.
public final class Semaphore: @unchecked Sendable {
  private let storage: UnsafeMutablePointer<sem_t>

  /// A semaphore with the count zero.
  public init() {
    storage = .allocate(capacity: 1)
    sem_init(storage, 0, 0)
  }

  deinit {
    sem_destroy(storage)
    storage.deallocate()
  }

  /// Adds one to the count, which lets one waiter go on.
  public func signal() { sem_post(storage) }

  /// Blocks this thread until the count is above zero, then takes one off.
  public func wait() {
    while sem_wait(storage) != 0 && errno == EINTR {}
  }
}
