import Glibc

/// A growing byte buffer that replies are written into and that is reused from message to message.
///
/// Single owner, so the runtime's checks of overlapping accesses are left out: they cost more than the bytes. Growth
/// keeps the bytes written so far.
public final class ByteWriter {
  @exclusivity(unchecked) private var base: UnsafeMutablePointer<UInt8>
  @exclusivity(unchecked) private var capacity: Int

  /// Bytes written so far.
  @exclusivity(unchecked) public private(set) final var count: Int

  public init(capacity: Int = 4096) {
    base = Self.resized(nil, capacity)
    self.capacity = capacity
    count = 0
  }

  deinit { free(base) }

  /// The system moves a large buffer by its pages, without copying it.
  private static func resized(_ base: UnsafeMutablePointer<UInt8>?, _ capacity: Int) -> UnsafeMutablePointer<UInt8> {
    guard let memory = realloc(base, capacity) else { fatalError("there is no memory for \(capacity) bytes") }
    return memory.assumingMemoryBound(to: UInt8.self)
  }

  /// The bytes written so far; valid until the next change.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Forgets the content, and gives back a buffer that one large message blew up.
  public func removeAll(keepingAtMost limit: Int = 1 << 20) {
    count = 0
    if capacity > limit {
      capacity = 4096
      base = Self.resized(base, capacity)
    }
  }

  /// Drops everything behind `length` bytes.
  public func truncate(to length: Int) { count = min(count, length) }

  private func reserve(_ additional: Int) -> UnsafeMutablePointer<UInt8> {
    let needed = count + additional
    if needed > capacity {
      capacity = max(needed, capacity * 2)
      base = Self.resized(base, capacity)
    }
    return base + count
  }

  public func append(_ byte: UInt8) {
    reserve(1).pointee = byte
    count += 1
  }

  public func append(_ text: StaticString) {
    let length = text.utf8CodeUnitCount
    reserve(length).update(from: text.utf8Start, count: length)
    count += length
  }

  public func append(_ source: UnsafeRawBufferPointer) {
    guard let start = source.baseAddress else { return }
    UnsafeMutableRawPointer(reserve(source.count)).copyMemory(from: start, byteCount: source.count)
    count += source.count
  }

  public func append(_ source: [UInt8]) { source.withUnsafeBytes { append($0) } }

  public func append(utf8 text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends eight bytes, least significant first.
  public func append(littleEndian value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { append($0) }
  }

  /// Overwrites eight bytes at `offset`, least significant first.
  public func patch(littleEndian value: UInt64, at offset: Int) {
    precondition(offset + 8 <= count)
    UnsafeMutableRawPointer(base + offset).storeBytes(of: value.littleEndian, as: UInt64.self)
  }

  /// Appends an unsigned decimal number.
  public func append(decimal value: UInt64) {
    var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
    withUnsafeMutableBytes(of: &digits) { scratch in
      var position = scratch.count
      var rest = value
      repeat {
        position -= 1
        let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
        scratch[position] = UInt8(truncatingIfNeeded: remainder) &+ 0x30
        rest = quotient
      } while rest > 0
      append(UnsafeRawBufferPointer(rebasing: scratch[position...]))
    }
  }

  /// Appends a signed decimal number.
  public func append(decimal value: Int) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(decimal: UInt64(value.magnitude))
  }

  /// Appends `prefix` and sixteen hexadecimal digits, without quotes.
  public func append(hex value: UInt64, prefix: UInt8) {
    let target = reserve(17)
    target[0] = prefix
    var shift: UInt64 = 60
    for index in 1...16 {
      target[index] = HexText.digit(UInt8(truncatingIfNeeded: value >> shift) & 0xf)
      shift = shift &- 4
    }
    count += 17
  }

  /// Appends a JSON string literal with the quotes, escaping what JSON demands.
  public func append(jsonString text: String) {
    var text = text
    append(UInt8(ascii: "\""))
    text.withUTF8 { append(jsonContent: UnsafeRawBufferPointer($0)) }
    append(UInt8(ascii: "\""))
  }

  /// Appends what stands between the quotes of a JSON string literal.
  public func append(jsonContent utf8: UnsafeRawBufferPointer) {
    var start = 0
    for index in 0..<utf8.count where Self.isEscaped(utf8[index]) {
      if start < index { append(UnsafeRawBufferPointer(rebasing: utf8[start..<index])) }
      appendEscape(utf8[index])
      start = index + 1
    }
    append(UnsafeRawBufferPointer(rebasing: utf8[start...]))
  }

  private static func isEscaped(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x22 || byte == 0x5c }

  private func appendEscape(_ byte: UInt8) {
    switch byte {
    case 0x22, 0x5c:
      let target = reserve(2)
      target[0] = 0x5c
      target[1] = byte
      count += 2
    case 0x08: append("\\b")
    case 0x09: append("\\t")
    case 0x0a: append("\\n")
    case 0x0c: append("\\f")
    case 0x0d: append("\\r")
    default:
      append("\\u00")
      append(HexText.digit(byte >> 4))
      append(HexText.digit(byte & 0xf))
    }
  }
}
