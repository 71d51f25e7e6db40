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
    } catch let error as CommandError {
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
