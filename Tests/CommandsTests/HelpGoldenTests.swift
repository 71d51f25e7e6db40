import Support
import Testing

/// Help texts are output people script and document against; run with `UPDATE_GOLDEN=1` to accept a change.
@Suite(.serialized) struct HelpGoldenTests {
  @Test(
    arguments: [
      ("help", ["vineyardctl", "--help"]), ("help", ["vineyardctl"]), ("help", ["vineyardctl", "help"]),
      ("help-version", ["vineyardctl", "version", "--help"]),
      ("help-vineyardd", ["vineyardctl", "vineyardd", "--help"]),
      ("help-vineyardd", ["vineyardctl", "help", "vineyardd"]),
      ("help-as-vineyardd", ["vineyardd", "-help"]),
    ] as [(String, [String])])
  func `help is as recorded`(_ name: String, _ commandLine: [String]) throws {
    let world = World()
    #expect(world.run(commandLine) == .ok)
    #expect(world.errors.isEmpty)
    try Golden.check(world.output, name)
  }
}
