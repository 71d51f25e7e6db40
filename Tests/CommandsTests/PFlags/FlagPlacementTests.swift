import Commands
import Logging
import StoreServer
import Support
import Testing

/// Where flags may stand, and in which spellings, as with cobra.
@Suite struct FlagPlacementTests {
  private func fields(_ line: String) -> [String: String] {
    fields(line.split(separator: " ").map(String.init))
  }

  private func fields(_ words: [String], _ location: SourceLocation = #_sourceLocation) -> [String: String] {
    let world = World()
    #expect(
      world.run(["vineyardctl"] + words, root: SampleRoot.self) == .ok, "\(world.errors)", sourceLocation: location)
    return world.output.split(separator: "\n").reduce(into: [:]) { fields, line in
      let parts = line.split(separator: ": ", maxSplits: 1)
      fields[String(parts[0])] = String(parts[1].dropFirst().dropLast())
    }
  }

  @Test(arguments: [
    "-n x deploy csidriver", "deploy -n x csidriver", "deploy csidriver -n x", "-nx deploy csidriver",
    "deploy csidriver -n=x", "--namespace x deploy csidriver", "--namespace=x deploy csidriver",
    "deploy csidriver --namespace y --namespace x", "--verbose -n x deploy csidriver", "deploy csidriver -fnx",
    "deploy csidriver -fn x", "deploy csidriver -f -n=x", "--wait=false deploy --verbose=0 csidriver -n x",
    "--image i deploy csidriver -n x", "--force deploy csidriver -n x", "-i i deploy csidriver -n x",
    "--clusters=a/b deploy csidriver -n x",
  ])
  func `persistent flags stand anywhere`(_ line: String) {
    #expect(fields(line)["namespace"] == "x")
  }

  @Test func `the defaults are the original's`() {
    let fields = fields("deploy csidriver")
    #expect(fields["namespace"] == "vineyard-system" && fields["wait"] == "true" && fields["create"] == "false")
    #expect(fields["timeout"] == "5m" && fields["verbose"] == "false" && fields["kubeconfig"] == "-")
  }

  @Test(arguments: ["false", "0", "f", "F", "FALSE", "False", "no"])
  func `a boolean is switched off by its value`(_ value: String) {
    #expect(
      fields("deploy csidriver --wait=\(value) --create-namespace=\(value) --verbose=\(value)")["wait"] == "false")
    #expect(fields("--wait=\(value) deploy csidriver --wait")["wait"] == "true")
    #expect(fields("deploy csidriver --force --force=\(value)")["force"] == "false")
    #expect(fields("deploy csidriver -f=\(value)")["force"] == "false")
  }

  @Test(arguments: ["true", "1", "t", "T", "TRUE", "True", "yes"])
  func `a boolean is switched on by its value`(_ value: String) {
    let fields = fields("deploy csidriver --no-wait --wait=\(value) --create-namespace=\(value) -f=\(value)")
    #expect(fields["wait"] == "true" && fields["create"] == "true" && fields["force"] == "true")
  }

  @Test func `the form with no- is understood, also with a value`() {
    #expect(fields("deploy csidriver --no-wait")["wait"] == "false")
    #expect(fields("deploy csidriver --no-wait=false")["wait"] == "true")
    #expect(fields("deploy csidriver --verbose --no-verbose")["verbose"] == "false")
  }

  @Test(arguments: [
    ["--clusters", "a/b,c/d"], ["--clusters=a/b", "--clusters=c/d"], ["--clusters=[\"a/b\",\"c/d\"]"],
    ["--clusters=[\"a/b\"]", "--clusters", "\"c/d\""],
  ])
  func `a list is repeated, comma separated or JSON`(_ flags: [String]) {
    #expect(fields(["deploy", "csidriver"] + flags)["clusters"] == "a/b|c/d")
  }

  @Test func `lists quote as CSV does, and may be empty`() {
    #expect(fields(["deploy", "csidriver", "--clusters=\"a,b\",\"c\"\"d\","])["clusters"] == "a,b|c\"d|")
    #expect(fields(["deploy", "csidriver", "--clusters="])["clusters"] == "")
    #expect(fields(["deploy", "csidriver", "--clusters=[]"])["clusters"] == "")
    #expect(fields(["deploy", "csidriver", "--clusters=[::1]:80,x"])["clusters"] == "[::1]:80|x")
  }

  @Test func `names keep their case and their dots, values everything`() {
    let fields = fields([
      "deploy", "csidriver", "--enableToleration", "--vineyardd.image", "-x=1 y", "-l7", "--image=", "--kubeconfig",
      "/a b",
    ])
    #expect(fields["toleration"] == "true" && fields["store"] == "-x=1 y" && fields["limit"] == "7")
    #expect(fields["image"] == "" && fields["kubeconfig"] == "/a b")
  }

  @Test func `two dashes end the flags`() {
    let world = World()
    #expect(world.run(["vineyardctl", "deploy", "cluster", "-", "--", "-n", "--wait=x"], root: SampleRoot.self) == .ok)
    #expect(world.output == "vineyard-system -|-n|--wait=x\n")
  }

  @Test(arguments: ["-n x --wait=false --timeout 3s ls -r", "ls --kubeconfig=/k --verbose -r", "ls --regex --as u"])
  func `a command takes the persistent flags it does not declare`(_ line: String) {
    let world = World()
    #expect(world.run(["vineyardctl"] + line.split(separator: " ").map(String.init), root: SampleRoot.self) == .ok)
    #expect(world.output == "regex true\n" && world.errors.isEmpty)
  }

  @Test(arguments: [
    "deploy", "deploy --help", "help deploy", "-n x deploy", "deploy --verbose=false", "deploy -h",
    "help --verbose deploy",
  ])
  func `a group prints its help`(_ line: String) {
    let world = World()
    #expect(world.run(["vineyardctl"] + line.split(separator: " ").map(String.init), root: SampleRoot.self) == .ok)
    #expect(world.output.hasPrefix("OVERVIEW: Deploy things.\n") && world.errors.isEmpty)
  }

  @Test(arguments: [
    "deploy csidriver --help", "help deploy csidriver", "-h deploy csidriver", "deploy csidriver -f --help --nope",
  ])
  func `help is asked for anywhere`(_ line: String) {
    let world = World()
    #expect(world.run(["vineyardctl"] + line.split(separator: " ").map(String.init), root: SampleRoot.self) == .ok)
    #expect(world.output.contains("It is a CSI driver."))
  }

  @Test(arguments: ["-v", "--version"])
  func `the root tells its version`(_ flag: String) {
    let world = World()
    #expect(world.run(["vineyardctl", flag], root: SampleRoot.self) == .ok)
    #expect(world.output == "vineyardctl version 0\n")
  }

  @Test(arguments: [
    ["-n", "x", "vineyardd", "--size=64M", "--norpc"], ["--verbose", "vineyardd", "--size", "64M", "-rpc=false"],
  ])
  func `the daemon keeps its own flags behind its name`(_ words: [String]) {
    let world = World()
    let status = world.run(["vineyardctl"] + words)
    if words[0] == "-n" {
      #expect(status == .usage && world.errors.hasPrefix("error: unknown flag '-n'"))
    } else {
      #expect(status == .ok && world.started?.server.memoryLimit == 64 << 20 && world.started?.logLevel == .debug)
    }
  }
}
