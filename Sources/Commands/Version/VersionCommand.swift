import ArgumentParser
import Support

/// Prints the versions of this program.
struct VersionCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version of this program and of the protocol it speaks.",
    discussion: "".withExamples("vineyardctl version -o json"))

  @OptionGroup var format: FormatArguments

  mutating func run(_ context: CommandContext) throws {
    let versions = FieldList(["client": Version.product, "protocol": Version.current])
    context.output(versions.rendered(as: format.output))
  }
}
