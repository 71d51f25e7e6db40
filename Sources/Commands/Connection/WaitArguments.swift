import ArgumentParser
import Support

/// The flags of commands that wait for the cluster to follow.
struct WaitArguments: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Wait until everything is ready, or gone.")
  var wait = true

  @Option(help: ArgumentHelp("Longest time to wait, such as 90s or 10m; 0 for no limit.", valueName: "duration"))
  var timeout = "5m"

  mutating func validate() throws {
    _ = try TimeSpan.parse(timeout)
  }

  /// How long to wait, nil for as long as it takes.
  var limit: TimeSpan? {
    guard let span = try? TimeSpan.parse(timeout), span.nanoseconds > 0 else { return nil }
    return span
  }
}
