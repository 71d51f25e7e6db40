import ArgumentParser
import Support

/// The daemon's flags about where object metadata lives.
struct MetadataArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where metadata lives; etcd is not available yet. (default: local without --etcd_endpoint)",
      valueName: "backend"))
  var meta: MetadataChoice?

  @Option(name: .customLong("etcd_endpoint"), help: .hidden)
  var etcdEndpoint: String?

  /// Refuses what is not there yet.
  ///
  /// - Throws: `CommandError` with code `failed` when metadata would have to live in etcd.
  func requireLocal() throws {
    if meta == .local || (meta == nil && etcdEndpoint == nil) { return }
    throw CommandError(
      .failed, "metadata in etcd is not available yet", cause: "it comes with the cluster release",
      hint: "start with --meta local")
  }

  /// What to tell about flags that do nothing here.
  var warnings: [String] {
    guard meta == .local, etcdEndpoint != nil else { return [] }
    return ["--etcd_endpoint has no effect: metadata is local"]
  }
}

/// The metadata backends of the original.
enum MetadataChoice: String, CaseIterable, ExpressibleByArgument {
  case local, etcd
}
