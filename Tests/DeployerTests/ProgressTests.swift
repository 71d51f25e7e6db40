import Support
import Synchronization
import Testing

@testable import Deployer

/// What is shown while waiting, on a terminal and elsewhere.
@Suite struct ProgressTests {
  private final class Paper: Sendable {
    private let written = Mutex("")
    var text: String { written.withLock { $0 } }
    func progress(isTerminal: Bool, palette: Palette = .plain, columns: Int = 120) -> ProgressReporter {
      ProgressReporter(
        columns: { isTerminal ? columns : nil }, palette: palette,
        write: { text in self.written.withLock { $0 += text } })
    }
  }

  @Test func `elsewhere there is a line for each change`() {
    let paper = Paper()
    let board = ProgressBoard(progress: paper.progress(isTerminal: false))
    board.update("a", "0/1 ready")
    board.update("a", "0/1 ready")
    board.update("b", "exists", isDone: true)
    board.report(.warning, "slow")
    board.update("a", "1/1 ready", isDone: true)
    #expect(paper.text == "◎ a: 0/1 ready\n✔ b: exists\n⚠ slow\n✔ a: 1/1 ready\n")
  }

  @Test func `on a terminal the block is redrawn in place`() {
    let paper = Paper()
    let board = ProgressBoard(progress: paper.progress(isTerminal: true))
    board.update("a", "0/1 ready")
    board.update("b", "0/1 ready")
    board.update("a", "1/1 ready", isDone: true)
    #expect(
      paper.text == "◎ a: 0/1 ready\n"
        + "\u{1B}[1A\u{1B}[J◎ a: 0/1 ready\n◎ b: 0/1 ready\n"
        + "\u{1B}[2A\u{1B}[J✔ a: 1/1 ready\n◎ b: 0/1 ready\n")
  }

  @Test func `a coloured line is as long as a plain one`() {
    let paper = Paper()
    let board = ProgressBoard(progress: paper.progress(isTerminal: true, palette: Palette(isOn: true)))
    board.update("a", String(repeating: "x", count: 200))
    #expect(paper.text == "\u{1B}[36m◎\u{1B}[0m a: \(String(repeating: "x", count: 114))\n")
  }

  @Test func `the last line tells the time and the next step, on a terminal only`() {
    let paper = Paper()
    paper.progress(isTerminal: false).finish("it is ready", next: "use it")
    #expect(paper.text == "✔ it is ready\n")
    paper.progress(isTerminal: true).finish("it is ready", next: "use it")
    #expect(paper.text.hasPrefix("✔ it is ready\n✔ it is ready (") && paper.text.hasSuffix("s)\n► next: use it\n"))
  }

  @Test func `news go above the block`() {
    let paper = Paper()
    let board = ProgressBoard(progress: paper.progress(isTerminal: true))
    board.report(.warning, "first")
    board.update("a", "0/1 ready")
    board.report(.warning, "slow")
    #expect(paper.text == "⚠ first\n◎ a: 0/1 ready\n\u{1B}[1A\u{1B}[J⚠ slow\n◎ a: 0/1 ready\n")
  }

  @Test func `on a narrow terminal the name is shortened and the state stays`() {
    let paper = Paper()
    let board = ProgressBoard(progress: paper.progress(isTerminal: true, columns: 40))
    board.update("Vineyardd vineyard-system/vineyardd-sample", "2/3 ready")
    #expect(paper.text == "◎ …d-system/vineyardd-sample: 2/3 ready\n")
  }

  @Test func `a line of the block is one row`() {
    let paper = Paper()
    let board = ProgressBoard(progress: paper.progress(isTerminal: true))
    board.update("a", "two\nlines " + String(repeating: "x", count: 200))
    #expect(paper.text.split(separator: "\n").count == 1)
    #expect(paper.text.count == 120)
  }
}
