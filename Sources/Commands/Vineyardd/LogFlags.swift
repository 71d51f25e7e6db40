import ArgumentParser
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
