import ArgumentParser
import Support

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
