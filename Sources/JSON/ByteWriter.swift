import Glibc

/// Counts the memory of buffers that grow, and refuses when there is no more.
public protocol GrowthBudget: AnyObject {
  /// - Returns: false when there is no room.
  func take(_ bytes: Int) -> Bool
  func give(back bytes: Int)
}

/// A growing byte buffer that replies are written into and that is reused from message to message.
///
/// Single owner, so the runtime's checks of overlapping accesses are left out: they cost more than the bytes. Growth
/// keeps the bytes written so far.
public final class ByteWriter {
  @exclusivity(unchecked) private var base: UnsafeMutablePointer<UInt8>
  @exclusivity(unchecked) private var capacity: Int

  /// Bytes written so far.
  /// Beyond what ``refusal`` allows, they are counted and not kept.
  @exclusivity(unchecked) public internal(set) final var count: Int

  /// Reason why a writer took no more.
  public enum Refusal: Sendable {
    /// No memory for more.
    case noRoom
    /// A message longer than allowed.
    case tooLong
  }

  /// Reason why some of the bytes appended since the writer was last emptied were not kept; nil when all were.
  @exclusivity(unchecked) public private(set) final var refusal: Refusal?
  /// Asked before the buffer grows, and told when it shrinks.
  private var budget: (any GrowthBudget)?
  private let longest: Int
  /// Bytes that were asked for ahead, which the next emptying leaves.
  @exclusivity(unchecked) private var reserved = 0
  private let initialCapacity: Int

  /// Bytes of a buffer that is not large.
  private static let usualCapacity = 4096

  /// - Parameters:
  ///   - budget: what counts all bytes beyond the first `capacity`.
  ///   - longest: bytes that may be written.
  public init(capacity: Int = 4096, budget: (any GrowthBudget)? = nil, longest: Int = .max) {
    let capacity = max(capacity, Self.smallestCapacity)
    base = Self.resized(nil, capacity)
    self.capacity = capacity
    initialCapacity = capacity
    self.budget = budget
    self.longest = longest
    count = 0
  }

  deinit {
    free(base)
    budget?.give(back: capacity - initialCapacity)
  }

  /// The system moves a large buffer by its pages, without copying it.
  private static func resized(_ base: UnsafeMutablePointer<UInt8>?, _ capacity: Int) -> UnsafeMutablePointer<UInt8> {
    guard let memory = realloc(base, capacity) else { fatalError("there is no memory for \(capacity) bytes") }
    return memory.assumingMemoryBound(to: UInt8.self)
  }

  /// The bytes written so far; valid until the next change.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: min(count, capacity)) }

  /// Forgets the content, and gives back a buffer that one large message blew up.
  public func removeAll(keepingAtMost limit: Int = 1 << 20) {
    count = 0
    refusal = nil
    if capacity > max(limit, reserved, initialCapacity) {
      let kept = max(Self.usualCapacity, initialCapacity)
      budget?.give(back: capacity - kept)
      capacity = kept
      base = Self.resized(base, capacity)
    }
    reserved = 0
  }

  /// Has another budget count the bytes from now on; without room in it, what was written is dropped.
  public func count(in other: any GrowthBudget) {
    // What was granted once is not asked for again: others may have taken more since.
    if budget === other { return }
    let grown = capacity - initialCapacity
    budget?.give(back: grown)
    budget = other
    guard grown > 0, !other.take(grown) else { return }
    refusal = .noRoom
    capacity = initialCapacity
    base = Self.resized(base, capacity)
  }

  /// Makes room for so many bytes in all, which stays when the writer is emptied next.
  ///
  /// - Returns: false when there is none, with the reason in ``refusal``.
  public func makeRoom(for bytes: Int) -> Bool {
    guard bytes <= capacity || grow(to: bytes) else { return false }
    reserved = bytes
    return true
  }

  /// - Returns: whether the buffer holds `needed` bytes now.
  private func grow(to needed: Int) -> Bool {
    if refusal != nil { return false }
    guard needed <= longest else {
      refusal = .tooLong
      return false
    }
    // Twice as much where there is room, and just what is needed where there is not.
    for wanted in [max(needed, min(capacity * 2, longest)), needed + min(needed / 8, longest - needed)] {
      guard budget?.take(wanted - capacity) ?? true else { continue }
      capacity = wanted
      base = Self.resized(base, capacity)
      return true
    }
    refusal = .noRoom
    return false
  }

  /// The byte written last: nil when there is none, 0 when it was not kept.
  var last: UInt8? {
    guard count > 0 else { return nil }
    return count <= capacity ? base[count - 1] : 0
  }

  /// Drops everything behind `length` bytes.
  public func truncate(to length: Int) { count = min(count, length) }

  /// Bytes that the smallest buffer has: pieces up to this length can be written somewhere in any case.
  static let smallestCapacity = 64

  /// - Parameter additional: at most ``smallestCapacity``.
  func reserve(_ additional: Int) -> UnsafeMutablePointer<UInt8> {
    let needed = count + additional
    // What is refused is written over the beginning, which nobody reads.
    if needed > capacity, !grow(to: needed) { return base }
    return base + count
  }

  private func append(_ start: UnsafeRawPointer, _ length: Int) {
    let needed = count + length
    if needed <= capacity || grow(to: needed) {
      UnsafeMutableRawPointer(base + count).copyMemory(from: start, byteCount: length)
    }
    count += length
  }

  public func append(_ byte: UInt8) {
    reserve(1).pointee = byte
    count += 1
  }

  public func append(_ text: StaticString) {
    append(text.utf8Start, text.utf8CodeUnitCount)
  }

  public func append(_ source: UnsafeRawBufferPointer) {
    guard let start = source.baseAddress else { return }
    append(start, source.count)
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
    precondition(offset + 8 <= min(count, capacity))
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
