import Support

/// Every flag the daemon accepts; the one place that tells its effect.
public enum FlagTable {
  /// All flags, the original's and ours, in the order of the help.
  public static let all: [FlagSpec] = daemon + glog

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The flag of a name written with underscores.
  static func spec(named name: String) -> FlagSpec? { byName[name] }

  /// The boolean flag that `nox`, `no_x` or `no-x` switches off.
  static func spec(negatedBy name: String) -> FlagSpec? {
    guard name.hasPrefix("no") else { return nil }
    let positive = name.dropFirst(2)
    let spec = byName[String(positive)] ?? byName[String(positive.drop { $0 == "_" })]
    return spec.flatMap { $0.isBoolean ? $0 : nil }
  }

  /// The flags of the daemon itself, without those of its logging library.
  static let daemon =
    MemoryFlags.table + EndpointFlags.table + MetadataFlags.table + PeerFlags.table + LogFlags.table

  /// Reason why persisted objects do not show up in Kubernetes, for the flag and for the environment variable.
  static let syncCRDsReason = "persisted objects are not mirrored to Kubernetes yet"
}

/// The error for a flag nobody knows.
enum UnknownFlag {
  static func error(_ token: FlagToken) -> ProgramError {
    let isNegatedOption = token.name.hasPrefix("no") && FlagTable.spec(named: String(token.name.dropFirst(2))) != nil
    if isNegatedOption {
      return ProgramError(.usage, "\(token.text) negates a flag that is not boolean", hint: "leave it out")
    }
    let guess = nearest(to: token.name, in: FlagTable.all.map(\.name))
    let hint = guess.map { "did you mean --\($0)?" } ?? "--help lists the flags"
    return ProgramError(.usage, "unknown flag '\(token.text)'", hint: hint)
  }
}

extension FlagTable {
  private static let noFiles = "the log goes to stderr only"
  private static let unbuffered = "every line is written at once"
  private static let noMail = "the log is not mailed"
  private static let noBacktraces = "errors are logged without a backtrace"
  private static let ownCompletion = "use 'vineyardctl --generate-completion-script bash'"

  /// The flags of glog 0.5 and of the completion of gflags 2.2, as `--helpfull` of 0.24.2 lists them.
  static let glog = [
    FlagSpec("logtostderr", .boolean(default: false), .withoutEffect(noFiles), settled: "true"),
    FlagSpec("alsologtostderr", .boolean(default: false), .withoutEffect(noFiles), settled: "true"),
    FlagSpec("stderrthreshold", .integer, .withoutEffect("use --minloglevel"), settled: "0"),
    FlagSpec("log_dir", .text, .withoutEffect(noFiles), settled: ""),
    FlagSpec("log_link", .text, .withoutEffect(noFiles), settled: ""),
    FlagSpec("logfile_mode", .integer, .withoutEffect(noFiles)),
    FlagSpec("max_log_size", .integer, .withoutEffect(noFiles)),
    FlagSpec("stop_logging_if_full_disk", .boolean(default: false), .withoutEffect(noFiles)),
    FlagSpec("timestamp_in_logfile_name", .boolean(default: true), .withoutEffect(noFiles)),
    FlagSpec("drop_log_memory", .boolean(default: true), .withoutEffect(noFiles)),
    FlagSpec("log_prefix", .boolean(default: true), .withoutEffect("every line has one"), settled: "true"),
    FlagSpec("log_utc_time", .boolean(default: false), .withoutEffect("times are always UTC"), settled: "true"),
    FlagSpec("colorlogtostderr", .boolean(default: false), .withoutEffect("the log has no colours"), settled: "false"),
    FlagSpec("logbuflevel", .integer, .withoutEffect(unbuffered), settled: "-1"),
    FlagSpec("logbufsecs", .integer, .withoutEffect(unbuffered)),
    FlagSpec("logemaillevel", .integer, .withoutEffect(noMail)),
    FlagSpec("logmailer", .text, .withoutEffect(noMail), settled: ""),
    FlagSpec("alsologtoemail", .text, .withoutEffect(noMail), settled: ""),
    FlagSpec("log_backtrace_at", .text, .withoutEffect(noBacktraces), settled: ""),
    FlagSpec("symbolize_stacktrace", .boolean(default: true), .withoutEffect(noBacktraces)),
    FlagSpec("vmodule", .text, .withoutEffect("use --verbose"), settled: ""),
    FlagSpec("tab_completion_word", .text, .withoutEffect(ownCompletion), settled: ""),
    FlagSpec("tab_completion_columns", .integer, .withoutEffect(ownCompletion)),
  ]
}
