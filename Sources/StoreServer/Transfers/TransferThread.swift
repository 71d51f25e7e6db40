import CLinux
import Dispatch
import Glibc
import SharedMemory
import StoreCore
import Support
import Synchronization

/// Moves raw blob bytes between sockets and memory files on a thread of its own, so that large blobs and slow peers never
/// hold up the loop.
final class TransferThread: Sendable {
  /// A transfer under way.
  fileprivate struct Progress {
    let file: CInt
    let transfer: Transfer
    var index = 0
    var done: UInt64 = 0
  }

  /// Bytes moved for one connection before the next one gets its turn.
  private static let slice = 1 << 20

  private let incoming = Mutex<[(token: UInt64, progress: Progress)]>([])
  private let isStopping = Atomic(false)
  private let ended = DispatchSemaphore(value: 0)
  private let wakeup: CInt
  /// Called on the thread when a transfer ended, with whether all bytes arrived.
  private let completion: @Sendable (UInt64, Bool) -> Void

  init(completion: @escaping @Sendable (UInt64, Bool) -> Void) throws(ProgramError) {
    self.completion = completion
    wakeup = clinux_eventfd()
    if wakeup < 0 { throw ProgramError.system("cannot create an eventfd", errno: -wakeup) }
    let poller = try Poller()
    _ = poller.add(wakeup, .reading, token: .max)
    let box = PollerBox(poller: poller)
    guard startThread(named: "vineyard-bytes", { self.run(box) }) else {
      throw ProgramError(.failed, "cannot start the transfer thread")
    }
  }

  /// Hands the poller over to the thread.
  ///
  /// Sendable because the creating thread gives it away and never touches it again.
  private struct PollerBox: @unchecked Sendable {
    let poller: Poller
  }

  /// Starts a transfer; `file` must not be used by anybody else until the completion.
  func start(_ transfer: Transfer, file: CInt, token: UInt64, alreadyReceived: UInt64) {
    var progress = Progress(file: file, transfer: transfer)
    progress.skip(alreadyReceived)
    incoming.withLock { $0.append((token, progress)) }
    _ = clinux_eventfd_notify(wakeup)
  }

  deinit { close(wakeup) }

  /// Ends the thread, and with it what is under way, without completions.
  ///
  /// Returns when no socket is touched any more.
  func stop() {
    guard !isStopping.exchange(true, ordering: .acquiringAndReleasing) else { return }
    _ = clinux_eventfd_notify(wakeup)
    ended.wait()
  }

  private func run(_ box: PollerBox) {
    defer { ended.signal() }
    let poller = box.poller
    var active: [UInt64: Progress] = [:]
    while !isStopping.load(ordering: .acquiring) {
      poller.wait(timeout: -1) { event in
        if event.token == .max {
          accept(poller, &active)
        } else if var progress = active[event.token] {
          switch step(&progress) {
          case .more: active[event.token] = progress
          case .finished: finish(event.token, true, poller, &active)
          case .broken: finish(event.token, false, poller, &active)
          }
        }
      }
    }
  }

  private func accept(_ poller: Poller, _ active: inout [UInt64: Progress]) {
    _ = clinux_eventfd_drain(wakeup)
    let arrived = incoming.withLock { incoming in
      defer { incoming.removeAll() }
      return incoming
    }
    for (token, progress) in arrived {
      active[token] = progress
      let interest: Poller.Interest = progress.transfer.direction == .receive ? .reading : .writing
      if progress.isFinished {
        finish(token, true, poller, &active)
      } else if !poller.add(progress.file, interest, token: token) {
        finish(token, false, poller, &active)
      }
    }
  }

  private func finish(_ token: UInt64, _ succeeded: Bool, _ poller: Poller, _ active: inout [UInt64: Progress]) {
    guard let progress = active.removeValue(forKey: token) else { return }
    poller.remove(progress.file)
    for range in progress.transfer.ranges { range.dropFromResidentSet() }
    completion(token, succeeded)
  }

  private enum Step {
    case more, finished, broken
  }

  private func step(_ progress: inout Progress) -> Step {
    var budget = Self.slice
    while budget > 0 {
      guard let range = progress.current else { return .finished }
      // The system answers EFAULT where a client has cut its file.
      let address = range.address
      let wanted = min(Int(clamping: range.length), budget)
      let count =
        progress.transfer.direction == .receive
        ? recv(progress.file, address, wanted, 0)
        : send(progress.file, address, wanted, CInt(MSG_NOSIGNAL))
      if count > 0 {
        progress.skip(UInt64(count))
        budget -= count
      } else if count < 0, errno == EINTR {
        continue
      } else {
        return count < 0 && errno == EAGAIN ? .more : .broken
      }
    }
    return progress.isFinished ? .finished : .more
  }
}

extension TransferThread.Progress {
  /// The rest of the range at hand.
  fileprivate var current: ArenaBytes? {
    guard index < transfer.ranges.count else { return nil }
    let range = transfer.ranges[index]
    return ArenaBytes(arena: range.arena, offset: range.offset + done, length: range.length - done)
  }

  fileprivate var isFinished: Bool { current == nil }

  fileprivate mutating func skip(_ count: UInt64) {
    var rest = count
    while let current, rest >= current.length {
      rest -= current.length
      index += 1
      done = 0
    }
    if current != nil { done += rest }
  }
}
