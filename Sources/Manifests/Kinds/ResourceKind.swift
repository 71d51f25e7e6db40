import KubernetesObjects
import ManifestFiles

/// A kind of custom resource: everything that the programs need to know of it, in one value.
///
/// Rendering, admission, watching, readiness and status go through `all`. A kind whose objects only have to be applied is
/// reconciled by the operator without more; others bring a `Reconciler` of their own.
public struct ResourceKind: Sendable {
  public let type: ObjectType
  /// The plural of its name, as in the path of the API.
  public let plural: String
  /// Whether its resources are in namespaces.
  public let isNamespaced: Bool
  /// The file that defines it.
  let definition: ManifestFile
  /// The specification, which reads, checks and writes the resources.
  public let spec: any ResourceSpec.Type
  /// The field of the specification that names the image of the pods.
  public let imagePath: [String]
  /// Types of the objects that the operator makes for a resource and watches.
  public let ownedTypes: [ObjectType]
  /// Owned types that not every server has.
  public let optionalTypes: [ObjectType]
  let readiness: @Sendable (KubernetesObject) -> Readiness
}

extension ResourceKind {
  /// Every kind.
  public static let all: [ResourceKind] = [.vineyardd, .csiDriver]

  /// The API group of all kinds.
  public static let group = Manifests.apiVersion.prefix { $0 != "/" }

  /// The state of a resource of which the operator has not yet seen the present specification.
  public static let unseen = "waiting for the operator"

  /// The kind of a type, in whichever version; nil for types of others.
  public static func of(_ type: ObjectType) -> ResourceKind? {
    all.first { $0.type.group == type.group && $0.type.kind == type.kind }
  }

  /// The end of the paths at which resources of the kind are admitted, after `/validate-` and `/mutate-`.
  public var webhookPath: String { "k8s-v6d-io-\(type.version)-\(type.kind.lowercased())" }

  /// Readiness of any object: by the rules of its kind, else by those of its type.
  public static func readiness(of object: KubernetesObject) -> Readiness {
    guard let kind = of(object.reference.type), !object.isBeingDeleted else { return Readiness.of(object) }
    return kind.readiness(object)
  }

  /// The objects that the operator makes for a resource.
  ///
  /// - Parameters:
  ///   - namespace: of the operator.
  ///   - uid: of the resource; nil for one that is not on a server, whose objects name no owner.
  /// - Throws: `ProgramError` with code `usage` when the resource cannot be read or makes no sense.
  public func render(
    _ resource: KubernetesObject, namespace: String, uid: String?, platform: Platform = .plain
  ) throws -> [KubernetesObject] {
    let spec = try spec.init(customResource: resource)
    try spec.validate()
    return try spec.objects(namespace: namespace, uid: uid, platform: platform)
  }
}
