import JSON

/// The 64-bit id of an object or a blob; blobs have bit 63 set.
///
/// Written `o%016x` in metadata and as an unsigned JSON number in protocol fields.
public struct ObjectID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt64

  @inlinable
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The blob of size 0: always readable, never stored.
  public static let emptyBlob = ObjectID(0x8000_0000_0000_0000)

  /// The id clients use as a dummy to ask for "synchronise metadata".
  public static let invalid = ObjectID(.max)

  /// Whether the id names a blob. The invalid id is neither an object nor a blob.
  @inlinable
  public var isBlob: Bool { rawValue >> 63 == 1 && rawValue != .max }

  @inlinable
  public static func < (left: ObjectID, right: ObjectID) -> Bool { left.rawValue < right.rawValue }

  /// Text form `o%016x`.
  public var description: String { HexText.string(prefix: UInt8(ascii: "o"), rawValue) }

  /// Parses the text form; the first character is not checked, as the original does.
  ///
  /// - Returns: nil when the rest is not 1 to 16 hexadecimal digits.
  public init?(text: UnsafeRawBufferPointer) {
    guard let value = HexText.parse(text) else { return nil }
    self.init(value)
  }
}

/// Ids of daemon instances with a meaning of their own.
public enum InstanceID {
  /// An object spread over several instances.
  public static let unspecified = UInt64.max
}
