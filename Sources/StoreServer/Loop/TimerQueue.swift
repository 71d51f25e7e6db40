/// Actions to take at given times, the earliest first.
///
/// Pure: times are monotonic nanoseconds that come in. Adding, cancelling and taking cost the logarithm of the number
/// of timers.
struct TimerQueue<Action> {
  /// Names a timer, so that it can be cancelled; a number is never used twice.
  struct Ticket: Hashable {
    fileprivate let number: UInt64
  }

  private struct Timer {
    let time: UInt64
    let number: UInt64
    let action: Action

    /// Orders timers by time, and timers of the same time by the order in which they were added.
    func isBefore(_ other: Timer) -> Bool { (time, number) < (other.time, other.number) }
  }

  /// A binary heap.
  private var heap: [Timer] = []
  /// Index of each timer in the heap.
  private var places: [UInt64: Int] = [:]
  private var nextNumber: UInt64 = 0

  var count: Int { heap.count }

  /// Time at which the next timer strikes; nil without one.
  var nextTime: UInt64? { heap.first?.time }

  @discardableResult
  mutating func add(at time: UInt64, _ action: Action) -> Ticket {
    defer { nextNumber += 1 }
    heap.append(Timer(time: time, number: nextNumber, action: action))
    places[nextNumber] = heap.count - 1
    moveUp(heap.count - 1)
    return Ticket(number: nextNumber)
  }

  /// Takes a timer back.
  ///
  /// - Returns: false when it has struck or was cancelled before.
  @discardableResult
  mutating func cancel(_ ticket: Ticket) -> Bool {
    guard let place = places[ticket.number] else { return false }
    _ = remove(at: place)
    return true
  }

  /// Takes the next action whose time has come; nil when there is none.
  mutating func takeDue(_ now: UInt64) -> Action? {
    guard let first = heap.first, first.time <= now else { return nil }
    return remove(at: 0).action
  }

  private mutating func remove(at place: Int) -> Timer {
    let last = heap.count - 1
    swap(place, last)
    let removed = heap.removeLast()
    places[removed.number] = nil
    if place < last {
      moveUp(place)
      moveDown(place)
    }
    return removed
  }

  private mutating func swap(_ left: Int, _ right: Int) {
    guard left != right else { return }
    heap.swapAt(left, right)
    places[heap[left].number] = left
    places[heap[right].number] = right
  }

  private mutating func moveUp(_ start: Int) {
    var place = start
    while place > 0, heap[place].isBefore(heap[(place - 1) / 2]) {
      swap(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private mutating func moveDown(_ start: Int) {
    var place = start
    while true {
      var least = place
      for child in 2 * place + 1...2 * place + 2 where child < heap.count && heap[child].isBefore(heap[least]) {
        least = child
      }
      if least == place { return }
      swap(place, least)
      place = least
    }
  }
}
