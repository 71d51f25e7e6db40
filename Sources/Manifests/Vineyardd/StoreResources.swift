import Documents
import Support

/// How much memory and CPU a store's container gets.
enum StoreResources {
  /// The container's memory in bytes for a size in bytes: all that such a store may take.
  static func memory(size: UInt64) -> UInt64 { MemoryBudget(size: size).total }

  /// The container's memory as a quantity.
  static func memoryLimit(size: UInt64) -> String { mebibytes(memory(size: size)) }

  /// Whether nobody says how much memory a store has.
  static func isAssumed(_ store: VineyarddSpec.Store) throws -> Bool {
    guard store.memory == nil else { return false }
    return try store.sizeInBytes() == nil
  }

  /// `resources` of the container. What is known is request and limit at once, so that the store is the last to go when
  /// a node is short of memory.
  ///
  /// - Parameter fallback: the requests where nothing is said.
  static func resources(_ store: VineyarddSpec.Store, fallback: Value) throws -> Value {
    var resources: Value = ["requests": fallback]
    let size = try store.sizeInBytes()
    if let memory = store.memory ?? size.map(memoryLimit(size:)) ?? store.assumedMemory {
      resources["requests", "memory"] = .string(memory)
      resources["limits", "memory"] = .string(memory)
    }
    if let cpu = store.cpu {
      resources["requests", "cpu"] = .string(cpu)
      resources["limits", "cpu"] = .string(cpu)
    }
    return resources
  }
}

extension Manifests {
  /// On the Deployment of a cluster whose resource does not say how much memory its stores have: what they were given.
  public static let assumedMemoryAnnotation = "app.vineyard.io/assumed-memory"
}
