import KubernetesObjects
import Manifests
import Support

/// Decides on changes of custom resources, by the rules that rendering has.
struct AdmissionPolicy: Sendable {
  let kind: ResourceKind

  /// Refuses what cannot be rendered, and warns of what does nothing.
  func validate(_ request: AdmissionRequest) -> AdmissionVerdict {
    guard request.operation == "CREATE" || request.operation == "UPDATE" else { return .allowed }
    guard let object = request.object else { return Self.noObject }
    // Nothing must keep a finalizer from being taken away; and what was admitted once, by older rules perhaps, may
    // still be labelled.
    guard !object.isBeingDeleted, request.old.map({ $0.tree["spec"] != object.tree["spec"] }) ?? true else {
      return .allowed
    }
    do {
      return AdmissionVerdict(warnings: try kind.spec.check(object, after: request.old))
    } catch let error as ProgramError {
      return .refused(422, "Invalid", error.description)
    } catch {
      return .refused(500, "InternalError", "\(error)")
    }
  }

  /// Adds the defaults; what cannot be read is left to validation.
  func complete(_ request: AdmissionRequest) -> AdmissionVerdict {
    guard request.operation == "CREATE" || request.operation == "UPDATE" else { return .allowed }
    guard let object = request.object else { return Self.noObject }
    guard !object.isBeingDeleted, let completed = try? kind.spec.init(customResource: object).customResource() else {
      return .allowed
    }
    guard let spec = completed.tree["spec"] else { return .allowed }
    return AdmissionVerdict(patch: MissingFields.patch(object.tree["spec"], to: spec, at: "/spec"))
  }

  private static let noObject = AdmissionVerdict.refused(400, "BadRequest", "the request has no object")
}

/// The difference between a tree and a fuller one.
enum MissingFields {
  /// Operations of a JSON patch (RFC 6902) that add what is missing; nothing that is there is touched.
  ///
  /// - Parameter pointer: of the tree, as RFC 6901 writes it.
  static func patch(_ tree: Value?, to full: Value, at pointer: String) -> [Value] {
    guard let tree, !tree.isNull else {
      return [["op": "add", "path": .string(pointer), "value": full]]
    }
    guard let fields = tree.fields, let wanted = full.fields else { return [] }
    return wanted.flatMap { key, value in patch(fields[key], to: value, at: "\(pointer)/\(escaped(key))") }
  }

  /// A key as a part of a pointer (RFC 6901, section 3).
  private static func escaped(_ key: String) -> String {
    guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return key }
    return key.reduce(into: "") { text, character in
      switch character {
      case "~": text += "~0"
      case "/": text += "~1"
      default: text.append(character)
      }
    }
  }
}
