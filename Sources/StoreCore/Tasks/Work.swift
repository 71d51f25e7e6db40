/// Work done for clients, in units of roughly a nanosecond: the cost of looking at a byte.
///
/// It is counted where it is done and not measured, so that the same requests always count the same.
public struct Work: Sendable {
  /// Units since the store was made.
  public private(set) var done: UInt64 = 0
  /// Units at which a task in steps is to rest.
  private var limit: UInt64 = .max

  /// Lets tasks rest after so many more units.
  public mutating func allow(_ units: UInt64) { limit = done + units }

  /// Lets tasks go to their end, until ``restore(_:)`` is called with the limit that is returned.
  mutating func allowAll() -> UInt64 {
    defer { limit = .max }
    return limit
  }

  mutating func restore(_ old: UInt64) { limit = old }

  /// Whether the units allowed are used up.
  public var isSpent: Bool { done >= limit }

  /// Units still allowed, clamped to `Int`.
  public var rest: Int { isSpent ? 0 : Int(clamping: limit - done) }

  public mutating func spend(_ units: Int) { done += UInt64(units) }

  /// Finding or changing an entry of a table.
  public static let entry = 128
  /// Making or removing a blob or an object: several entries, and memory.
  public static let item = 1024
}
