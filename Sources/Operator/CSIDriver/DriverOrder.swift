import ClusterInventory
import KubernetesObjects
import Manifests

/// Precedence among several drivers. A node can have the driver once, so the oldest resource brings the workloads;
/// the others add their StorageClasses. A class that two ask for is the older one's.
struct DriverOrder: Sendable {
  /// Oldest first; resources that are being deleted do nothing any more.
  private let drivers: [KubernetesObject]

  init(_ drivers: [KubernetesObject]) {
    self.drivers = drivers.filter { !$0.isBeingDeleted }.sorted { left, right in
      let (one, other) = (Self.created(left), Self.created(right))
      return one == other ? left.name < right.name : one < other
    }
  }

  private static func created(_ driver: KubernetesObject) -> String {
    driver.tree["metadata", "creationTimestamp"]?.string ?? ""
  }

  /// The name of the resource whose workloads serve all.
  var primary: String? { drivers.first?.name }

  /// Names of StorageClasses that a driver must leave to older ones, with the names of those.
  func claimed(before name: String) -> [String: String] {
    var claimed: [String: String] = [:]
    for driver in drivers {
      if driver.name == name { break }
      guard let spec = try? CSIDriverSpec(customResource: driver) else { continue }
      for storageClass in spec.storageClassNames where claimed[storageClass] == nil {
        claimed[storageClass] = driver.name
      }
    }
    return claimed
  }
}

extension DriverOrder {
  /// The part of a driver's rendering that is to be there: all of the oldest's; of the others the classes, and the right
  /// to their clusters' tokens, which the oldest's controller needs.
  func share(of name: String, _ rendering: [KubernetesObject]) -> [KubernetesObject] {
    let claimed = claimed(before: name)
    return rendering.compactMap { object in
      switch object.reference.type {
      case .storageClass, .snapshotClass: return claimed[object.name] == nil ? object : nil
      case _ where primary == name: return object
      case .role where object.name.hasSuffix("-csi-admin-tokens"): return object
      case .roleBinding where object.name.hasSuffix("-csi-admin-tokens"):
        var binding = object
        binding.tree["subjects"]?.mapElements { $0["name"] = .string("\(primary ?? name)-controller") }
        return binding
      default: return nil
      }
    }
  }
}

extension CSIDriverSpec {
  /// The names of the StorageClasses it asks for.
  var storageClassNames: [String] { clusters.map(\.storageClassName) + (storageClassName.map { [$0] } ?? []) }
}
