import Documents
import Manifests
import Support

/// Decides on custom resources, by the same rules as the command line.
enum ResourceAdmission {
  /// Whether the resource makes sense.
  static func validate(_ review: AdmissionReview) -> AdmissionReview.Verdict {
    // What is going may be changed in any way, so that its finalizers can be taken off.
    guard let object = review.object, !object.isBeingDeleted else { return .allowed([]) }
    do {
      switch object.kind {
      case "Vineyardd":
        let spec = try VineyarddSpec(customResource: object)
        try spec.validate()
        if let old = review.old, let before = try? VineyarddSpec(customResource: old) {
          try spec.validateChange(from: before)
        }
      case "CSIDriver": try CSIDriverSpec(customResource: object).validate()
      default: return .denied("this webhook does not know the kind \(object.kind)")
      }
      return .allowed([])
    } catch {
      return .denied("\(error)")
    }
  }

  /// Adds the settings that are missing, with their defaults.
  ///
  /// The definitions hold the same defaults; this is for servers that still have the original's.
  static func complete(_ review: AdmissionReview) -> AdmissionReview.Verdict {
    guard let object = review.object, !object.isBeingDeleted else { return .allowed([]) }
    let full: KubernetesObject?
    switch object.kind {
    case "Vineyardd": full = (try? VineyarddSpec(customResource: object))?.customResource()
    case "CSIDriver": full = (try? CSIDriverSpec(customResource: object))?.customResource()
    default: return .denied("this webhook does not know the kind \(object.kind)")
    }
    // What cannot be read is for the validation to refuse.
    guard let spec = full?.tree["spec"] else { return .allowed([]) }
    guard let given = object.tree["spec"] else {
      return .allowed([["op": "add", "path": "/spec", "value": spec]])
    }
    return .allowed(additions(spec, over: given, at: "/spec"))
  }

  private static func additions(_ full: Value, over given: Value, at path: String) -> [Value] {
    (full.fields ?? [:]).flatMap { key, value -> [Value] in
      let place = "\(path)/\(key.replacing("~", with: "~0").replacing("/", with: "~1"))"
      guard let present = given[key] else {
        return [["op": "add", "path": .string(place), "value": value]]
      }
      return present.fields == nil ? [] : additions(value, over: present, at: place)
    }
  }
}
