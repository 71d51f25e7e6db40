import KubernetesObjects

/// The writes that bring the objects of a custom resource to what they should be.
struct OwnedPlan: Sendable, Equatable {
  /// To apply, in this order.
  var apply: [KubernetesObject] = []
  /// To delete: they belong to the resource and are no longer wanted.
  var delete: [KubernetesObject] = []
  /// Wanted, but their namesakes are still being deleted.
  var waiting: [ObjectReference] = []

  var isEmpty: Bool { apply.isEmpty && delete.isEmpty && waiting.isEmpty }

  /// - Parameters:
  ///   - desired: what the resource should have.
  ///   - live: the object of a name as it is, nil when there is none.
  ///   - owned: what belongs to the resource now.
  ///   - isUpToDate: whether a live object is what applying the desired one made of it.
  init(
    desired: [KubernetesObject], owned: [KubernetesObject],
    live: (ObjectReference) -> KubernetesObject?,
    isUpToDate: (_ desired: KubernetesObject, _ live: KubernetesObject) -> Bool
  ) {
    for object in desired {
      guard let current = live(object.reference) else {
        apply.append(object)
        continue
      }
      if current.isBeingDeleted {
        waiting.append(object.reference)
      } else if !isUpToDate(object, current) {
        apply.append(object)
      }
    }
    let wanted = Set(desired.map(\.reference))
    delete = owned.filter { !wanted.contains($0.reference) && !$0.isBeingDeleted }
  }
}
