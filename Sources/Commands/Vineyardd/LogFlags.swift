import ArgumentParser
import EtcdClient
import Logging
import StoreServer
import Support

/// The daemon's flags about what it tells.
enum LogFlags: DaemonFlagTable {
  static let table: [FlagSpec] = [
    .switch("verbose", "Log every request."),
    .option("v", "level", "1 and more is the same as --verbose.", default: 0, kind: .integer),
    .option(
      "minloglevel", "level", "Least severe lines to log: 0 info, 1 warning, 2 error.", default: 0, kind: .integer
    ) { level, flags, options in
      // It wins over --verbose, as in glog.
      options.logLevel =
        switch level {
        case 2...: .error
        case 1: .warning
        default: flags.isOn("verbose") || flags.value("v") ?? 0 >= 1 ? .debug : .info
        }
    },
    .switch("metrics", "Print metrics in the log.") { isOn, flags, options in
      if isOn || flags.isOn("prometheus") { options.server.metricsUser = flags.host.nonEmpty("USER") ?? "v6d" }
    },
    .switch("prometheus", "The same as --metrics."),
    .switch("coredump", "Leave a core dump after a crash.") { isOn, _, options in options.dumpsCore = isOn },
  ]
}

/// The daemon's flags about where object metadata lives.
enum MetadataFlags: DaemonFlagTable {
  private static let etcdReason = "etcd is never started by the daemon"

  static let table: [FlagSpec] = [
    .optional(
      "meta", ArgumentHelp("Where metadata lives. (default: local without --etcd_endpoint)", valueName: "backend")
    ) { (backend: Backend?, flags, options) in
      let endpoint: String? = flags.value("etcd_endpoint")
      guard backend == .etcd || (backend == nil && endpoint != nil) else {
        if endpoint != nil { options.warnings.append("--etcd_endpoint has no effect: metadata is local") }
        return
      }
      options.etcd = EtcdOptions(
        endpoints: try EtcdEndpoint.list(endpoint ?? "http://127.0.0.1:2379"),
        prefix: flags.value("etcd_prefix") ?? "vineyard", timeout: .seconds(max(1, flags.value("meta_timeout") ?? 60)))
    },
    .optional("etcd_endpoint", .hidden) { (_: String?, _, _) in },
    .optional("etcd_prefix", .hidden) { (_: String?, _, _) in },
    .optional("meta_timeout", .hidden) { (_: Int?, _, _) in },
    FlagSpec("skip_launch_etcd", .boolean(default: true), .notYet(etcdReason), settled: "true"),
    FlagSpec("etcd_cmd", .text, .notYet(etcdReason), settled: ""),
    FlagSpec("etcd_data_dir", .text, .notYet(etcdReason), settled: ""),
    FlagSpec("sync_crds", .boolean(default: false), .notYet(FlagTable.syncCRDsReason), settled: "false"),
  ]

  /// The metadata backends of the original.
  private enum Backend: String, CaseIterable, ExpressibleByArgument {
    case local, etcd
  }
}
