import Documents

/// What applying one object came to.
struct ApplyOutcome: Sendable {
  enum Change: String, Sendable {
    case created
    case configured
    case unchanged
    /// The server could not check it because what it lives in does not exist yet.
    case unchecked = "to be created, not checked by the server"
  }

  let object: KubernetesObject
  let change: Change
}
