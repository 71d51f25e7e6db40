import SharedMemory
import StoreCore
import Support

/// How much memory the store takes, from what was asked for and what the system has.
struct MemoryPlan: Equatable {
  /// Bytes that blobs may take.
  let limit: UInt64
  /// Bytes of a sparse arena: more than the limit, so that fragmentation doesn't eat into it.
  let sparseLength: UInt64
  /// Bytes of an arena whose pages are all reserved.
  let exactLength: UInt64
  /// Bytes kept warm ahead of the allocations.
  let reserve: UInt64
  /// What to tell the user about it.
  let warnings: [String]

  /// The smallest store, in bytes.
  static let minimum: UInt64 = 4096

  /// - Parameter requested: bytes, nil for as much as is sensible.
  init(requested: UInt64?, limits: MemoryLimits) {
    let headroom = max(64 << 20, limits.effective / 16)
    let most = limits.effective > 2 * headroom ? limits.effective - headroom : limits.effective / 2
    var warnings: [String] = []
    var limit = max(requested ?? most, Self.minimum)
    if limit > most {
      let origin = limits.cgroup.map { $0 < limits.physical } == true ? "the container may use" : "the machine has"
      warnings.append(
        "--size \(ByteSize(bytes: limit)) is more than fits in the \(ByteSize(bytes: limits.effective)) "
          + "\(origin); using \(ByteSize(bytes: most))")
      limit = most
    }
    self.limit = limit
    self.warnings = warnings
    let chunk = Residency.chunkSize
    exactLength = (limit + chunk - 1) / chunk * chunk
    sparseLength = exactLength * 2 + 32 * chunk
    reserve = (min(limit / 4, 1 << 30) + chunk - 1) / chunk * chunk
  }
}
