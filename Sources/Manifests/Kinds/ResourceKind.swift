import KubernetesObjects

/// A kind of custom resource: everything that the programs need to know of it, in one value.
///
/// Rendering, admission, watching, readiness, status, removal, the rights of the operator and of people, and the webhooks
/// go through `all`. A kind whose objects only have to be applied is reconciled by the operator without more; others bring
/// a `Reconciler` of their own.
public struct ResourceKind: Sendable {
  /// A workload that a resource stands for, and what the workload is, as in "the stores of … do not exist".
  public typealias Workload = (role: String, object: ObjectReference)

  public let type: ObjectType
  /// Whether its resources are in namespaces. Those that are not belong to whoever administers the cluster.
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
  /// Whether the operator is asked before a resource is deleted; its specification is a `DeletionGuardedSpec` then.
  public let isDeletionGuarded: Bool
  let readiness: @Sendable (KubernetesObject) -> Readiness
  /// Whether a resource is about something in a namespace.
  let concerns: @Sendable (_ resource: KubernetesObject, _ namespace: String) -> Bool
  /// The workload that has to be there when the operator has done its part; nil for none.
  let workload: @Sendable (KubernetesObject) -> Workload?

  /// Everything that a kind does not say is as it is with most.
  init(
    type: ObjectType, isNamespaced: Bool, definition: ManifestFile, spec: any ResourceSpec.Type,
    imagePath: [String] = ["image"], ownedTypes: [ObjectType], optionalTypes: [ObjectType] = [],
    isDeletionGuarded: Bool = false,
    readiness: @escaping @Sendable (KubernetesObject) -> Readiness = ResourceKind.conditionReadiness,
    concerns: @escaping @Sendable (_ resource: KubernetesObject, _ namespace: String) -> Bool = { _, _ in true },
    workload: @escaping @Sendable (KubernetesObject) -> Workload? = { _ in nil }
  ) {
    self.type = type
    self.isNamespaced = isNamespaced
    self.definition = definition
    self.spec = spec
    self.imagePath = imagePath
    self.ownedTypes = ownedTypes
    self.optionalTypes = optionalTypes
    self.isDeletionGuarded = isDeletionGuarded
    self.readiness = readiness
    self.concerns = concerns
    self.workload = workload
  }
}

extension ResourceKind {
  /// Every kind: the one list.
  public static let all: [ResourceKind] = [.vineyardd, .csiDriver]

  /// The API group of all kinds.
  public static let group = String(Manifests.apiVersion.prefix { $0 != "/" })

  /// The kind of a type, in whichever version; nil for types of others.
  public static func of(_ type: ObjectType) -> ResourceKind? {
    all.first { $0.type.group == type.group && $0.type.kind == type.kind }
  }

  /// The plural of its name, as in the path of the API.
  public var plural: String { type.usualPlural }

  /// Its name in lower case, as kubectl, logs and metrics have it.
  public var singular: String { type.kind.lowercased() }

  /// The end of the paths at which resources of the kind are admitted, after `/validate-` and `/mutate-`.
  public var webhookPath: String { "\(Self.group.replacing(".", with: "-"))-\(type.version)-\(singular)" }

  /// The objects that the operator makes for a resource, with the labels and the owner by which it finds them again.
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
    let owner = uid.map { Manifests.ownerReference(type.kind, name: resource.name, uid: $0) }
    return try spec.objects(namespace: namespace, uid: uid, platform: platform).map { object in
      var object = object
      object.setLabel("app.kubernetes.io/managed-by", Manifests.creator)
      object.setLabel("app.kubernetes.io/part-of", "vineyard")
      // An object of the cluster cannot belong to one of a namespace.
      let mayBeOwned = !isNamespaced || object.namespace == resource.namespace
      if let owner, mayBeOwned, object.owners.isEmpty { object.tree["metadata", "ownerReferences"] = [owner] }
      return object
    }
  }
}
