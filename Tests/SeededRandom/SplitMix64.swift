/// A small random generator whose sequence depends on its seed alone (Steele, Lea, Flood 2014), for tests that can be
/// replayed.
public struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number in `0..<bound`.
  public mutating func number(below bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// True once in `count` times.
  public mutating func oneIn(_ count: Int) -> Bool { number(below: count) == 0 }

  /// An element, nil when there is none.
  public mutating func pick<Elements: RandomAccessCollection>(_ elements: Elements) -> Elements.Element? {
    elements.isEmpty ? nil : choose(elements)
  }

  /// An element of a collection that has some.
  public mutating func choose<Elements: RandomAccessCollection>(_ elements: Elements) -> Elements.Element {
    elements[elements.index(elements.startIndex, offsetBy: number(below: elements.count))]
  }
}
