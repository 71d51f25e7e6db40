import Support
import Testing

/// `--gen-doc`.
@Suite struct ReferenceTests {
  @Test(arguments: ["-g", "--gen-doc"])
  func `the reference names every command and flag`(_ flag: String) throws {
    let world = World()
    #expect(world.run(flag) == .ok)
    #expect(world.output.isEmpty && world.errors.isEmpty)
    let text = try #require(world.written["cmd/README.md"])
    #expect(text.hasPrefix("# `vineyardctl`\n"))
    for line in [
      "### `vineyardctl deploy csidriver`\n", "* `vineyardctl deploy`: Deploy Vineyard on Kubernetes",
      "| `-n`, `--namespace` | vineyard-system | Namespace to work in. |", "| `--wait` |  | Wait until",
    ] { #expect(text.contains(line), "\(line)") }
    #expect(!text.contains("x-version"))
  }
}
