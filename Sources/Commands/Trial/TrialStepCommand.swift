import ArgumentParser
import Documents
import Inspection
import Support

/// One step of `vineyardctl test`, as its pods run it.
struct TrialStepCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "test-step", abstract: "Write or read an array in a mounted volume; what the pods of 'test' run.",
    discussion: "Prints one line of JSON with bytes and nanoseconds.".withExamples(
      "vineyardctl test-step write --directory /vineyard/data --size 256Mi"))

  enum Step: String, CaseIterable, ExpressibleByArgument { case write, read }

  @Argument(help: "What to do.")
  var step: Step

  @Option(help: ArgumentHelp("Directory of the volume, with its socket.", valueName: "path"), completion: .directory)
  var directory: String

  @Option(help: ArgumentHelp("Bytes to write.", valueName: "size"))
  var size = "256Mi"

  /// Name of the object.
  private static let name = "vineyardctl-test"

  mutating func run(_ context: CommandContext) throws {
    let bytes = try TestCommand.bytes(size)
    let trial = try VolumeTrial(socket: "\(directory)/vineyard.sock", name: Self.name)
    let result = step == .write ? try trial.write(bytes: bytes) : try trial.read()
    context.output("\(result.value.json)\n")
  }
}
