import ArgumentParser
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
  private static let etcdReason = "metadata in etcd is not available yet"

  static let table: [FlagSpec] = [
    .optional(
      "meta",
      ArgumentHelp(
        "Where metadata lives; etcd is not available yet. (default: local without --etcd_endpoint)",
        valueName: "backend")
    ) { (backend: Backend?, flags, options) in
      let endpoint: String? = flags.value("etcd_endpoint")
      guard backend == .local || (backend == nil && endpoint == nil) else {
        throw CommandError(
          .failed, "metadata in etcd is not available yet", cause: "it comes with the cluster release",
          hint: "start with --meta local")
      }
      if endpoint != nil { options.warnings.append("--etcd_endpoint has no effect: metadata is local") }
    },
    .optional("etcd_endpoint", .hidden) { (_: String?, _, _) in },
    FlagSpec("meta_timeout", .integer, .notYet(etcdReason), settled: "60"),
    FlagSpec("skip_launch_etcd", .boolean(default: true), .notYet(etcdReason), settled: "true"),
    FlagSpec("etcd_prefix", .text, .notYet(etcdReason), settled: "vineyard"),
    FlagSpec("etcd_cmd", .text, .notYet(etcdReason), settled: ""),
    FlagSpec("etcd_data_dir", .text, .notYet(etcdReason), settled: ""),
    FlagSpec("sync_crds", .boolean(default: false), .notYet(FlagTable.syncCRDsReason), settled: "false"),
  ]

  /// The metadata backends of the original.
  private enum Backend: String, CaseIterable, ExpressibleByArgument {
    case local, etcd
  }
}
