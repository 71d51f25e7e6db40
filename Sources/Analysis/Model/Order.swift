/// The order of the steps of a run: a graph whose edges lead from what ends to what begins then.
struct Order: Sendable {
  private var successors: [[Int]] = []

  /// A new node.
  mutating func node() -> Int {
    successors.append([])
    return successors.count - 1
  }

  /// Lets one node come after another.
  mutating func add(_ from: Int, before to: Int) { successors[from].append(to) }

  /// Two of some steps that may run side by side; nil when each waits for the other ones, or the graph is too large to
  /// tell.
  ///
  /// - Parameter spans: begin and end of each step.
  func sideBySide(_ spans: [(begin: Int, end: Int)]) -> (Int, Int)? {
    guard spans.count > 1, spans.count * successors.count <= Self.limit else { return nil }
    let reached = spans.map { reachable(from: $0.end) }
    // In a chain each reaches as many others as come behind it.
    let sorted = spans.indices.sorted { first, second in
      count(reached[first], spans) > count(reached[second], spans)
    }
    for (earlier, later) in zip(sorted, sorted.dropFirst()) where !reached[earlier].contains(spans[later].begin) {
      return (min(earlier, later), max(earlier, later))
    }
    return nil
  }

  /// Whether a step ends before another one begins.
  func isBefore(_ first: (begin: Int, end: Int), _ second: (begin: Int, end: Int)) -> Bool {
    successors.count <= Self.limit / 100 && reachable(from: first.end).contains(second.begin)
  }

  private static let limit = 500_000

  private func count(_ reached: Set<Int>, _ spans: [(begin: Int, end: Int)]) -> Int {
    spans.count { reached.contains($0.begin) }
  }

  /// The nodes behind one, itself included.
  private func reachable(from start: Int) -> Set<Int> {
    var found: Set<Int> = [start]
    var left = [start]
    while let node = left.popLast() {
      for next in successors[node] where found.insert(next).inserted { left.append(next) }
    }
    return found
  }
}
