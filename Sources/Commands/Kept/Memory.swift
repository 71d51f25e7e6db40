import KubernetesObjects

/// Where a deployment finds what an earlier one was told.
enum Memory {
  /// A custom resource, whose specification says it.
  case resource(ObjectReference, SpecFlags)
  /// A workload, whose annotation holds the flags (`FlagRecord`).
  case workload(ObjectReference)
}
