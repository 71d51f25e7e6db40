import SharedMemory
import StoreCore
import Support

/// Amount of memory that the store takes, from the request and the limits.
struct MemoryPlan: Equatable {
  /// Bytes that each part of the store may take.
  let budget: MemoryBudget
  /// Bytes of a sparse arena: more than the limit, so that fragmentation doesn't eat into it.
  let sparseLength: UInt64
  /// Bytes of an arena whose pages are all reserved.
  let exactLength: UInt64
  /// Warnings about it for the user.
  let warnings: [String]

  /// - Parameter requested: bytes, nil for as much as is sensible.
  init(requested: UInt64?, limits: MemoryLimits) {
    var (given, source) = limits.given(isSized: requested != nil)
    var budget = MemoryBudget(given: given, requested: requested)
    if let volume = limits.volume, volume < budget.size {
      (given, source) = (volume, .volume)
      budget = MemoryBudget(given: limits.given(isSized: requested != nil).bytes, requested: volume)
    }
    var warnings: [String] = []
    if let requested, requested > budget.size {
      warnings.append(
        "--size \(ByteSize(bytes: requested)) does not fit: \(Self.owner(source)) \(ByteSize(bytes: given)), "
          + "of which \(ByteSize(bytes: budget.size)) are left for objects")
    }
    let taken = source == .machine ? limits.promised.onMachine : source == .cgroup ? limits.promised.inCgroup : 0
    if requested == nil, taken > 0 {
      warnings.append(
        "other stores here may take \(ByteSize(bytes: taken)): \(ByteSize(bytes: budget.size)) are left for objects; "
          + "--size shares the memory out")
    }
    self.budget = budget
    self.warnings = warnings
    let block = Residency.blockSize
    exactLength = (budget.size + block - 1) / block * block
    sparseLength = exactLength * 2 + 32 * block
  }

  private static func owner(_ source: MemoryLimits.Source) -> String {
    switch source {
    case .machine: "the machine can spare"
    case .cgroup: "the container may use"
    case .node: "the node gives to pods"
    case .volume: "the pod's memory volume has"
    }
  }
}
