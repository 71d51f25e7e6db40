import Documents
import Support

/// A program that gives credentials, as the `exec` of a kubeconfig user describes it.
struct CredentialPlugin: Sendable {
  /// Use of the terminal by the program.
  enum InteractiveMode: String, Sendable, CaseIterable {
    case never = "Never"
    case ifAvailable = "IfAvailable"
    case always = "Always"
  }

  /// The version of the answer, `client.authentication.k8s.io/v1` or `…/v1beta1`.
  let apiVersion: String
  /// The program: a path, or a name to look for in `PATH`.
  let command: String
  let arguments: [String]
  /// Variables for the program besides those of this process.
  let environment: [(name: String, value: String)]
  /// Whether the program is told which cluster is meant.
  let wantsCluster: Bool
  let interactiveMode: InteractiveMode
  /// Instructions for installing the program.
  let installHint: String?
  /// The user entry it belongs to, for messages.
  let owner: String

  /// The plugin of a user, nil when it has none.
  ///
  /// - Throws: `ProgramError` when a field is wrong or the version is not supported.
  init?(_ user: KubeconfigEntry) throws(ProgramError) {
    guard let fields = user.fields["exec"], !fields.isNull else { return nil }
    guard fields.fields != nil else { throw user.invalid("exec", "it is not a mapping") }
    let exec = KubeconfigEntry(kind: "exec of user", name: user.name, fields: fields, file: user.file)
    owner = user.place
    guard let command = try exec.text("command") else { throw exec.invalid("command", "it is missing") }
    // Only a path is meant to be beside the kubeconfig; a name is looked for in PATH.
    self.command = command.contains("/") ? exec.resolved(command) : command
    apiVersion = try exec.text("apiVersion") ?? ""
    guard Self.versions.contains(apiVersion) else {
      throw exec.invalid(
        "apiVersion", apiVersion.isEmpty ? "it is missing" : "'\(apiVersion)' is not supported",
        hint: "update the plugin and write \(Self.versions[0])")
    }
    arguments = try exec.texts("args")
    environment = try Self.variables(exec)
    wantsCluster = try exec.boolean("provideClusterInfo")
    installHint = try exec.text("installHint")
    let mode = try exec.text("interactiveMode") ?? InteractiveMode.ifAvailable.rawValue
    guard let interactiveMode = InteractiveMode(rawValue: mode) else {
      let known = InteractiveMode.allCases.map(\.rawValue).joined(separator: ", ")
      throw exec.invalid("interactiveMode", "'\(mode)' is none of \(known)")
    }
    self.interactiveMode = interactiveMode
  }

  private static let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]

  private static func variables(_ exec: KubeconfigEntry) throws(ProgramError) -> [(name: String, value: String)] {
    guard let value = exec.fields["env"], !value.isNull else { return [] }
    let variables = value.array?.compactMap { element -> (name: String, value: String)? in
      guard let name = element["name"]?.string, !name.isEmpty, let value = element["value"]?.string else { return nil }
      return (name, value)
    }
    guard let variables, variables.count == value.array?.count else {
      throw exec.invalid("env", "it is not a list of names and texts")
    }
    return variables
  }
}
