import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Support

/// Claims and their volumes.
extension ChainWalk {
  /// Follows the chain of a claim.
  ///
  /// - Parameter node: where the pod is that uses it; nil for the nodes of the volume.
  /// - Throws: `ProgramError` with code `notFound` when there is no such claim and nothing was found before, and as every
  ///   call of `KubernetesClient`.
  public mutating func walk(claim name: String, namespace: String, usedOn node: String? = nil) async throws {
    let group = "Claim \(namespace)/\(name)"
    let reference = ObjectReference(type: .persistentVolumeClaim, namespace: namespace, name: name)
    guard let claim = try await client.get(reference) else {
      guard !findings.isEmpty else {
        throw ProgramError(
          .notFound, "there is no claim '\(name)' in the namespace '\(namespace)'",
          hint: "write NAMESPACE/NAME, or -n for another namespace")
      }
      return add(group, .failed, "it does not exist", hint: "make the claim that the pod names")
    }
    let cluster = try await checkClass(of: claim, group)
    let phase = claim.tree["status", "phase"]?.string ?? "Pending"
    if claim.isBeingDeleted {
      add(
        group, .failed, "it is being deleted\(try await holders(of: claim))",
        hint: "delete the pods that hold it; make it anew")
    }
    guard phase == "Bound", let volume = claim.volumeName else {
      return try await explainUnbound(claim, phase, cluster, group)
    }
    add(group, .passed, "it is bound to the volume \(volume)")
    let place = if let node { node } else { await nodeOfUser(of: claim) }
    try await walk(volume: volume, cluster: cluster, usedOn: place)
  }

  /// The node of a pod that uses a claim; nil when none does, or it may not be seen.
  private func nodeOfUser(of claim: KubernetesObject) async -> String? {
    let pods = (try? await client.list(.pod, namespace: claim.namespace).items) ?? []
    return pods.lazy.filter { Pod($0).claims.contains(claim.name) && !Pod($0).hasEnded }.compactMap { Pod($0).node }
      .first
  }

  private func holders(of claim: KubernetesObject) async throws -> String {
    guard let pods = try? await client.list(.pod, namespace: claim.namespace).items else { return "" }
    let names = pods.filter { Pod($0).claims.contains(claim.name) }.map(\.name)
    return names.isEmpty ? "" : ", and pods hold it: \(names.shortList)"
  }

  /// The cluster that the class of a claim names, `namespace/name`.
  private mutating func checkClass(of claim: KubernetesObject, _ group: String) async throws -> String? {
    guard let name = claim.storageClassName, !name.isEmpty else {
      add(
        group, .warning, "it names no class", hint: "a claim without a class gets the default one, which is seldom ours"
      )
      return nil
    }
    let found = try await seen(group) { client in
      [try await client.get(ObjectReference(type: .storageClass, namespace: nil, name: name))]
    }
    guard let found else { return nil }
    guard let storageClass = found[0] else {
      // A claim that is bound needs its class no more.
      add(
        group, claim.volumeName == nil ? .failed : .warning, "its class \(name) does not exist",
        hint: "'vineyardctl deploy csidriver --clusters NAMESPACE/NAME' makes the class NAMESPACE.NAME.csi")
      return nil
    }
    guard storageClass.provisioner == DriverVolume.driver else {
      add(
        group, .failed, "its class \(name) is of another driver, \((storageClass.provisioner ?? "none").printable())",
        hint: "name a class of \(DriverVolume.driver)")
      return nil
    }
    let parameters = storageClass.parameters
    guard let namespace = parameters["k8s.v6d.io/vineyard/namespace"],
      let cluster = parameters["k8s.v6d.io/vineyard/name"]
    else {
      add(group, .failed, "its class \(name) names no cluster", hint: "see docs/csi.md for the parameters of a class")
      return nil
    }
    add(group, .passed, "its class \(name) gives out volumes of \(namespace)/\(cluster)")
    return "\(namespace)/\(cluster)"
  }

  private mutating func explainUnbound(
    _ claim: KubernetesObject, _ phase: String, _ cluster: String?, _ group: String
  ) async throws {
    let warning = await lastWarning(claim.reference)
    let pods = (try? await client.list(.pod, namespace: claim.namespace).items) ?? []
    let isUsed = pods.contains { Pod($0).claims.contains(claim.name) && !Pod($0).hasEnded }
    if phase == "Lost" {
      add(group, .failed, "its volume is gone", hint: "delete the claim and make it anew; its contents are lost")
    } else if let warning {
      add(
        group, .failed, "no volume is made for it: \(warning)",
        hint: Self.advice(about: warning) ?? "the links below may say why")
    } else if !isUsed {
      add(
        group, .warning, "it waits for a pod that uses it",
        hint: "that is as it should be: the pod decides on which node the volume is made")
    } else {
      add(group, .failed, "no volume has been made for it", hint: "the links below say what is missing")
    }
    try await walkController()
    if let cluster { try await walkStores(of: cluster) }
  }
}

/// Volumes.
extension ChainWalk {
  /// Follows the chain of a PersistentVolume.
  mutating func walk(volume name: String, cluster: String?, usedOn node: String?) async throws {
    let group = "Volume \(name)"
    let found = try await seen(group) { client in
      [try await client.get(ObjectReference(type: .persistentVolume, namespace: nil, name: name))]
    }
    guard let found else {
      if let cluster { try await walkStores(of: cluster) }
      return
    }
    guard let volume = found[0] else {
      return add(group, .failed, "it does not exist", hint: "delete the claim and make it anew; its contents are lost")
    }
    let handle = volume.tree["spec", "csi", "volumeHandle"]?.string
    guard volume.tree["spec", "csi", "driver"]?.string == DriverVolume.driver else {
      return add(group, .failed, "it is of another driver", hint: "the claim needs a class of \(DriverVolume.driver)")
    }
    let owner =
      DriverVolume.cluster(attributes: volume.tree["spec", "csi", "volumeAttributes"], handle: handle) ?? cluster
    let nodes = DriverVolume.nodes(of: volume).sorted()
    let place = nodes.isEmpty ? "on every node with a store" : "on node \(nodes.joined(separator: ", "))"
    add(
      group, volume.isBeingDeleted ? .warning : .passed,
      "it is \(place)\(volume.isBeingDeleted ? ", and being deleted" : "")")
    if let node, !nodes.isEmpty, !nodes.contains(node), !nodes.contains(VolumeTopology.nodeValue(node)) {
      add(
        group, .failed, "the pod is on node \(node), where the volume is not",
        hint: "delete the pod, so that it is placed again (docs/csi.md, Where pods land)")
    }
    guard let owner else {
      return add(group, .failed, "nothing says which cluster it is of", hint: "it was made by hand: see docs/csi.md")
    }
    let ident = handle?.split(separator: "/").last.map { String($0) }
    if let place = node ?? nodes.first { return try await walkNode(place, cluster: owner, volume: ident) }
    try await walkController()
    try await walkStores(of: owner, volume: ident)
  }
}
