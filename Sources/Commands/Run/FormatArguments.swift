import ArgumentParser
import Support

extension OutputFormat: ExpressibleByArgument {}

/// The flag of commands that print data.
struct FormatArguments: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("How to print.", valueName: "format"))
  var output: OutputFormat = .text
}
