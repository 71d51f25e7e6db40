import Support
import Synchronization

/// Shows what is waited for: one block that is redrawn on a terminal, elsewhere a line for each change.
final class WaitBoard: Sendable {
  private struct State {
    var lines: [(name: String, text: String, isDone: Bool, since: ContinuousClock.Instant)] = []
    var drawn = 0
  }

  private let story: Story
  private let state = Mutex(State())

  init(story: Story) { self.story = story }

  /// Notes the news of one object; the same news twice is told once.
  func update(_ name: String, _ text: String, isDone: Bool = false) {
    state.withLock { state in
      if let index = state.lines.firstIndex(where: { $0.name == name }) {
        guard state.lines[index].text != text || state.lines[index].isDone != isDone else { return }
        state.lines[index] = (name, text, isDone, state.lines[index].since)
      } else {
        state.lines.append((name, text, isDone, .now))
      }
      if story.isTerminal {
        redraw(&state)
      } else {
        story.tell(isDone ? .done : .wait, "\(name): \(text)")
      }
    }
  }

  /// Whether there was any news of an object.
  func knows(_ name: String) -> Bool { state.withLock { state in state.lines.contains { $0.name == name } } }

  /// Says something between the news, above the block on a terminal.
  func tell(_ symbol: Symbol, _ text: String) {
    state.withLock { state in
      if story.isTerminal && state.drawn > 0 {
        story.draw("\u{1B}[\(state.drawn)A\u{1B}[J")
        state.drawn = 0
        story.tell(symbol, text)
        redraw(&state)
      } else {
        story.tell(symbol, text)
      }
    }
  }

  private func redraw(_ state: inout State) {
    var text = state.drawn > 0 ? "\u{1B}[\(state.drawn)A\u{1B}[J" : ""
    for line in state.lines {
      let elapsed = Story.elapsed(since: line.since)
      let waited = elapsed < .seconds(1) ? "" : " (\(elapsed))"
      text += story.line(line.isDone ? .done : .wait, fitting: "\(line.name): \(line.text)\(waited)")
    }
    state.drawn = state.lines.count
    story.draw(text)
  }
}
