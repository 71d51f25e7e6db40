import ArgumentParser
import Documents
import GoldenRecords
import Support
import Testing

@testable import Commands

/// `--gen-doc`, docs/commands.md and the examples in help texts.
@Suite struct ReferenceTests {
  private static let repository = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  @Test(arguments: ["-g", "--gen-doc"])
  func `the reference names every command and flag`(_ flag: String) throws {
    let world = World()
    #expect(world.run(flag) == .ok)
    #expect(world.output.isEmpty && world.errors.isEmpty)
    let text = try #require(world.written["cmd/README.md"])
    #expect(text.hasPrefix("# `vineyardctl`\n"))
    for line in [
      "### `vineyardctl deploy csidriver`\n", "* `vineyardctl deploy`: Deploy Vineyard on Kubernetes",
      "| `-n`, `--namespace` | vineyard-system | Namespace to work in. |", "| `--wait` | on | Wait until",
      "Print the objects to stdout. (values: table, json, yaml, name) |",
      "\n```\nvineyardctl deploy csidriver --clusters vineyard-system/vineyardd-sample\n```\n",
    ] { #expect(text.contains(line), "\(line)") }
    #expect(!text.contains("x-version"))
  }

  @Test func `the documentation's reference is the one that the program writes`() throws {
    let text = UsageReference.markdown(of: Vineyardctl.self)
    let page = try GoldenRecord.text(at: "\(Self.repository)/docs/commands.md", accepting: text)
    #expect(page == text, "run with UPDATE_GOLDEN=1 to write docs/commands.md anew")
  }

  @Test func `every command shows an example, of itself, in lines that help does not wrap`() throws {
    func check(_ command: Value, _ path: [String]) throws {
      let name = (path + [command["commandName"]?.string ?? ""]).joined(separator: " ")
      let examples = (command["discussion"]?.string ?? "").examples.split(separator: "\n")
      #expect(!examples.isEmpty && examples.contains { $0.hasPrefix("  \(name) ") }, "\(name)")
      for example in examples { #expect(example.count <= 78, "\(example)") }
      for child in command["subcommands"]?.array ?? [] where child["commandName"] != "help" {
        try check(child, path + [command["commandName"]?.string ?? ""])
      }
    }
    try check(try #require(try Value(json: Vineyardctl._dumpHelp())["command"]), [])
  }
}
