import DequeModule
import Synchronization

/// Passes elements from one task to another, which may lag behind by a few.
final class Handover<Element: Sendable>: Sendable {
  private struct State {
    var elements: Deque<Element> = []
    /// Nil while more may come.
    var ending: EtcdError??
    /// Waits for an element.
    var receiver: CheckedContinuation<Void, Never>?
    /// Waits for room.
    var sender: CheckedContinuation<Void, Never>?
  }

  private let capacity: Int
  private let state = Mutex(State())

  init(capacity: Int) { self.capacity = capacity }

  /// Hands an element over, once there is room. What comes after the end is dropped.
  ///
  /// - Throws: `EtcdError.cancelled`.
  func send(_ element: Element) async throws(EtcdError) {
    while true {
      if Task.isCancelled { throw .cancelled }
      let receiver: CheckedContinuation<Void, Never>?? = state.withLock { state in
        guard state.elements.count < capacity || state.ending != nil else { return nil }
        if state.ending == nil { state.elements.append(element) }
        return .some(state.receiver.take())
      }
      if let receiver {
        receiver?.resume()
        return
      }
      await wait(\.sender) { $0.elements.count < capacity || $0.ending != nil }
    }
  }

  /// Ends the sequence, with an error or (nil) without.
  func finish(_ error: EtcdError?) {
    let waiting = state.withLock { state in
      if state.ending == nil { state.ending = .some(error) }
      return [state.receiver.take(), state.sender.take()]
    }
    for continuation in waiting { continuation?.resume() }
  }

  /// The next element; nil at the end.
  ///
  /// - Throws: the error that ended it, or `EtcdError.cancelled`.
  func next() async throws(EtcdError) -> Element? {
    while true {
      if Task.isCancelled { throw .cancelled }
      let (element, sender, ending) = state.withLock { state in
        (state.elements.popFirst(), state.sender.take(), state.ending)
      }
      sender?.resume()
      if let element { return element }
      if let ending {
        if let error = ending { throw error }
        return nil
      }
      await wait(\.receiver) { !$0.elements.isEmpty || $0.ending != nil }
    }
  }

  /// Waits until it is woken or cancelled; a waiter has to look again.
  private func wait(
    _ place: any WritableKeyPath<State, CheckedContinuation<Void, Never>?> & Sendable,
    unless isReady: @Sendable (State) -> Bool
  ) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = state.withLock { state in
          if isReady(state) || Task.isCancelled { return true }
          state[keyPath: place] = continuation
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0[keyPath: place].take() }?.resume()
    }
  }
}
