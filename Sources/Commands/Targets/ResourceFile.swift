import KubernetesObjects
import Support

/// Reads one Kubernetes object from a file that a user wrote.
enum ResourceFile {
  /// - Parameter type: what it must be.
  /// - Throws: `CommandError` with code `usage` when the file holds anything else.
  static func read(_ path: String, _ setting: Setting, type: ObjectType) throws -> KubernetesObject {
    let object = KubernetesObject(try tree(path, setting))
    guard object.reference.type == type else {
      throw CommandError(
        .usage, "\(path) holds no \(type)", cause: object.kind.isEmpty ? nil : "it holds a \(object.reference.type)")
    }
    guard !object.name.isEmpty else { throw CommandError(.usage, "the \(type.kind) in \(path) has no name") }
    return object
  }

  private static func tree(_ path: String, _ setting: Setting) throws -> Value {
    let text = try setting.readFile(path)
    do {
      return try Value(yaml: text)
    } catch {
      throw CommandError(.usage, "cannot read \(path)", cause: "\(error)", hint: "write YAML or JSON")
    }
  }
}
