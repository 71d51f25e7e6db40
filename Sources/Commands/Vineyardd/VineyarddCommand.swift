import ArgumentParser
import Logging
import Support

/// Runs the store of this node; also what the executable is when called `vineyardd`.
public struct VineyarddCommand: ContextCommand {
  public static let configuration = CommandConfiguration(
    commandName: "vineyardd",
    abstract: "Run the shared-memory object store of this node.",
    discussion: """
      Takes every flag of vineyardd \(Version.current) in the manner of Google flags: one or two dashes, - or _ in \
      names, --flag=value or --flag value, --norpc or --rpc=false, --flagfile=FILE, --fromenv=NAMES, \
      --tryfromenv=NAMES, --undefok=NAMES.

      Not available yet, ignored with a warning: \(flagList { if case .notYet = $0 { true } else { false } }).

      Accepted without effect: \(flagList { if case .withoutEffect = $0 { true } else { false } }) \
      and the flags of glog about log files, mail and stack traces.
      """.withExamples(
        "vineyardctl vineyardd --size 4G --socket /tmp/demo/vineyard.sock",
        "vineyardctl vineyardd --size 16Gi --rpc_host 0.0.0.0 --metrics_port 9601"),
    version: "vineyardd version \(Version.current)\nvineyardctl \(Version.product)")

  @OptionGroup(title: "Memory") var memory: FlagGroup<MemoryFlags>
  @OptionGroup(title: "Endpoints") var endpoints: FlagGroup<EndpointFlags>
  @OptionGroup(title: "Metadata") var metadata: FlagGroup<MetadataFlags>
  @OptionGroup(title: "Other stores") var peers: FlagGroup<PeerFlags>
  @OptionGroup(title: "Log") var log: FlagGroup<LogFlags>

  /// Makes a command with the defaults; the argument parser fills it.
  public init() {}

  /// Runs the store.
  ///
  /// - Throws: `ProgramError` with code `usage` for flags that make no sense, or when the store cannot start.
  public mutating func run(_ context: CommandContext) throws {
    let values = [memory.values, endpoints.values, metadata.values, peers.values, log.values].reduce(into: [:]) {
      all, group in
      all.merge(group) { _, value in value }
    }
    let options = try VineyarddOptions(DaemonFlags(values: values, host: context.host))
    let log = context.log.with(minimum: options.logLevel)
    for warning in context.warnings + options.warnings { log.warning("\(warning)") }
    try context.startDaemon(options, log)
  }

  private static func flagList(_ matches: (FlagSpec.Status) -> Bool) -> String {
    FlagTable.daemon.filter { matches($0.status) }.map { "--\($0.name)" }.joined(separator: " ")
  }
}
