/// Memory that a store may take of what there is.
extension MemoryLimits {
  /// Origin of the strictest limit.
  public enum Source: Sendable {
    case machine, cgroup, node, volume
  }

  /// Bytes that the process may take in all.
  ///
  /// A store that was not told its size takes what other stores of the machine, or of its cgroup, have left; when that is
  /// little, half of what is held back for everybody else, up to 256 MiB.
  ///
  /// Where nothing but the node limits a pod, everybody else on the node lives of the same bytes: a store that was not
  /// told its size takes half of them.
  /// - Parameter isSized: whether somebody said how large the store is to be.
  public func given(isSized: Bool) -> (bytes: UInt64, source: Source) {
    var strictest: (bytes: UInt64, source: Source) = (
      physical - min(physical / 2, max(64 << 20, physical / 16)), .machine
    )
    if let cgroup, cgroup < strictest.bytes { strictest = (cgroup, .cgroup) }
    if let node, node < strictest.bytes { strictest = (node, .node) }
    if !isSized { strictest.bytes = left(of: strictest) }
    guard !isSized, strictest.source != .cgroup, let shared = node ?? volume else { return strictest }
    let half = min(shared, volume ?? shared, strictest.bytes) / 2
    return (half, .node)
  }

  private func left(of given: (bytes: UInt64, source: Source)) -> UInt64 {
    let all: UInt64
    let taken: UInt64
    switch given.source {
    case .machine: (all, taken) = (physical, promised.onMachine)
    case .cgroup: (all, taken) = (given.bytes, promised.inCgroup)
    case .node, .volume: return given.bytes
    }
    guard taken > 0 else { return given.bytes }
    let least = min(256 << 20, (all - min(all, taken)) / 2)
    return max(given.bytes - min(given.bytes, taken), least)
  }
}
