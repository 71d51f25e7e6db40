import JSON

/// Lists in requests: plain arrays, and the numbered keys `"0"`, `"1"`, … counted by `num`. One request names at most
/// ``RequestMessage/maximumCount`` blobs.
extension RequestMessage {
  /// A required array of unsigned 64-bit numbers.
  ///
  /// - Throws: invalid when it is missing, too long or something else.
  public func integers(_ name: StaticString) throws(StoreError) -> [UInt64] {
    var values: [UInt64] = []
    try forEachElement(name, "must be an array of 64-bit integers", atMost: 4 * Self.longestList) { span in
      guard let value = bytes.integer(span) else { return false }
      values.append(value)
      return true
    }
    return values
  }

  /// A required array of ids.
  ///
  /// - Throws: invalid when it is missing, too long or something else.
  public func objectIDs(_ name: StaticString) throws(StoreError) -> [ObjectID] {
    try integers(name).map(ObjectID.init)
  }

  /// The sizes of blobs to create, in bytes.
  ///
  /// - Throws: invalid when they are missing, too many or something else.
  public func blobSizes() throws(StoreError) -> [UInt64] {
    let sizes = try integers("sizes")
    try requireAnswerable(sizes.count)
    return sizes
  }

  /// Number of blobs that one request may name: the reply takes up to ``longestBlobEntry`` bytes for each.
  public static let maximumCount = 500_000
  public static let longestBlobEntry = 500

  /// Fields of the longest request with numbered keys, which are put in order in one go.
  public static let maximumNumbered = 1 << 16

  private func requireAnswerable(_ count: Int) throws(StoreError) {
    if count > Self.maximumCount {
      throw StoreError(.invalid, "a request may name \(Self.maximumCount) blobs, this one has \(count)")
    }
  }

  /// A required array of strings.
  ///
  /// - Throws: ``StoreError`` also when they have more than ``maximumText`` bytes together.
  public func strings(_ name: StaticString) throws(StoreError) -> [String] {
    var values: [String] = []
    var length = 0
    try forEachElement(name, "must be an array of strings", atMost: Self.maximumStrings) { span in
      guard span.kind == .string else { return false }
      length += span.count
      // Nothing is decoded beyond what is refused.
      if length <= Self.maximumText { values.append(bytes.string(span)) }
      return true
    }
    guard length <= Self.maximumText else {
      throw failure(name, "has \(length) bytes of text, \(Self.maximumText) are allowed")
    }
    return values
  }

  /// Strings of the longest list of them, which is read in one go.
  public static let maximumStrings = 1 << 16

  /// A required array of pairs `[key, value]`, each read by `read`; nil from it is a type error.
  ///
  /// - Throws: invalid when it is missing, too long or something else.
  public func pairs<Key, Value>(
    _ name: StaticString,
    _ readKey: (JSONSpan) -> Key?, _ readValue: (JSONSpan) -> Value?
  ) throws(StoreError) -> [(Key, Value)] {
    var values: [(Key, Value)] = []
    try forEachElement(name, "must be an array of pairs") { span in
      guard span.kind == .array else { return false }
      var elements: [JSONSpan] = []
      var scanner = JSONScanner(bytes, from: span.start)
      guard (try? scanner.scanArray { elements.append($0) }) != nil, elements.count == 2,
        let key = readKey(elements[0]), let value = readValue(elements[1])
      else { return false }
      values.append((key, value))
      return true
    }
    return values
  }

  /// A required object, each value read by `read`; nil from it is a type error.
  ///
  /// - Throws: invalid when it is missing, too long or something else.
  public func entries<Value>(
    _ name: StaticString, _ read: (JSONSpan) -> Value?
  ) throws(StoreError) -> [(String, Value)] {
    let span = try required(name)
    guard span.kind == .object else { throw failure(name, "must be an object") }
    var values: [(String, Value)] = []
    var isValid = true
    var scanner = JSONScanner(bytes, from: span.start)
    try? scanner.scanObject { key, value throws(JSONError) in
      guard values.count < Self.longestList, let value = read(value) else {
        isValid = false
        throw JSONError(reason: "", offset: value.start)
      }
      values.append((bytes.string(key), value))
    }
    if !isValid { throw failure(name, "has a value of the wrong type") }
    return values
  }

  /// Calls `visit` with each element of a required array; false from it is the given type error.
  ///
  /// - Throws: invalid when it is missing, has more than `longest` elements or is something else.
  public func forEachElement(
    _ name: StaticString, _ problem: String, atMost longest: Int = longestList, _ visit: (JSONSpan) -> Bool
  ) throws(StoreError) {
    let span = try required(name)
    guard span.kind == .array else { throw failure(name, problem) }
    var count = 0
    var scanner = JSONScanner(bytes, from: span.start)
    do throws(JSONError) {
      try scanner.scanArray { element throws(JSONError) in
        count += 1
        // Nothing is looked at beyond what is refused.
        guard count <= longest, visit(element) else { throw JSONError(reason: "", offset: element.start) }
      }
    } catch {
      throw failure(name, count > longest ? "may have \(longest) elements, it has more" : problem)
    }
  }

  /// Elements of the longest list that is read in one go.
  public static let longestList = 1 << 18

  /// The spans under the keys `"0"` … `"num - 1"`, in numeric order.
  ///
  /// - Throws: code 1 when one is missing or `num` is larger than the message.
  public func numberedValues() throws(StoreError) -> [JSONSpan] {
    let declared = try integer("num")
    guard declared <= UInt64(fieldCount) else { throw failure("num", "is larger than the number of fields") }
    let count = Int(declared)
    var spans = [JSONSpan?](repeating: nil, count: count)
    try forEachField { (key, value) throws(StoreError) in
      if let number = decimal(key), number < count { spans[number] = value }
    }
    var values: [JSONSpan] = []
    values.reserveCapacity(count)
    for (index, span) in spans.enumerated() {
      guard let span else { throw failure(index, "is missing") }
      values.append(span)
    }
    return values
  }

  /// The number a key consists of, written without leading zeros.
  private func decimal(_ key: JSONSpan) -> Int? {
    let length = key.count - 2
    guard length >= 1, length <= 9 else { return nil }
    if length > 1, bytes[key.start + 1] == UInt8(ascii: "0") { return nil }
    var value = 0
    for index in (key.start + 1)..<(key.end - 1) {
      let digit = bytes[index] &- 0x30
      guard digit <= 9 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }

  /// Reader of the array `ids` of a blob request, in steps; nil for the numbered keys.
  ///
  /// - Throws: invalid when the field is no array.
  public func blobIDReader() throws(StoreError) -> NumberListReader? {
    guard span("ids") != nil else { return nil }
    return try NumberListReader(self, "ids", atMost: Self.maximumCount, "blobs")
  }

  /// The ids of a blob request: the array `ids` where there is one, the numbered keys otherwise.
  ///
  /// Appends to `target` so that a caller can reuse its storage.
  ///
  /// - Throws: invalid when they are missing, too many or something else.
  public func blobIDs(into target: inout [ObjectID]) throws(StoreError) {
    if span("ids") != nil {
      target.append(contentsOf: try objectIDs("ids"))
      return try requireAnswerable(target.count)
    }
    guard fieldCount <= Self.maximumNumbered else {
      throw StoreError(
        .invalid,
        "a request may name \(Self.maximumNumbered) blobs with numbered keys, this one has \(fieldCount) fields: "
          + "use the array 'ids'")
    }
    if try integer("num") == 1, let only = span("0") {
      guard let value = bytes.integer(only) else { throw failure("0", "must be a 64-bit integer") }
      target.append(ObjectID(value))
      return
    }
    for (index, span) in try numberedValues().enumerated() {
      guard let value = bytes.integer(span) else { throw failure(index, "must be a 64-bit integer") }
      target.append(ObjectID(value))
    }
  }
}

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
