/// Text that is compared byte by byte, as the protocol does; `String` takes canonically equivalent texts for equal.
struct ExactText: Hashable, Comparable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (left: ExactText, right: ExactText) -> Bool { left.text.order(against: right.text) { $0 } == 0 }

  static func < (left: ExactText, right: ExactText) -> Bool { left.text.order(against: right.text) { $0 } < 0 }

  func hash(into hasher: inout Hasher) {
    let isDone: Void? = text.utf8.withContiguousStorageIfAvailable {
      hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if isDone == nil { for byte in text.utf8 { hasher.combine(byte) } }
  }
}

extension String {
  /// Negative, zero or positive as the bytes of this text come before, equal or come after those of another.
  ///
  /// - Parameter rank: where a byte stands among the others; the order of numbers when it returns the byte.
  @inline(__always)
  func order<Rank: Comparable>(against other: String, by rank: (UInt8) -> Rank) -> Int {
    let (left, right) = (utf8, other.utf8)
    let order: Int?? = left.withContiguousStorageIfAvailable { left in
      right.withContiguousStorageIfAvailable { right in
        let common = min(left.count, right.count)
        let index = Self.firstDifference(left, right, common)
        guard index < common else { return left.count - right.count }
        return rank(left[index]) < rank(right[index]) ? -1 : 1
      }
    }
    if let order, let order { return order }
    return left.elementsEqual(right) ? 0 : left.lexicographicallyPrecedes(right) { rank($0) < rank($1) } ? -1 : 1
  }

  /// The index of the first byte that is not the same in both, or `count`.
  private static func firstDifference(
    _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>, _ count: Int
  ) -> Int {
    let (leftBytes, rightBytes) = (UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right))
    var index = 0
    while index + 8 <= count {
      let difference =
        leftBytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        ^ rightBytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if difference != 0 { return index + difference.littleEndian.trailingZeroBitCount / 8 }
      index += 8
    }
    while index < count, left[index] == right[index] { index += 1 }
    return index
  }
}
