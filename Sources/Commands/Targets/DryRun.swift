import ArgumentParser

/// How far a command goes.
enum DryRun: String, ExpressibleByArgument, CaseIterable {
  /// It does what it says.
  case none
  /// It renders, and asks no cluster.
  case client
  /// The server checks everything and keeps nothing.
  case server
}
