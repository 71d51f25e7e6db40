import ArgumentParser

/// The flags that may stand with every command and in front of its name, the original's global flags and ours.
///
/// Commands declare those they heed; with the others they have no meaning, as in the original.
struct PersistentArguments: ParsableArguments {
  @OptionGroup var connection: ConnectionArguments
  @OptionGroup var waiting: WaitArguments
  @OptionGroup var creation: NamespaceCreationArguments
  @OptionGroup var scheduler: SchedulerArguments

  static let flags = DeclaredFlags(PersistentArguments.self)
}

/// Flags that the original takes because a scheduler is built into it; without effect there as here.
struct SchedulerArguments: ParsableArguments {
  @Flag(name: .customLong("x-version"), help: ArgumentHelp("Without effect.", visibility: .hidden))
  var showsSchedulerVersion = false

  @Option(name: .customLong("log-flush-frequency"), help: ArgumentHelp("Without effect.", visibility: .hidden))
  var logFlushFrequency: String?
}
