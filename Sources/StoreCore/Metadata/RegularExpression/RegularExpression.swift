/// An ECMAScript regular expression, as `std::regex` of C++ reads one, that whole texts match.
///
/// Clients choose the expressions and one thread serves them all, so nothing here backtracks: a match takes time
/// proportional to the length of the text times the size of the program, whatever the expression. Backreferences and
/// lookaheads cannot be had at that price and make an expression invalid.
///
/// Characters are Unicode scalars. The classes (`\w`, `[[:alpha:]]`, …) are those of the C locale, hence ASCII.
/// Lazy quantifiers match the same whole texts as greedy ones.
struct RegularExpression: Sendable {
  /// UTF-8 bytes of an expression; a longer one is invalid.
  static let maximumLength = 65_536
  /// Groups within groups; deeper ones make an expression invalid, so that it cannot exhaust the stack.
  static let maximumDepth = 200
  /// Instructions of a program: room for any path as a literal, few enough for a match to stay short. A counted
  /// repetition takes its operand as many times as it counts, and makes an expression invalid when that is too much.
  static let maximumInstructions = 5_000

  private let program: Program

  /// Nil when the expression is invalid.
  init?(_ pattern: String) {
    guard pattern.utf8.count <= Self.maximumLength else { return nil }
    do throws(InvalidExpression) {
      var parser = ExpressionParser(pattern)
      program = try parser.program()
    } catch { return nil }
  }

  /// Whether the whole of `text` matches.
  func matches(_ text: String) -> Bool {
    var simulation = match(of: text)
    var steps = Int.max
    return simulation.advance(steps: &steps) ?? false
  }

  /// Begins to match a text.
  func match(of text: String) -> Simulation { Simulation(of: program, on: text) }
}

/// An expression that is malformed, too large, or asks for what takes more than linear time.
struct InvalidExpression: Error {}

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
