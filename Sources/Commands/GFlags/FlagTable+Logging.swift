extension FlagTable {
  static let logging = [
    FlagSpec("verbose", .boolean(default: false)),
    FlagSpec("v", .integer),
    FlagSpec("minloglevel", .integer),
    FlagSpec("metrics", .boolean(default: false)),
    FlagSpec("prometheus", .boolean(default: false)),
    FlagSpec("coredump", .boolean(default: false)),
  ]

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
