import Analysis
import ClusterInventory
import Deployer
import KubernetesClient
import KubernetesObjects

/// Asks a cluster for what files do not tell: its storage classes, and the memory of its nodes.
struct KnownClusterReader {
  let client: KubernetesClient

  /// The facts, and a line for each of them that may not be seen.
  ///
  /// - Throws: as every call of `KubernetesClient`.
  func read() async throws -> (facts: KnownCluster, notes: [Note]) {
    var facts = KnownCluster()
    var notes: [Note] = []
    async let classes = listIfAllowed(.storageClass)
    async let nodes = listIfAllowed(.node)
    if let classes = try await classes {
      facts.classes = classes.map { each in
        KnownCluster.StorageClass(
          name: each.name, provisioner: each.provisioner ?? "",
          isDefault: each.annotations["storageclass.kubernetes.io/is-default-class"] == "true",
          quota: each.parameters["quota"])
      }
    } else {
      notes.append(Note(.warning, "you may not list storageclasses: names are compared with their usual form only"))
    }
    if let nodes = try await nodes {
      facts.nodeMemory = nodes.map { NodeFacts($0).allocatableMemory }.max().flatMap { $0 > 0 ? $0 : nil }
    } else {
      notes.append(Note(.warning, "you may not list nodes: sizes are not compared with their memory"))
    }
    return (facts, notes)
  }

  private func listIfAllowed(_ type: ObjectType) async throws -> [KubernetesObject]? {
    do {
      return try await client.list(type).items
    } catch let error as KubernetesError where error.isForbidden {
      return nil
    }
  }
}
