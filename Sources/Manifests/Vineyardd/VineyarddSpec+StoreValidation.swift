import KubernetesObjects
import Support

extension VineyarddSpec.Store {
  /// Checks the combinations of the store's fields.
  ///
  /// - Throws: `ProgramError` with code `usage`.
  func validate() throws {
    let size = try sizeInBytes()
    if let memory {
      let limit = try Quantity(memory, "memory").value
      guard size.map({ Double($0) <= limit }) ?? true else {
        throw ProgramError(
          .usage, "size \(self.size) does not fit into memory \(memory)",
          hint: "leave the memory out, or give \(StoreResources.memoryLimit(size: size ?? 0)) or more")
      }
      guard limit >= Double(Self.leastMemory) else {
        throw ProgramError(
          .usage, "memory \(memory) is too little for a store",
          hint: "give \(StoreResources.memoryLimit(size: Self.smallestSize)) or more, such as 4Gi")
      }
    }
    try validateEnvironment()
    try spill.validate()
  }

  /// Bytes below which a size, or the memory for it, is a slip, such as a forgotten unit.
  static let smallestSize: UInt64 = 1 << 20
  /// Less than the program itself takes before it has an object: it would be killed at once, again and again.
  private static let leastMemory: UInt64 = 40 << 20

  /// Bytes for objects; nil means as much as the container may use.
  ///
  /// - Throws: `ProgramError` with code `usage` for a text that is no size.
  public func sizeInBytes() throws -> UInt64? {
    guard !size.hasPrefix("-") else {
      throw ProgramError(.usage, "invalid size '\(size)'", cause: "it is negative", hint: "leave it out for no limit")
    }
    return try ByteSize.parse(size)?.bytes
  }

  private func validateEnvironment() throws {
    var names: Set<String> = []
    for variable in env {
      let name = variable.name
      guard names.insert(name).inserted else {
        throw ProgramError(.usage, "the environment variable \(name) is given twice", hint: "give it once")
      }
      guard variable.value == nil || variable.valueFrom == nil else {
        throw ProgramError(
          .usage, "the environment variable \(name) has a value and a source", hint: "give one of them")
      }
    }
  }
}

extension VineyarddSpec.Spill {
  /// Whether objects are spilled.
  var isEnabled: Bool { !name.isEmpty }

  fileprivate func validate() throws {
    let lower = try Self.rate(spillLowerRate, "lower")
    let upper = try Self.rate(spillUpperRate, "upper")
    guard lower < upper else {
      throw ProgramError(
        .usage, "the lower spill rate \(spillLowerRate) is not below the upper one, \(spillUpperRate)",
        hint: "give shares like 0.3 and 0.8")
    }
    guard name.isEmpty == path.isEmpty else {
      throw ProgramError(
        .usage, name.isEmpty ? "a spill path without a spill name" : "a spill name without a spill path",
        hint: "spilling needs both: spill.name (--vineyardd.spill.config) and spill.path (--vineyardd.spill.path)")
    }
    guard isEnabled else {
      guard persistentVolumeSpec == nil, persistentVolumeClaimSpec == nil else {
        throw ProgramError(.usage, "a spill volume without a spill name", hint: "give name and path too")
      }
      return
    }
    try Rule.name(name, "spill name")
    guard !VineyarddSpec.ownVolumeNames.contains(name) else {
      throw Rule.invalid("spill name", name, "the store has another volume of this name", hint: "choose another name")
    }
    try Rule.path(path, "spill path")
    guard persistentVolumeSpec == nil || persistentVolumeClaimSpec != nil else {
      throw ProgramError(.usage, "a spill volume without a claim", hint: "give the claim's spec too")
    }
  }

  /// A share as the definition's pattern takes it.
  private static func rate(_ text: String, _ which: String) throws -> Double {
    let digits = Array(text.utf8)
    let dot = UInt8(ascii: ".")
    guard let rate = Double(text), (0...1).contains(rate),
      digits.allSatisfy({ $0 == dot || (0x30...0x39).contains($0) }),
      digits.count <= 16, digits.first != dot, digits.last != dot, digits.count == 1 || digits[1] == dot
    else {
      throw ProgramError(
        .usage, "invalid \(which) spill rate '\(text)'", hint: "give a share between 0 and 1, like 0.3")
    }
    return rate
  }
}
