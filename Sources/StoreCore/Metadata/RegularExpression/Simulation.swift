/// Thompson's simulation of a program: for every place of the text, all the instructions it can have reached.
///
/// An instruction is entered at most once per place, which bounds the time, and also ends loops that consume nothing.
struct Simulation {
  private let program: Program
  /// The place at which each instruction, and the end of the program, was last entered.
  private var entered: [Int]
  /// The instructions to enter at `place`.
  private var pending: [Int] = [0]
  /// The instructions that wait for the scalar after `place`.
  private var waiting: [Int] = []
  private var place = 0
  private var scalars: String.UnicodeScalarView.Iterator
  /// The scalar after `place`, nil at the end of the text.
  private var next: UInt32?
  private var isBegun = false

  init(of program: Program, on text: String) {
    self.program = program
    entered = Array(repeating: -1, count: program.instructions.count + 1)
    scalars = text.unicodeScalars.makeIterator()
  }

  /// Goes on matching.
  ///
  /// - Parameter steps: how many instructions may be entered; what is left of them is written back.
  /// - Returns: whether the program consumes the whole text and ends, nil when the steps are used up first.
  mutating func advance(steps: inout Int) -> Bool? {
    if !isBegun {
      isBegun = true
      steps -= program.instructions.count
      next = scalars.next()?.value
      follow(between: nil, and: next, &steps)
    }
    while let scalar = next {
      if steps <= 0 { return nil }
      consume(scalar)
      if pending.isEmpty { return false }
      next = scalars.next()?.value
      place += 1
      follow(between: scalar, and: next, &steps)
    }
    return entered[program.instructions.count] == place
  }

  private mutating func consume(_ scalar: UInt32) {
    for index in waiting where program.consumes(scalar, at: index) { pending.append(index + 1) }
    waiting.removeAll(keepingCapacity: true)
  }

  /// Follows the program from the pending instructions to those that consume a scalar, at the place between two
  /// scalars.
  private mutating func follow(between left: UInt32?, and right: UInt32?, _ steps: inout Int) {
    while let start = pending.popLast() {
      var index = start
      while entered[index] != place {
        entered[index] = place
        steps -= 1
        if index == program.instructions.count { break }
        switch program.instructions[index] {
        case .scalar, .set: waiting.append(index)
        case .jump(let offset): index += Int(offset)
        case .split(let offset):
          pending.append(index + Int(offset))
          index += 1
        case .assert(let assertion):
          if assertion.holds(between: left, and: right) { index += 1 }
        }
      }
    }
  }
}
