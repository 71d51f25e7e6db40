import KubernetesObjects
import Support

/// The specification of a Lease (coordination.k8s.io/v1).
struct LeaseRecord: Sendable, Equatable {
  /// Empty when nobody leads.
  var holder: String
  /// Seconds for which the holder may be silent.
  var seconds: Int
  /// Number of changes from one holder to another.
  var transitions: Int
  /// Time of the last renewal by the clock of its holder; only compared with itself.
  var renewed: String
  var resourceVersion: String

  init(_ lease: KubernetesObject) {
    let spec = lease.tree["spec"]
    holder = spec?["holderIdentity"]?.string ?? ""
    seconds = spec?["leaseDurationSeconds"]?.int ?? 0
    transitions = spec?["leaseTransitions"]?.int ?? 0
    renewed = spec?["renewTime"]?.string ?? ""
    resourceVersion = lease.resourceVersion ?? ""
  }

  /// The fields of a lease that somebody takes or keeps.
  static func spec(holder: String, seconds: Int, after old: LeaseRecord?, now: Timestamp) -> Value {
    var spec: Value = [
      "holderIdentity": .string(holder), "leaseDurationSeconds": Value(seconds),
      "renewTime": .string(now.microTime),
    ]
    if old?.holder != holder {
      spec["acquireTime"] = .string(now.microTime)
      spec["leaseTransitions"] = Value(old.map { $0.transitions + 1 } ?? 0)
    }
    return spec
  }

  /// The fields of a lease that its holder gives up.
  static func released(now: Timestamp) -> Value {
    ["holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": .string(now.microTime)]
  }
}
