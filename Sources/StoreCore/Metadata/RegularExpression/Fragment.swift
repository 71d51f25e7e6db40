/// Code for a part of an expression: entered at its first instruction, left by running off its end.
///
/// Fragments are combined before they are built, so that none grows beyond
/// ``RegularExpression/maximumInstructions``.
struct Fragment {
  private(set) var instructions: [Instruction] = []

  /// Matches the empty text.
  init() {}

  init(_ instruction: Instruction) { instructions = [instruction] }

  /// Lets `next` match behind the match of this one.
  mutating func append(_ next: Fragment) throws(InvalidExpression) {
    try Self.require(instructions.count + next.instructions.count)
    if instructions.isEmpty {
      instructions = next.instructions
    } else {
      instructions += next.instructions
    }
  }

  /// Matches where any of `choices` does.
  init(anyOf choices: [Fragment]) throws(InvalidExpression) {
    let end = choices.reduce(-2) { $0 + $1.instructions.count + 2 }
    try Self.require(end)
    for choice in choices.dropLast() {
      instructions.append(.split(Int32(choice.instructions.count + 2)))
      instructions += choice.instructions
      instructions.append(.jump(Int32(end - instructions.count)))
    }
    instructions += choices.last?.instructions ?? []
  }

  /// Repeats this one `minimum` to `maximum` times in a row; without a maximum, any number of times.
  func repeated(_ minimum: Int, _ maximum: Int?) throws(InvalidExpression) -> Fragment {
    let size = instructions.count
    if size == 0 || maximum == 0 { return Fragment() }
    if minimum == 1, maximum == 1 { return self }
    // The factors first, so that the products cannot overflow.
    try Self.require(max(minimum, maximum ?? 0))
    guard let maximum else { return try unlimited(after: minimum) }
    let optional = maximum - minimum
    try Self.require(minimum * size + optional * (size + 1))
    var result = Fragment()
    for _ in 0..<minimum { result.instructions += instructions }
    for left in stride(from: optional, to: 0, by: -1) {
      result.instructions.append(.split(Int32(left * (size + 1))))
      result.instructions += instructions
    }
    return result
  }

  private func unlimited(after minimum: Int) throws(InvalidExpression) -> Fragment {
    let size = instructions.count
    try Self.require(max(minimum, 1) * size + 2)
    if minimum == 0 {
      var result = Fragment(.split(Int32(size + 2)))
      result.instructions += instructions
      result.instructions.append(.jump(Int32(-size - 1)))
      return result
    }
    var result = try repeated(minimum, minimum)
    // The last copy goes round.
    result.instructions.append(.split(Int32(-size)))
    return result
  }

  /// Throws when a program of so many instructions is too large.
  static func require(_ count: Int) throws(InvalidExpression) {
    if count > RegularExpression.maximumInstructions { throw InvalidExpression() }
  }
}
