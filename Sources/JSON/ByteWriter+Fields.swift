/// Objects and arrays, written field by field: keys are literals, and the commas come by themselves.
///
/// A comma is due unless the byte before is the bracket that opens, so an object may be written in several steps, by
/// several functions, without anything to remember. Each key is one piece that is copied.
extension ByteWriter {
  private var isCommaDue: Bool {
    guard let last else { return false }
    return last != UInt8(ascii: "{") && last != UInt8(ascii: "[")
  }

  /// Appends the comma between two fields or elements, where one is due.
  public func separate() {
    if isCommaDue { append(UInt8(ascii: ",")) }
  }

  // MARK: - Keys

  /// Appends the key of a field, with its colon and the comma before it.
  ///
  /// - Parameter name: nothing in it is escaped; 60 bytes at most.
  public func key(_ name: StaticString) {
    let length = name.utf8CodeUnitCount
    precondition(length <= Self.longestLiteral, "the key is too long")
    let comma = isCommaDue ? 1 : 0
    let target = reserve(length + 4)
    // Written over by the quote when it is not due.
    target.pointee = UInt8(ascii: ",")
    let quoted = Self.quote(name, length, at: target + comma)
    target[comma + quoted] = UInt8(ascii: ":")
    count += comma + quoted + 1
  }

  /// Bytes of the longest text that is written at once.
  private static let longestLiteral = smallestCapacity - 4

  /// Writes a text of some bytes in quotes.
  ///
  /// - Returns: how many bytes that are.
  @inline(__always)
  private static func quote(_ text: StaticString, _ length: Int, at target: UnsafeMutablePointer<UInt8>) -> Int {
    target.pointee = UInt8(ascii: "\"")
    UnsafeMutableRawPointer(target + 1).copyMemory(from: text.utf8Start, byteCount: length)
    target[length + 1] = UInt8(ascii: "\"")
    return length + 2
  }

  /// Appends the number of a field as its key.
  public func key(_ number: Int) {
    separate()
    append(UInt8(ascii: "\""))
    append(decimal: number)
    append("\":")
  }

  /// Appends a text that is a key.
  public func key(text: String) {
    separate()
    append(jsonString: text)
    append(UInt8(ascii: ":"))
  }

  /// Appends a key made of a prefix and sixteen hexadecimal digits.
  public func key(hex value: UInt64, prefix: UInt8) {
    separate()
    append(quotedHex: value, prefix: prefix)
    append(UInt8(ascii: ":"))
  }

  private func append(quotedHex value: UInt64, prefix: UInt8) {
    append(UInt8(ascii: "\""))
    append(hex: value, prefix: prefix)
    append(UInt8(ascii: "\""))
  }

  // MARK: - Fields

  /// Appends a field with an unsigned number.
  @inlinable @inline(__always)
  public func field(_ name: StaticString, _ value: UInt64) {
    key(name)
    append(decimal: value)
  }

  /// Appends a field with a signed number.
  @inlinable @inline(__always)
  public func field(_ name: StaticString, _ value: Int) {
    key(name)
    append(decimal: value)
  }

  /// Appends a field that is true or false.
  @inlinable @inline(__always)
  public func field(_ name: StaticString, _ value: Bool) {
    key(name)
    append(value ? "true" : "false")
  }

  /// Appends a field with a text, escaped.
  @inlinable @inline(__always)
  public func field(_ name: StaticString, _ value: String) {
    key(name)
    append(jsonString: value)
  }

  /// Appends a field with a text in which nothing is to be escaped.
  ///
  /// - Parameter text: 60 bytes at most.
  @inlinable @inline(__always)
  public func field(_ name: StaticString, literal text: StaticString) {
    key(name)
    append(literal: text)
  }

  /// Appends a field with a text made of a prefix and sixteen hexadecimal digits.
  public func field(_ name: StaticString, hex value: UInt64, prefix: UInt8) {
    key(name)
    append(quotedHex: value, prefix: prefix)
  }

  /// Appends a field with a text, escaped, or null.
  public func field(_ name: StaticString, orNull value: String?) {
    if let value { field(name, value) } else { null(name) }
  }

  /// Appends a field that is null.
  @inlinable @inline(__always)
  public func null(_ name: StaticString) {
    key(name)
    append("null")
  }

  /// Appends a JSON string in which nothing is to be escaped.
  ///
  /// - Parameter text: 60 bytes at most.
  public func append(literal text: StaticString) {
    let length = text.utf8CodeUnitCount
    precondition(length <= Self.longestLiteral, "the text is too long")
    count += Self.quote(text, length, at: reserve(length + 2))
  }

  // MARK: - Objects and arrays

  /// Opens an object that is a field.
  public func beginObject(_ name: StaticString) {
    key(name)
    beginObject()
  }

  public func beginObject() { append(UInt8(ascii: "{")) }

  public func endObject() { append(UInt8(ascii: "}")) }

  /// Opens an array that is a field.
  public func beginArray(_ name: StaticString) {
    key(name)
    append(UInt8(ascii: "["))
  }

  /// Appends an unsigned number as an element of an array.
  public func element(_ value: UInt64) {
    separate()
    append(decimal: value)
  }

  public func endArray() { append(UInt8(ascii: "]")) }
}
