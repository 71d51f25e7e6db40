import KubernetesObjects
import Manifests

/// A custom resource that is admitted.
enum AdmittedKind: String, Sendable, CaseIterable {
  case vineyardd = "Vineyardd"
  case csiDriver = "CSIDriver"

  /// The end of the paths that `manifests/webhooks.yaml` registers, after `/validate-` and `/mutate-`.
  var path: String { "k8s-v6d-io-v1alpha1-\(rawValue.lowercased())" }

  /// Checks a resource: refuses what is wrong and warns of settings without effect.
  ///
  /// - Parameter old: the resource before a change; what is wrong with that one does not matter.
  /// - Returns: warnings, a line each.
  /// - Throws: `CommandError` with code `usage`.
  func check(_ object: KubernetesObject, after old: KubernetesObject?) throws -> [String] {
    switch self {
    case .vineyardd:
      let spec = try VineyarddSpec(customResource: object)
      try spec.validate()
      if let old, let before = try? VineyarddSpec(customResource: old) { try spec.validateChange(from: before) }
      return spec.warnings
    case .csiDriver:
      let spec = try CSIDriverSpec(customResource: object)
      try spec.validate()
      return spec.warnings
    }
  }

  /// The resource with every setting that has a default.
  ///
  /// - Throws: `CommandError` with code `usage` when it cannot be read.
  func completed(_ object: KubernetesObject) throws -> KubernetesObject {
    switch self {
    case .vineyardd: try VineyarddSpec(customResource: object).customResource()
    case .csiDriver: try CSIDriverSpec(customResource: object).customResource()
    }
  }
}
