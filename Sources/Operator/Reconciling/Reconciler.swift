import KubernetesObjects
import Manifests

/// The part of reconciling a kind that other kinds do not have: which objects a resource should have, and what its status
/// says. `ResourceController` does the rest.
protocol Reconciler: Sendable {
  var kind: ResourceKind { get }
  var context: ReconcileContext { get }

  /// The resources of the kind that a change of any watched object concerns.
  func keys(concernedBy change: ObjectCache.Change) -> Set<ObjectKey>

  /// The resource of the kind that an object belongs to, or is; nil for other objects.
  func owner(of object: KubernetesObject) -> ObjectKey?

  /// The objects that a resource should have.
  ///
  /// - Throws: `ProgramError` when the resource makes no sense, so that another try would say the same; anything else is
  ///   worth another try.
  func desired(_ resource: KubernetesObject, uid: String) async throws -> [KubernetesObject]

  /// Prepares the cluster for a change of a resource's objects.
  func prepare(_ resource: KubernetesObject, for desired: [KubernetesObject]) async throws

  /// Objects that belong to a resource without naming it as their owner.
  func unowned(of key: ObjectKey) -> [KubernetesObject]

  /// Whether a resource counts as applied although an object could not be written; it is tried again all the same.
  func isTolerable(_ failure: OwnedObjects.Failure) -> Bool

  /// The status of a resource.
  func status(of resource: KubernetesObject, _ progress: Progress) -> any ResourceStatus

  /// Takes away what a resource that is gone has left.
  func cleanUp(after key: ObjectKey) async throws
}

/// The specification of a kind that brings a reconciler of its own.
protocol ReconciledSpec: ResourceSpec {
  static func reconciler(_ context: ReconcileContext) -> any Reconciler
}

extension Reconciler {
  var resources: Informer { context.informers.resources(of: kind) }

  /// The resource itself, and the one that controls a changed object.
  func keys(concernedBy change: ObjectCache.Change) -> Set<ObjectKey> {
    Set([change.old, change.new].compactMap { $0 }.compactMap { owner(of: $0) })
  }

  func owner(of object: KubernetesObject) -> ObjectKey? { Self.owner(of: object, kind: kind) }

  static func owner(of object: KubernetesObject, kind: ResourceKind) -> ObjectKey? {
    if object.reference.type == kind.type { return ObjectKey(object) }
    guard let owner = object.customResource, owner.kind == kind.type.kind else { return nil }
    guard kind.isNamespaced else { return ObjectKey(name: owner.name) }
    return object.namespace.map { ObjectKey(namespace: $0, name: owner.name) }
  }

  func prepare(_ resource: KubernetesObject, for desired: [KubernetesObject]) async throws {}

  func unowned(of key: ObjectKey) -> [KubernetesObject] { [] }

  func isTolerable(_ failure: OwnedObjects.Failure) -> Bool { false }

  func cleanUp(after key: ObjectKey) async throws {}
}

/// Reconciles a kind whose objects only have to be applied; it is ready when they are.
struct PlainReconciler: Reconciler {
  let kind: ResourceKind
  let context: ReconcileContext

  func desired(_ resource: KubernetesObject, uid: String) throws -> [KubernetesObject] {
    try kind.render(resource, namespace: context.namespace, uid: uid, platform: context.platform)
  }

  func status(of resource: KubernetesObject, _ progress: Progress) -> any ResourceStatus {
    let owned = resource.uid.map { context.informers.objects(ownedBy: $0) } ?? []
    return PlainStatus(objects: owned, progress: progress)
  }
}
