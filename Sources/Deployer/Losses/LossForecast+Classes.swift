import ClusterInventory
import KubernetesObjects
import Manifests

extension LossForecast {
  /// Classes of a driver that go because their clusters are no longer named.
  func droppedClasses(_ planned: KubernetesObject) async throws -> Loss? {
    guard let live = try await present(planned.reference) else { return nil }
    let others = try await resources(.csiDriver).filter { $0.name != planned.name && !$0.isBeingDeleted }
    let kept = Set(([planned] + others).flatMap { Self.classes(of: $0) })
    let dropped = Self.classes(of: live).filter { !kept.contains($0) }
    guard !dropped.isEmpty else { return nil }
    let isOne = dropped.count == 1
    var loss = Loss(
      event: "the storage \(isOne ? "class" : "classes") \(dropped.joined(separator: ", ")) \(isOne ? "goes" : "go")")
    loss.isDropOfClasses = true
    loss.uses = try await VolumeUses(client: client, scope: .clusters([], classes: Set(dropped))).find().uses
    return loss
  }

  private static func classes(of driver: KubernetesObject) -> [String] {
    guard let spec = try? CSIDriverSpec(customResource: driver) else { return [] }
    return spec.clusters.map(\.storageClassName) + (spec.storageClassName.map { [$0] } ?? [])
  }
}
