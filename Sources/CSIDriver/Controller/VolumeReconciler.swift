import KubernetesClient
import KubernetesObjects
import Logging
import StoreClient
import StoreProtocol
import Support

/// Tells stores what only Kubernetes knows of their volumes.
///
/// A store that starts after etcd has lost its data may have volumes that were deleted while it was down: those without a
/// PersistentVolume are deleted, the others are told to all stores again. And what stores had on nodes that are gone is
/// forgotten. Every replica of the controller does this; doing it twice changes nothing.
///
/// Inline volumes are no concern of it: they are on the node of their pod, and not in etcd.
final class VolumeReconciler: Sendable {
  private static let interval: Duration = .seconds(15)

  private let stores: any StoreDirectory
  private let gateway: StoreGateway
  private let client: KubernetesClient
  private let log: Logger

  init(stores: any StoreDirectory, gateway: StoreGateway, client: KubernetesClient, log: Logger) {
    self.stores = stores
    self.gateway = gateway
    self.client = client
    self.log = log
  }

  /// Looks from time to time, until its task is cancelled.
  func run() async {
    while !Task.isCancelled {
      await reconcile()
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// Looks once.
  func reconcile() async {
    // Who cannot be asked now is asked the next time.
    guard let endpoints = try? await stores.stores(of: nil) else { return }
    let replies = await gateway.askAll(endpoints.filter(\.isReady)) { client throws(StoreClientError) in
      try client.list()
    }
    var seen: Set<String> = []
    for (store, list) in replies.answers {
      for volume in list.volumes where volume.isUnconfirmed { await decide(volume, in: store) }
      for node in list.capacity.absentNodes where seen.insert("\(store.cluster) \(node)").inserted {
        await forget(node, in: store)
      }
    }
  }

  /// Keeps a volume that has a PersistentVolume, and deletes another one.
  private func decide(_ volume: VolumeRecord, in store: StoreEndpoint) async {
    guard let name = volume.attributes["csi.storage.k8s.io/pv/name"] else { return }
    let id = VolumeHandle.id(of: volume, in: store.cluster)
    do {
      let found = try await client.get(ObjectReference(type: .persistentVolume, name: name))
      let isThere = found?.tree["spec", "csi", "volumeHandle"]?.string == id
      let settings = VolumeSettings(volume)
      try await gateway.ask(store) { client throws(StoreClientError) in
        if isThere { _ = try client.open(settings) } else { try client.delete(settings.id) }
      }
      let outcome = isThere ? "all stores know it again" : "deleted, since PersistentVolume \(name) is gone"
      log.info("volume '\(id)', which \(store) had before its start and no other store knows: \(outcome)")
    } catch {
      log.warning("volume '\(id)' of \(store) cannot be compared with PersistentVolumes: \("\(error)".onOneLine)")
    }
  }

  private func forget(_ node: String, in store: StoreEndpoint) async {
    do {
      guard try await client.get(ObjectReference(type: .node, name: node)) == nil else { return }
      let isForgotten = try await gateway.ask(store) { client throws(StoreClientError) in try client.forgetNode(node) }
      if isForgotten { log.info("node \(node) is gone: what stores of \(store.cluster) had there is forgotten") }
    } catch {
      log.warning("what stores had on node \(node) is kept: \("\(error)".onOneLine)")
    }
  }
}

extension VolumeSettings {
  /// The settings with which a volume was made that exists, as far as its record tells.
  init(_ record: VolumeRecord) {
    self.init(id: record.id)
    scope = record.scope
    onDelete = record.onDelete
    isEphemeral = record.isEphemeral
    quota = record.quota
    locality = record.locality
    overwrite = record.overwrite
    deletedMemory = record.deletedMemory
    attributes = record.attributes
    source = record.source.map { id in
      let kind = record.attributes[CreateVolumeParameters.sourceKindAttribute].flatMap(VolumeKind.init)
      return VolumeSource(kind: kind ?? .volume, id: id)
    }
  }
}
