import Support
import Testing

@Suite struct PaletteTests {
  private func isOn(_ choice: Palette.Choice, isTerminal: Bool, _ environment: [String: String] = [:]) -> Bool {
    Palette(choice, isTerminal: isTerminal, environment: { environment[$0] }).isOn
  }

  @Test func `by itself only a terminal gets colours`() {
    #expect(isOn(.auto, isTerminal: true))
    #expect(!isOn(.auto, isTerminal: false))
  }

  @Test(arguments: [["NO_COLOR": "1"], ["TERM": "dumb"]])
  func `the environment can refuse them`(_ environment: [String: String]) {
    #expect(!isOn(.auto, isTerminal: true, environment))
    #expect(isOn(.always, isTerminal: false, environment))
    #expect(isOn(.auto, isTerminal: true, ["NO_COLOR": "", "TERM": "xterm"]))
  }

  @Test func `a flag stands over everything`() {
    #expect(isOn(.always, isTerminal: false))
    #expect(!isOn(.never, isTerminal: true))
  }

  @Test func `text is coloured, or stays as it is`() {
    #expect(Palette(isOn: true).paint("x", .red) == "\u{1B}[31mx\u{1B}[0m")
    #expect(Palette.plain.paint("x", .red) == "x")
  }
}
