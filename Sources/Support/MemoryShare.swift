/// A part of a store's memory as people write it: `25%`, `2Gi`.
public enum MemoryShare: Sendable, Equatable {
  case percent(UInt64)
  case bytes(UInt64)

  /// Reads a percentage from 1 to 100, or a size as ``ByteSize`` does.
  ///
  /// - Throws: `ProgramError` with code `usage`, which names the flag.
  public static func parse(_ text: String, flag: String) throws -> MemoryShare {
    let hint = "write a share, such as 25%, or a size, such as 2Gi"
    let trimmed = text.trimmingBlanks()
    if trimmed.hasSuffix("%") {
      guard let percent = UInt64(trimmed.dropLast()), (1...100).contains(percent) else {
        throw ProgramError(.usage, "invalid \(flag) '\(text)'", cause: "a share is 1% to 100%", hint: hint)
      }
      return .percent(percent)
    }
    let size: ByteSize?
    do { size = try ByteSize.parse(trimmed) } catch {
      throw ProgramError(.usage, "invalid \(flag) '\(text)'", hint: hint)
    }
    guard let size, trimmed.first != "-" else {
      throw ProgramError(.usage, "invalid \(flag) '\(text)'", cause: "it is not above zero", hint: hint)
    }
    return .bytes(size.bytes)
  }

  /// The bytes of the share, never more than there are.
  public func bytes(of all: UInt64) -> UInt64 {
    switch self {
    case .percent(let percent): all / 100 * percent
    case .bytes(let bytes): min(bytes, all)
    }
  }
}
