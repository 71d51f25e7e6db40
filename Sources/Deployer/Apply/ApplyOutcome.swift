import KubernetesObjects

/// What applying one object came to.
struct ApplyOutcome: Sendable {
  enum Change: String, Sendable {
    case created
    case configured
    case unchanged
    /// The server could not check it because it builds on what an earlier step makes.
    case unchecked = "would be applied, not checked by the server"
  }

  let object: KubernetesObject
  let change: Change
}
