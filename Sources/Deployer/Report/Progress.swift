import Support
import Synchronization

/// The sign in front of a line for people, one for each sort of news; there are no others in the whole program.
public enum Symbol: String, Sendable {
  case action = "►"
  case change = "✚"
  case wait = "◎"
  case done = "✔"
  case warning = "⚠"
  case failure = "✗"

  private var colour: Palette.Colour {
    switch self {
    case .done, .change: .green
    case .warning: .yellow
    case .failure: .red
    case .action, .wait: .cyan
    }
  }

  /// The sign as it is written.
  public func text(_ palette: Palette = .plain) -> String { palette.paint(rawValue, colour) }
}

/// A line for people that a decision left, to be reported by whoever asked for it.
public struct Note: Sendable, Equatable {
  public let symbol: Symbol
  public let text: String

  public init(_ symbol: Symbol, _ text: String) {
    self.symbol = symbol
    self.text = text
  }
}

/// Reports on stderr what a command does, line by line, with one sign for each sort of news.
public struct ProgressReporter: Sendable {
  /// The colours of the terminal.
  let palette: Palette
  private let start = ContinuousClock.now
  private let write: @Sendable (String) -> Void
  /// Characters in a row of the terminal, on which lines can be replaced; nil without a terminal.
  private let columns: @Sendable () -> Int?

  /// A reporter that writes whole lines with their line breaks.
  ///
  /// - Parameter columns: the width of the terminal now, nil when it is none.
  public init(
    columns: @escaping @Sendable () -> Int? = { nil }, palette: Palette = .plain,
    write: @escaping @Sendable (String) -> Void
  ) {
    self.palette = palette
    self.columns = columns
    self.write = write
  }

  /// Whether lines that were written can be replaced.
  var isTerminal: Bool { columns() != nil }

  /// A line cut to one row: one that wraps would take two, and the next redraw would start too low. The name is
  /// shortened before the state is, which is what people look for.
  func line(_ symbol: Symbol, _ name: String, fitting state: String) -> String {
    let (name, state) = (name.onOneLine, state.onOneLine)
    guard let columns = columns() else { return "\(symbol.text(palette)) \(name): \(state)\n" }
    // The sign, a blank, and one character that the cursor may need.
    let width = max(0, columns - 3)
    let room = max(Self.shortestName, width - state.count - 2)
    let shown = name.count <= room ? name : "…\(name.suffix(room - 1))"
    return "\(symbol.text(palette)) \("\(shown): \(state)".prefix(width))\n"
  }

  /// Characters of a name that are always shown.
  private static let shortestName = 12

  /// Writes one line.
  public func report(_ symbol: Symbol, _ text: String) { write("\(symbol.text(palette)) \(text.onOneLine)\n") }

  /// Writes a line for each note.
  public func report(_ notes: [Note]) {
    for note in notes { report(note.symbol, note.text) }
  }

  /// Writes the last line: on a terminal with the time that all of it took, and what could be done next.
  public func finish(_ text: String, next: String? = nil) {
    guard isTerminal else { return report(.done, text) }
    report(.done, "\(text) (\(Self.elapsed(since: start)))")
    if let next { report(.action, "next: \(next)") }
  }

  /// The time since an instant, in tenths of a second while it is short.
  static func elapsed(since start: ContinuousClock.Instant) -> TimeSpan {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    let tenths = seconds * 10 + attoseconds / 100_000_000_000_000_000
    return seconds < 60 ? TimeSpan(nanoseconds: tenths * 100_000_000) : .seconds(seconds)
  }

  /// Writes text as it is, for the block that is redrawn on a terminal.
  func draw(_ text: String) { write(text) }
}

/// Shows the objects that are waited for: one block that is redrawn on a terminal, elsewhere a line for each change.
final class ProgressBoard: Sendable {
  private struct State {
    var lines: [(name: String, text: String, isDone: Bool, since: ContinuousClock.Instant)] = []
    var drawn = 0
  }

  private let progress: ProgressReporter
  private let state = Mutex(State())

  init(progress: ProgressReporter) { self.progress = progress }

  /// Notes the news of one object; the same news twice is reported once.
  func update(_ name: String, _ text: String, isDone: Bool = false) {
    state.withLock { state in
      if let index = state.lines.firstIndex(where: { $0.name == name }) {
        guard state.lines[index].text != text || state.lines[index].isDone != isDone else { return }
        state.lines[index] = (name, text, isDone, state.lines[index].since)
      } else {
        state.lines.append((name, text, isDone, .now))
      }
      if progress.isTerminal {
        redraw(&state)
      } else {
        progress.report(isDone ? .done : .wait, "\(name): \(text)")
      }
    }
  }

  /// Whether there was any news of an object.
  func knows(_ name: String) -> Bool { state.withLock { state in state.lines.contains { $0.name == name } } }

  /// Reports something between the news, above the block on a terminal.
  func report(_ symbol: Symbol, _ text: String) {
    state.withLock { state in
      if progress.isTerminal && state.drawn > 0 {
        progress.draw("\u{1B}[\(state.drawn)A\u{1B}[J")
        state.drawn = 0
        progress.report(symbol, text)
        redraw(&state)
      } else {
        progress.report(symbol, text)
      }
    }
  }

  private func redraw(_ state: inout State) {
    var text = state.drawn > 0 ? "\u{1B}[\(state.drawn)A\u{1B}[J" : ""
    for line in state.lines {
      let elapsed = ProgressReporter.elapsed(since: line.since)
      let waited = elapsed < .seconds(1) ? "" : " (\(elapsed))"
      text += progress.line(line.isDone ? .done : .wait, line.name, fitting: "\(line.text)\(waited)")
    }
    state.drawn = state.lines.count
    progress.draw(text)
  }
}
