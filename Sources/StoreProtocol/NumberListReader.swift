import JSON

/// Reads an array of numbers from a validated message, in steps if wanted.
public struct NumberListReader {
  /// Entries of the longest list.
  public static let maximumCount = 1 << 22

  private let name: StaticString
  private let bytes: UnsafeRawBufferPointer
  private var scanner: JSONScanner
  private let longest: Int
  private let unit: StaticString
  private var ids: [ObjectID] = []

  /// - Parameters:
  ///   - longest: entries that the list may have.
  ///   - unit: what the entries stand for, as the refusal of a longer one says it.
  /// - Throws: code 1 when the field is missing or no array.
  public init(
    _ message: RequestMessage, _ name: StaticString, atMost longest: Int = maximumCount,
    _ unit: StaticString = "objects"
  ) throws(StoreError) {
    let span = try message.required(name)
    guard span.kind == .array else { throw Self.mistyped(name) }
    self.name = name
    self.longest = longest
    self.unit = unit
    bytes = message.bytes
    scanner = JSONScanner(bytes, from: span.start)
  }

  private static func mistyped(_ name: StaticString) -> StoreError {
    StoreError(.invalid, "Failed to parse the JSON message: field '\(name)' must be an array of 64-bit integers")
  }

  /// Number of bytes of the message passed so far.
  public var position: Int { scanner.position }

  /// Reads on.
  ///
  /// - Parameter count: bytes to read before resting.
  /// - Returns: whether everything was read.
  /// - Throws: code 1 when something else than a number is found, or too many of them.
  public mutating func advance(by count: Int) throws(StoreError) -> Bool {
    let limit = count > bytes.count ? .max : scanner.position + count
    while let token = try? scanner.next(before: limit) {
      switch token {
      case .beginArray where scanner.depth == 1: break
      case .endArray where scanner.depth == 0: return true
      case .scalar(let span):
        guard let number = bytes.integer(span) else { throw Self.mistyped(name) }
        guard ids.count < longest else {
          throw StoreError(.invalid, "a request may name \(longest) \(unit), this one has more")
        }
        ids.append(ObjectID(number))
      default: throw Self.mistyped(name)
      }
    }
    return false
  }

  /// Gives away what was read.
  public mutating func takeIDs() -> [ObjectID] {
    defer { ids = [] }
    return ids
  }
}
