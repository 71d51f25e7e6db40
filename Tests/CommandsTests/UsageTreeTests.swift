import Documents
import Support
import Testing

@testable import Commands

/// The JSON from which the Python package makes its functions.
@Suite struct UsageTreeTests {
  private func node(_ path: String...) throws -> Value {
    var node = try Value(json: UsageTree.json(of: SampleRoot.self))
    for name in path {
      node = try #require(node["Children"]?.array?.first { $0["Name"]?.string == name })
    }
    return node
  }

  private func names(_ flags: Value?) -> [String] { (flags?.array ?? []).compactMap { $0["Name"]?.string } }

  @Test func `a group is not runnable and hands on the persistent flags`() throws {
    let node = try node("deploy")
    #expect(node["Runnable"] == false)
    #expect(node["Usage"] == "vineyardctl deploy")
    #expect(node["Brief"] == "Deploy things.")
    #expect(node["Flags"] == [])
    #expect(
      names(node["GlobalFlags"]) == [
        "color", "context", "create-namespace", "insecure-skip-tls-verify", "kubeconfig", "namespace",
        "request-timeout", "server", "timeout", "verbose", "wait",
      ])
  }

  @Test func `a command has its own flags, each with type and default by pflag's names`() throws {
    let node = try node("deploy", "csidriver")
    #expect(node["Runnable"] == true)
    #expect(node["Usage"] == "vineyardctl deploy csidriver [flags]")
    #expect(node["Description"] == "It is a CSI driver.")
    #expect(node["Children"] == [])
    let flags = try #require(node["Flags"]?.array)
    let lines = flags.map { flag in
      ["Name", "Shorthand", "Type", "Default"].map { flag[$0]?.string ?? "nil" }.joined(separator: " ")
    }
    #expect(
      lines == [
        "clusters  stringSlice []", "enableToleration  bool false", "force f bool false", "image i string img",
        "limit l int 5", "q q bool false", "vineyardd.image  string ",
      ])
    let wait = try #require(node["GlobalFlags"]?.array?.first { $0["Name"] == "wait" })
    #expect(wait["Default"] == "true" && wait["Type"] == "bool")
    #expect(wait["Help"] == "Wait until everything is ready, or gone.")
  }

  @Test func `a command lists only the persistent flags it heeds`() throws {
    #expect(try names(node("ls")["GlobalFlags"]) == [])
    #expect(try names(node("ls")["Flags"]) == ["regex"])
  }

  @Test func `no name is a keyword or stands twice`() throws {
    func check(_ node: Value) {
      let names = (names(node["Flags"]) + names(node["GlobalFlags"])).map { name in
        String(name.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
      }
      #expect(Set(names).count == names.count, "\(names)")
      #expect(!names.contains("as") && !names.contains("capture"))
      for child in node["Children"]?.array ?? [] { check(child) }
    }
    check(try Value(json: UsageTree.json(of: Vineyardctl.self)))
    check(try Value(json: UsageTree.json(of: SampleRoot.self)))
  }

  @Test(arguments: ["-j", "--dump-usage"])
  func `the root prints it on stderr, with four blanks and no line break at the end`(_ flag: String) {
    let world = World()
    #expect(world.run("\(flag)") == .ok)
    #expect(world.output.isEmpty)
    #expect(
      world.errors.hasPrefix("{\n    \"Name\": \"vineyardctl\",\n    \"Brief\": ") && world.errors.hasSuffix("\n}"))
  }
}
