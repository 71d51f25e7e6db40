import Documents
import Support

extension Kubeconfig {
  /// Whether nothing is defined, as in an empty file.
  var isEmpty: Bool { clusters.isEmpty && users.isEmpty && contexts.isEmpty && currentContext == nil }

  /// The context that the flags or the file choose; nil when only `--server` says where to go.
  func context(_ options: ConnectionOptions) throws(ProgramError) -> KubeconfigEntry? {
    let source = files.joined(separator: ", ")
    guard let name = options.context ?? currentContext else {
      if options.server != nil { return nil }
      throw ProgramError(
        .failed, "no context is chosen in \(source)", cause: known(contexts.keys), hint: "give --context NAME")
    }
    if let context = contexts[name] { return context }
    let guess = nearest(to: name, in: Array(contexts.keys))
    let setter = options.context == nil ? "current-context" : "context"
    throw ProgramError(
      .failed, "unknown \(setter) '\(name)' in \(source)", cause: known(contexts.keys),
      hint: guess.map { "did you mean '\($0)'?" } ?? "give --context NAME")
  }

  /// The cluster of a context, with `--server` over it.
  func cluster(of context: KubeconfigEntry?, _ options: ConnectionOptions) throws(ProgramError) -> ClusterEntry {
    guard let context else { return ClusterEntry(nil, serverOverride: options.server) }
    guard let name = try context.text("cluster") else {
      if options.server != nil { return ClusterEntry(nil, serverOverride: options.server) }
      throw ProgramError(.failed, "\(context.place) names no cluster", hint: "give it one, or use --server URL")
    }
    guard let cluster = clusters[name] else {
      throw ProgramError(
        .failed, "\(context.place) names the unknown cluster '\(name)'", cause: known(clusters.keys),
        hint: nearest(to: name, in: Array(clusters.keys)).map { "did you mean '\($0)'?" })
    }
    return ClusterEntry(cluster, serverOverride: options.server)
  }

  /// The user of a context, nil when it names none and requests are anonymous.
  func user(of context: KubeconfigEntry?) throws(ProgramError) -> UserEntry? {
    guard let context, let name = try context.text("user") else { return nil }
    guard let user = users[name] else {
      throw ProgramError(
        .failed, "\(context.place) names the unknown user '\(name)'", cause: known(users.keys),
        hint: nearest(to: name, in: Array(users.keys)).map { "did you mean '\($0)'?" })
    }
    return UserEntry(entry: user)
  }

  private func known(_ names: some Collection<String>) -> String {
    if names.isEmpty { return "none is defined" }
    let shown = names.prefix(Self.shownNames).joined(separator: ", ")
    return names.count > Self.shownNames
      ? "known are \(shown) and \(names.count - Self.shownNames) more" : "known are \(shown)"
  }

  /// Names that an error lists: a kubeconfig may have thousands.
  private static let shownNames = 10
}
