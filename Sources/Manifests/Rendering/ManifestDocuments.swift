import KubernetesObjects
import Support

/// The documents of a manifest file, changed by setting fields of their trees.
struct ManifestDocuments {
  private let file: String
  private(set) var objects: [KubernetesObject]

  /// - Throws: `ProgramError` with code `failed` when the file is no YAML, which a test excludes.
  init(_ file: ManifestFile) throws {
    self.file = file.name
    do {
      objects = try Value.documents(yaml: file.bytes).map { KubernetesObject($0) }
    } catch {
      throw ProgramError(.failed, "cannot read the built-in manifest \(file.name)", cause: "\(error)")
    }
  }

  /// Changes the one object of a kind whose name ends so.
  mutating func edit(
    _ kind: String, suffix: String = "", _ change: (inout KubernetesObject) throws -> Void
  ) throws {
    let matching = objects.indices.filter { objects[$0].kind == kind && objects[$0].name.hasSuffix(suffix) }
    guard let index = matching.first, matching.count == 1 else {
      throw ProgramError(.failed, "the built-in manifest \(file) has \(matching.count) \(kind)s named …\(suffix)")
    }
    try change(&objects[index])
  }

  mutating func editAll(_ change: (inout KubernetesObject) -> Void) {
    for index in objects.indices { change(&objects[index]) }
  }

  mutating func remove(_ kind: String, suffix: String = "") {
    objects.removeAll { $0.kind == kind && $0.name.hasSuffix(suffix) }
  }
}

extension ManifestDocuments {
  /// Puts the namespaced objects, and the accounts that bindings name, into a namespace.
  mutating func move(to namespace: String) {
    editAll { object in
      if object.namespace != nil { object.namespace = namespace }
      object.tree["subjects"]?.mapElements { $0["namespace"] = .string(namespace) }
    }
  }

  /// Replaces the sample's name at the beginning of names by another.
  mutating func rename(_ sample: String, to name: String) {
    editAll { object in
      if object.name.hasPrefix(sample) { object.name = name + object.name.dropFirst(sample.count) }
    }
  }

  /// Says which version of this program rendered the objects. Pod templates don't say it: a new version would restart
  /// them all.
  mutating func label(version: String = Version.product) {
    editAll { $0.setLabel("app.kubernetes.io/version", version) }
  }
}
