import KubernetesObjects

/// Treatment of the objects that a deleted one owns.
public enum Propagation: String, Sendable {
  /// They go afterwards.
  case background = "Background"
  /// They go first.
  case foreground = "Foreground"
  /// They stay.
  case orphan = "Orphan"
}

/// Objects of one type as they were at one moment.
public struct ObjectList: Sendable, Equatable {
  public let items: [KubernetesObject]
  /// The moment, for a watch that goes on from it.
  public let resourceVersion: String
}
