import ArgumentParser

/// The flags that may stand with every command and in front of its name, the original's global flags and ours.
///
/// Commands declare those they heed; with the others they have no meaning, as in the original.
struct PersistentArguments: ParsableArguments {
  @OptionGroup var connection: ConnectionArguments
  @OptionGroup var waiting: WaitArguments
  @OptionGroup var creation: NamespaceCreationArguments

  static let flags = DeclaredFlags(PersistentArguments.self)
}
