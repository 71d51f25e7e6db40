import ArgumentParser
import Support

extension Palette.Choice: ExpressibleByArgument {}

/// The flag for colours.
struct ColorArguments: ParsableArguments {
  @Option(help: "Colours on a terminal; NO_COLOR in the environment switches them off, too.")
  var color = Palette.Choice.auto

  /// What a command line asks for, also one that turns out to be wrong.
  static func choice(in words: [String]) -> Palette.Choice {
    var choice = Palette.Choice.auto
    for (index, word) in words.enumerated() {
      let value = word == "--color" ? words.dropFirst(index + 1).first : word.value(of: "--color=")
      if let value, let asked = Palette.Choice(rawValue: value) { choice = asked }
    }
    return choice
  }
}

extension String {
  fileprivate func value(of prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
