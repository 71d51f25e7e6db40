import ArgumentParser
import EtcdClient
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

  @OptionGroup(title: "Memory") var memory: MemoryArguments
  @OptionGroup(title: "Endpoints") var endpoints: EndpointArguments
  @OptionGroup(title: "Metadata") var metadata: MetadataArguments
  @OptionGroup(title: "Log") var log: LogArguments

  /// Makes a command with the defaults; the argument parser fills it.
  public init() {}

  public mutating func run(_ context: CommandContext) throws {
    let options = try VineyarddOptions(self, host: context.host)
    let log = context.log.with(minimum: options.logLevel)
    for warning in context.warnings + metadata.warnings + endpoints.warnings + options.warnings { log.warning(warning) }
    try context.startDaemon(options, log)
  }

  private static func flagList(_ matches: (FlagSpec.Status) -> Bool) -> String {
    FlagTable.daemon.filter { matches($0.status) }.map { "--\($0.name)" }.joined(separator: " ")
  }
}

/// The daemon's flags about what it tells.
struct LogArguments: ParsableArguments {
  @Flag(help: "Log every request.")
  var verbose = false

  @Option(help: ArgumentHelp("1 and more is the same as --verbose.", valueName: "level"))
  var v = 0

  @Option(help: ArgumentHelp("Least severe lines to log: 0 info, 1 warning, 2 error.", valueName: "level"))
  var minloglevel = 0

  @Flag(help: "Print metrics in the log.")
  var metrics = false

  @Flag(help: "The same as --metrics.")
  var prometheus = false

  @Flag(help: "Leave a core dump after a crash.")
  var coredump = false

  /// The least severe level to log; `--minloglevel` wins over `--verbose`, as in glog.
  var level: Log.Level {
    switch minloglevel {
    case 2...: .error
    case 1: .warning
    default: verbose || v >= 1 ? .debug : .info
    }
  }
}

/// The daemon's flags about where object metadata lives.
struct MetadataArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where metadata lives. (default: local without --etcd_endpoint)",
      valueName: "backend"))
  var meta: MetadataChoice?

  @Option(name: .customLong("etcd_endpoint"), help: .hidden)
  var etcdEndpoint: String?

  @Option(name: .customLong("etcd_prefix"), help: .hidden)
  var etcdPrefix = "vineyard"

  @Option(name: .customLong("meta_timeout"), help: .hidden)
  var metaTimeout = 60

  /// Where metadata lives; nil for the memory of the daemon.
  ///
  /// - Throws: `CommandError` for what is no address of etcd.
  func etcd() throws(CommandError) -> EtcdOptions? {
    if meta == .local || (meta == nil && etcdEndpoint == nil) { return nil }
    return EtcdOptions(
      endpoints: try EtcdEndpoint.list(etcdEndpoint ?? "http://127.0.0.1:2379"), prefix: etcdPrefix,
      timeout: .seconds(max(1, metaTimeout)))
  }

  /// Warnings about flags that do nothing here.
  var warnings: [String] {
    guard meta == .local, etcdEndpoint != nil else { return [] }
    return ["--etcd_endpoint has no effect: metadata is local"]
  }
}

/// An etcd that holds the metadata of several stores.
public struct EtcdOptions: Sendable, Equatable {
  public var endpoints: [EtcdEndpoint]
  /// What all keys begin with.
  public var prefix: String
  /// How long etcd may be away at the start.
  public var timeout: Duration
}

/// The metadata backends of the original.
enum MetadataChoice: String, CaseIterable, ExpressibleByArgument {
  case local, etcd
}
