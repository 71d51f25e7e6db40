import Documents
import Glibc
import Support
import Testing

@testable import Commands

/// `vineyardctl analyze`: flags, outputs, exit statuses.
@Suite struct AnalyzeTests {
  private static let claim = """
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: objects}
    spec:
      storageClassName: vineyard-system.vineyardd-sample.csi
      accessModes: [ReadWriteMany]
      resources: {requests: {storage: SIZE}}
    """

  private static let files = [
    "good.yaml": claim.replacing("SIZE", with: "4Gi"), "tiny.yaml": claim.replacing("SIZE", with: "1Mi"),
    "bad.yaml": claim.replacing("SIZE", with: "4GB"), "-": claim.replacing("SIZE", with: "0"),
    "warning.yaml": """
    kind: WorkflowTemplate
    metadata: {name: left}
    spec:
      entrypoint: objects
      templates:
        - name: objects
          resource:
            action: create
            manifest: |
              kind: PersistentVolumeClaim
              metadata: {name: "{{workflow.name}}-objects"}
              spec: {storageClassName: a.b.csi, accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
    """,
    "other.yaml": "kind: ConfigMap\nmetadata: {name: x}\n",
  ]

  private func run(_ arguments: String...) async -> (status: Commands.ExitStatus, world: World) {
    let world = World(files: Self.files)
    let status = await world.runOnThread(["vineyardctl", "analyze"] + arguments, root: Vineyardctl.self)
    return (status, world)
  }

  @Test(
    .timeLimit(.minutes(1)),
    arguments: [(SIGINT, .interrupted), (SIGTERM, .terminated)] as [(Int32, Commands.ExitStatus)])
  func `the first signal ends it while it reads a pipe`(_ signal: Int32, _ status: Commands.ExitStatus) async {
    let world = World(signal: signal)
    let writer = Semaphore()
    defer { writer.signal() }
    var context = world.context
    context.readDocuments = { _ in
      writer.wait()
      return ""
    }
    let end = await onThread { [context] in Vineyardctl.execute(["vineyardctl", "analyze", "-"], context: context) }
    #expect(end == status && world.output.isEmpty)
    #expect(world.errors == "error: interrupted (hint: run the same command again)\n")
  }

  @Test func `an empty name is no file`() async {
    let (status, world) = await run("good.yaml", "")
    #expect(status == .usage && world.output.isEmpty)
    #expect(world.errors == "error: the name of a file is empty (hint: give a file, or - for standard input)\n")
  }

  @Test func `an error is printed in one line, and the status is 1`() async {
    let (status, world) = await run("good.yaml", "bad.yaml")
    #expect(status == .failed)
    #expect(
      world.output == "bad.yaml:7: error VY0103: claim 'objects': '4GB' is no size (hint: did you mean 4Gi?)\n")
    #expect(world.errors == "error: 1 error in 2 files (hint: docs/analyze.md explains each code)\n")
  }

  @Test func `notes and warnings leave the status 0, warnings not with --strict`() async {
    let note = await run("--strict", "tiny.yaml")
    #expect(note.status == .ok && note.world.output.hasPrefix("tiny.yaml:7: note VY0104: "))
    #expect(note.world.errors == "✔ 1 note in 1 file\n")
    let warning = await run("warning.yaml")
    #expect(warning.status == .ok && warning.world.output.hasPrefix("warning.yaml:11: warning VY0110: "))
    #expect(warning.world.errors == "✔ 1 warning in 1 file\n")
    #expect(await run("warning.yaml", "--strict").status == .failed)
  }

  @Test func `where nothing is found that is told on stderr, and so is that there was nothing to look at`() async {
    let good = await run("good.yaml")
    #expect(good.status == .ok && good.world.output.isEmpty && good.world.errors == "✔ nothing found in 1 file\n")
    let other = await run("other.yaml", "--verbose")
    #expect(other.status == .ok && other.world.errors.hasPrefix("⚠ no volume of Vineyard in 1 file"))
    #expect(other.world.log.contains { $0.hasSuffix("skipped other.yaml:1: ConfigMap") }, "\(other.world.log)")
  }

  @Test func `codes are silenced by flags, in any case and with commas`() async {
    #expect(await run("--ignore", "vy0103,VY0104", "bad.yaml", "tiny.yaml").world.output.isEmpty)
    #expect(await run("--ignore=VY0103", "--ignore=VY0104", "bad.yaml", "tiny.yaml").status == .ok)
  }

  @Test func `standard input is read, and formats are for programs`() async throws {
    let json = try Value(json: await run("-o", "json", "-").world.output)
    #expect(json[0]?["file"] == "stdin" && json[0]?["code"] == "VY0103" && json[0]?["line"] == 7)
    #expect(try Value(yaml: await run("-o", "yaml", "-").world.output) == json)
    #expect(try Value(json: await run("-o", "sarif", "-").world.output)["version"] == "2.1.0")
    #expect(try Value(json: await run("-o", "json", "good.yaml").world.output) == [])
    #expect(await run("-o", "table", "-").world.output == run("-").world.output)
  }

  @Test func `nodes and classes can be named`() async {
    #expect(await run("--node-memory", "2Gi", "good.yaml").world.output.contains("VY0105"))
    #expect(await run("--node-memory", "4Gi", "good.yaml").status == .ok)
    #expect(await run("--class", "vineyard-system.vineyardd-sampel.csi", "good.yaml").status == .ok)
  }

  @Test(arguments: [
    (["good.yaml", "missing.yaml"], "error: cannot open missing.yaml\n"),
    (["--ignore", "VY104", "good.yaml"], "error: unknown code 'VY104' (hint: did you mean VY0104?)\n"),
    (["-", "-"], "error: standard input is read once (hint: leave one '-' out)\n"),
    (
      ["--node-memory", "0", "good.yaml"],
      "error: invalid --node-memory '0' (hint: write a number above zero and a unit, such as 64Gi)\n"
    ),
  ])
  func `wrong usage, or a file that cannot be read, ends with status 2`(_ words: [String], _ message: String) async {
    let world = World(files: Self.files)
    let status = await world.runOnThread(["vineyardctl", "analyze"] + words, root: Vineyardctl.self)
    #expect(status == .usage)
    #expect(world.errors == message)
    #expect(world.output.isEmpty)
  }

  @Test func `without files the usage is wrong`() async { #expect(await run().status == .usage) }
}
