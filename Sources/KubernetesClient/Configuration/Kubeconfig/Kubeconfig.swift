import Documents
import Support

/// One or several kubeconfig files, merged.
struct Kubeconfig {
  typealias Entries = OrderedDictionary<String, KubeconfigEntry>

  var clusters: Entries = [:]
  var users: Entries = [:]
  var contexts: Entries = [:]
  var currentContext: String?
  /// The files that were read, in the order of their precedence.
  var files: [String] = []

  /// An empty kubeconfig, to be merged into.
  init() {}

  /// Reads one file.
  ///
  /// - Throws: `ProgramError` with the place of a mistake.
  init(text: String, file: String) throws(ProgramError) {
    let tree: Value
    do throws(DocumentError) {
      // Further documents are none of a kubeconfig's, and kubectl does not look at them.
      tree = try Value.firstDocument(yaml: text)
    } catch {
      throw Self.broken(file, error.description)
    }
    guard tree.isNull || tree.fields != nil else { throw Self.broken(file, "it is not a mapping") }
    clusters = try Self.entries(tree, "clusters", "cluster", file)
    users = try Self.entries(tree, "users", "user", file)
    contexts = try Self.entries(tree, "contexts", "context", file)
    currentContext = tree["current-context"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    files = [file]
  }

  /// Takes over entries that this configuration does not define, as kubectl does: an entry is never mixed from two
  /// files.
  mutating func merge(_ later: Kubeconfig) {
    clusters.merge(later.clusters) { first, _ in first }
    users.merge(later.users) { first, _ in first }
    contexts.merge(later.contexts) { first, _ in first }
    currentContext = currentContext ?? later.currentContext
    files += later.files
  }

  private static func entries(
    _ tree: Value, _ key: String, _ kind: String, _ file: String
  ) throws(ProgramError) -> Entries {
    guard let list = tree[key], !list.isNull else { return [:] }
    guard let elements = list.array else { throw broken(file, "'\(key)' is not a list") }
    var entries: Entries = [:]
    for (index, element) in elements.enumerated() {
      // Nothing can refer to an entry without a name, and tools leave such ones behind.
      guard let name = element["name"], !name.isNull, name != "" else { continue }
      guard let name = name.string else {
        throw broken(file, "the name of \(kind) \(index + 1) is not a text; put it in quotes")
      }
      let fields = element[kind] ?? [:]
      guard fields.isNull || fields.fields != nil else { throw broken(file, "\(kind) '\(name)' is not a mapping") }
      guard entries[name] == nil else { throw broken(file, "\(kind) '\(name)' stands twice") }
      entries[name] = KubeconfigEntry(kind: kind, name: name, fields: fields, file: file)
    }
    return entries
  }

  private static func broken(_ file: String, _ cause: String) -> ProgramError {
    ProgramError(
      .failed, "broken kubeconfig \(file)", cause: cause, hint: "repair it, or name another with --kubeconfig")
  }
}

extension Kubeconfig {
  /// Reads `--kubeconfig`, else the files of `KUBECONFIG`, else `~/.kube/config`.
  ///
  /// Files missing from the list of the variable are skipped.
  ///
  /// - Parameter path: the one file named on the command line.
  /// - Returns: nil when there is no file at all.
  /// - Throws: `ProgramError` when the named file is missing or a file is broken.
  static func load(_ path: String?, _ sources: ConfigurationSources) throws(ProgramError) -> Kubeconfig? {
    if let path {
      guard let text = try sources.readFile(path) else {
        throw ProgramError(
          .failed, "cannot open kubeconfig \(path)", cause: "no such file", hint: "--kubeconfig names the file to read")
      }
      return try Kubeconfig(text: text, file: path)
    }
    var merged: Kubeconfig?
    for file in candidates(sources) {
      guard let text = try sources.readFile(file) else { continue }
      let kubeconfig = try Kubeconfig(text: text, file: file)
      merged = merged ?? Kubeconfig()
      merged?.merge(kubeconfig)
    }
    return merged
  }

  /// The files to look for without `--kubeconfig`.
  static func candidates(_ sources: ConfigurationSources) -> [String] {
    if let list = sources.nonEmpty("KUBECONFIG") {
      var seen: Set<String> = []
      return list.split(separator: ":").map(String.init).filter { seen.insert($0).inserted }
    }
    return sources.nonEmpty("HOME").map { ["\($0)/.kube/config"] } ?? []
  }
}
