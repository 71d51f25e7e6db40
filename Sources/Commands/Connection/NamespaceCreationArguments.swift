import ArgumentParser

/// The flag of commands that put objects into a namespace.
struct NamespaceCreationArguments: ParsableArguments {
  @Flag(name: .customLong("create-namespace"), help: "Create the namespace when it is missing.")
  var createsNamespace = false

  init() {}

  /// The flag as given by another command, which plans as if the namespace were to be created.
  init(creating: Bool) { createsNamespace = creating }
}
