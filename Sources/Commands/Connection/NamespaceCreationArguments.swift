import ArgumentParser

/// The flag of commands that put objects into a namespace.
struct NamespaceCreationArguments: ParsableArguments {
  @Flag(name: .customLong("create-namespace"), help: "Create the namespace when it is missing.")
  var createsNamespace = false
}
