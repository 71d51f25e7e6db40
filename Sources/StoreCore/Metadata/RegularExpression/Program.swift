/// A compiled regular expression: a machine that is in many places of its program at once.
///
/// It accepts by running off the end.
struct Program: Sendable {
  let instructions: [Instruction]
  /// The sets that instructions name by their indices.
  let sets: [ScalarSet]

  /// Whether the instruction at `index` consumes `scalar`; only of instructions that consume at all.
  @inline(__always)
  func consumes(_ scalar: UInt32, at index: Int) -> Bool {
    switch instructions[index] {
    case .scalar(let expected): expected == scalar
    case .set(let set): sets[Int(set)].contains(scalar)
    case .jump, .split, .assert: false
    }
  }
}

/// A step of a program. Targets are relative to the instruction itself, so that code can be copied and moved.
enum Instruction: Sendable {
  /// Consumes this scalar.
  case scalar(UInt32)
  /// Consumes a scalar of the set with this index.
  case set(UInt32)
  case jump(Int32)
  /// Goes on with the next instruction and also with the target.
  case split(Int32)
  /// Goes on where this holds.
  case assert(Assertion)
}

/// A condition on a place between two scalars.
enum Assertion: Sendable {
  case start, end, wordBoundary, noWordBoundary

  /// Whether it holds between two scalars, nil beyond the ends of the text.
  func holds(between left: UInt32?, and right: UInt32?) -> Bool {
    switch self {
    case .start: left == nil
    case .end: right == nil
    case .wordBoundary: Self.isWord(left) != Self.isWord(right)
    case .noWordBoundary: Self.isWord(left) == Self.isWord(right)
    }
  }

  private static func isWord(_ scalar: UInt32?) -> Bool {
    guard let scalar else { return false }
    return ScalarSet.word.contains(scalar)
  }
}
